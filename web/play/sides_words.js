// What the slider of sides says, in English.

const features = (n) => (n === 1 ? "1 feature" : `${n.toLocaleString("en")} features`);
const macsOf = (n) => (n === 1 ? "1 multiply-add" : `${n.toLocaleString("en")} multiply-adds`);

export const words = {
  slider: "Side of the image",
  box: "in pixels",
  jumps: "Sides to try",
  caption: "The maps of one image, layer by layer",
  layer: "layer",
  maps: "maps",
  input: "image",
  fits: "fits",
  breaks: (layer) => [`✗ layer ${layer}`, `✗ ${layer}`],
  broken: "✗ breaks here",
  unreached: "– not reached",
  features: (text, wanted) => `${text} of ${wanted.toLocaleString("en")} wanted`,
  zones(found) {
    const parts = found.map(({ from, to, layer }) =>
      layer === null ? `${from} to ${to}: fits` : `${from} to ${to}: layer ${layer} breaks`,
    );
    return `${parts.join("; ")}.`;
  },
  outside(wish, least, most, side) {
    const said = wish
      ? `${wish} is not a whole number from ${least} to ${most}.`
      : `Type a whole number from ${least} to ${most}.`;
    return `${said} The figure still shows ${side}.`;
  },
  facts({ side, failure, layers, flat, wanted, macs, memory }) {
    const end = failure ?? (layers === 1 ? "The layer fits." : `All ${layers} layers fit.`);
    const count = flat && !failure
      ? `${features(flat)} of ${wanted.toLocaleString("en")}, `
      : "";
    return (
      `Side ${side}. ${end} ${count}${macsOf(macs)}, ` +
      `${memory.toFixed(1)} MiB for the weights and one image` +
      `${failure ? ", up to there" : ""}.`
    );
  },
};
