// Counts the maps, or units, behind a ReLU that no image of a test wakes.

// look(n) after each n images; silent() for all since the last silent().
export function watchSilence(net) {
  const watched = net.layers
    .filter(({ name }) => name === "ReLU")
    .map((layer) => ({ layer, awake: new Uint8Array(layer.outputShape[0]) }));
  return {
    look(n) {
      for (const { layer, awake } of watched) {
        const { output } = layer;
        const places = output.length / layer.minibatch / awake.length;
        for (let map = 0, at = 0; map < n * awake.length; map++) {
          const channel = map % awake.length;
          for (const end = at + places; at < end; at++) if (output[at] > 0) awake[channel] = 1;
        }
      }
    },
    silent: () =>
      watched.map(({ layer: { row, name }, awake }) => {
        const silent = awake.filter((one) => !one).length;
        awake.fill(0);
        return { row, name, silent, of: awake.length };
      }),
  };
}
