// A net from its packed weights, its answer to an image, and the answer's way to the page.
import { narrowAlexnet, setEightBits } from "./alexnet.js";
import { bytesOf } from "./bytes.js";
import { decodeFloat16 } from "./float16.js";
import { lenet } from "./nets.js";

export async function unzip(base64) {
  const unpacking = new DecompressionStream("gzip");
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(unpacking);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const builders = {
  lenet(bytes) {
    const net = lenet({ activation: "sigmoid", pooling: "average", minibatch: 1 });
    net.setParameters(decodeFloat16(bytes));
    return net;
  },
  alexnet(bytes) {
    const net = narrowAlexnet();
    setEightBits(net, bytes);
    return net;
  },
};

export const build = (name, bytes) => builders[name](bytes);

// What leaves each layer, one after another.
export function answer(net, image) {
  net.forward(image);
  const outputs = net.layers.map((layer) => layer.output);
  const all = new Float32Array(outputs.reduce((sum, { length }) => sum + length, 0));
  outputs.reduce((at, output) => (all.set(output, at), at + output.length), 0);
  return all;
}

// Put an answer into a net that did not make it.
export function take(net, all) {
  let at = 0;
  for (const { output } of net.layers) {
    output.set(all.subarray(at, (at += output.length)));
  }
}

// How sure the net is of each class.
export function shares(net) {
  const logits = Array.from(net.layers.at(-1).output);
  const largest = Math.max(...logits); // taken off, so that exp stays finite
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
