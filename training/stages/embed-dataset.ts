// Places every image of a data set with a finished encoder.

import type { Dataset } from "../dataset/dataset.ts";
import type { Encoded, Engine } from "../engines/engine.ts";

/** Images placed at once: enough to fill the processor, little memory. */
const BATCH = 256;

/**
 * Embedding and features of images in the order given; all of the data set where `indices` is left out.
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
  let embedding = new Float32Array(0);
  let features = new Float32Array(0);
  for (let start = 0; start < count; start += BATCH) {
    const size = Math.min(BATCH, count - start);
    const chosen = Array.from({ length: size }, (_, i) => indices[start + i] ?? start + i);
    const images = new Uint8Array(size * dataset.imageSize ** 2 * 3);
    dataset.readBatch(chosen, images);
    const part = await engine.encode(images, size);
    if (start === 0) {
      embedding = new Float32Array((part.embedding.length / size) * count);
      features = new Float32Array((part.features.length / size) * count);
    }
    embedding.set(part.embedding, (part.embedding.length / size) * start);
    features.set(part.features, (part.features.length / size) * start);
    onProgress(start + size);
  }
  return { embedding, features };
}
