// Times the answers of "Draw a garment": node bench_garment.mjs LENET ALEXNET, the two
// files of packed weights. Prints JSON: for each way to multiply, each answer's
// milliseconds, by the clock and of the processor, which other programs do not disturb.
import { readFileSync } from "node:fs";
import { answer, build, unzip } from "./play/answers.js";
import { useKernel } from "./play/product.js";
import { kernel } from "./play/product_wasm.js";

const rounds = 100;
const [lenet, alexnet] = process.argv
  .slice(2)
  .map((path) => JSON.parse(readFileSync(path)));
const bytes = await unzip(lenet.images);
const images = Float32Array.from(bytes, (byte) => byte / 255);
const found = {};
for (const way of ["kernel", "plain"]) {
  await useKernel(way === "kernel" ? kernel : "");
  const nets = [
    build("lenet", await unzip(lenet.weights)),
    build("alexnet", await unzip(alexnet.weights)),
  ];
  found[way] = Array.from({ length: rounds }, (_, i) => {
    const image = images.subarray(784 * i, 784 * i + 784);
    const [begun, used] = [performance.now(), process.cpuUsage()];
    for (const net of nets) answer(net, image);
    const { user, system } = process.cpuUsage(used);
    return [performance.now() - begun, (user + system) / 1000];
  });
}
console.log(JSON.stringify(found));
