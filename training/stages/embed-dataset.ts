// Places every image of a data set with a finished encoder.

import type { Dataset } from "../dataset/dataset.ts";
import type { Encoded, Engine } from "../engines/engine.ts";

/** Images placed at once: enough to fill the processor, little memory. */
const BATCH = 256;

/**
 * Embedding, features and statistics of images in the order given; all of the data set where `indices` is left out.
 * @param onProgress called with the number of images done
 */
export async function embedDataset(
  engine: Engine,
  encoder: Uint8Array,
  dataset: Dataset,
  indices: ArrayLike<number> = { length: dataset.count },
  onProgress: (done: number) => void = () => {},
): Promise<Encoded> {
  await engine.loadEncoder(encoder);
  const count = indices.length;
  const whole = {
    embedding: new Float32Array(),
    features: new Float32Array(),
    statistics: new Float32Array(),
  };
  for (let start = 0; start < count; start += BATCH) {
    const size = Math.min(BATCH, count - start);
    const chosen = Array.from({ length: size }, (_, i) => indices[start + i] ?? start + i);
    const images = new Uint8Array(size * dataset.imageSize ** 2 * 3);
    dataset.readBatch(chosen, images);
    const part = await engine.encode(images, size);
    for (const name of ["embedding", "features", "statistics"] as const) {
      const dim = part[name].length / size;
      if (start === 0) whole[name] = new Float32Array(dim * count);
      whole[name].set(part[name], dim * start);
    }
    onProgress(start + size);
  }
  return whole;
}
