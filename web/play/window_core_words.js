// What the window says in both chapters, in English.

export const words = {
  size: (side) => `${side} × ${side}`,
  image: "image",
  map: "feature map",
  play: "Play",
  pause: "Pause",
  nextRow: "Next row",
  step: "Step",
  fill: "Fill",
  empty: "Empty",
  hint:
    "The image and the window: drag it, or move it with the arrow keys. Rows and " +
    "columns are counted from 0.",
};
