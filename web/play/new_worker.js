// Workers, for what takes long.
import { loadData } from "./host.js";

// A worker made from the text in play-NAME.js: it works from a folder on disk, too.
export async function newWorker(name = "worker") {
  const text = await loadData(name);
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  return worker;
}
