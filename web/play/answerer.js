// Lets nets answer off the page's thread. In: net (its weights), image. Out: built,
// answers (what leaves each layer), failed.
import { answer, build } from "./answers.js";
import { useKernel } from "./product.js";
import { kernel } from "./product_wasm.js";

const nets = {};
let ready = null; // the kernel has one memory for all nets

const receive = {
  net({ name, bytes }) {
    nets[name] = build(name, bytes);
    answer(nets[name], new Float32Array(28 * 28)); // the first is slow
    postMessage({ type: "built" });
  },

  image({ image }) {
    const begun = performance.now();
    const answers = Object.entries(nets).map(([name, net]) => [
      name,
      answer(net, image),
    ]);
    const milliseconds = performance.now() - begun;
    const moved = answers.map(([, all]) => all.buffer);
    postMessage({ type: "answers", answers, milliseconds }, moved);
  },
};

export function listen() {
  self.onmessage = async ({ data: message }) => {
    try {
      await (ready ??= useKernel(kernel));
      receive[message.type](message);
    } catch ({ message }) {
      postMessage({ type: "failed", message });
    }
  };
}
