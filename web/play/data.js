// The images of the race: 16 levels of grey, as web/pack_data.py packs them.

export const pixels = 28 * 28;

// text: base64 of gzip of the two counts, the images and their labels.
// Returns images (one level of 0..15 a byte), labels, and how many are for training;
// the rest are for testing.
export async function unpack(text) {
  const zipped = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const unzip = new DecompressionStream("gzip");
  const stream = new Blob([zipped]).stream().pipeThrough(unzip);
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const view = new DataView(bytes.buffer);
  const [training, testing] = [view.getUint16(0), view.getUint16(2)];
  const images = new Uint8Array((training + testing) * pixels);
  for (let i = 0; i < images.length; i += 2) {
    const pair = bytes[4 + i / 2];
    images[i] = pair >> 4;
    images[i + 1] = pair & 15;
  }
  return { images, labels: bytes.slice(4 + images.length / 2), training };
}
