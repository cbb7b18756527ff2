// Two random views of every picture of a batch.

import { randomStream } from "../random.ts";
import { viewRenderer } from "./apply.ts";
import { drawView } from "./draw.ts";
import type { AugmentationPolicy } from "./policy.ts";
import type { Color } from "./rotate.ts";

export const VIEWS = 2;

export interface ViewOptions {
  /** Seed of the run. */
  readonly seed: number;
  readonly stage: number;
  readonly epoch: number;
  readonly policy: AugmentationPolicy;
  /** Side S of pictures and views, in pixels. */
  readonly size: number;
  /** What a rotation brings in from outside the picture: the data set's mean border colour. */
  readonly fill: Color;
}

/**
 * Renders two views of each picture; view v of the i-th goes to row v · B + i. A view depends on the seed, the
 * stage, the epoch and the picture's index, and neither on the rest of the batch nor on the thread.
 * @param images uint8 [B, S, S, 3]
 * @param indices the pictures' positions in the data set, B of them
 * @param out float32 [2B, 3, S, S], values in [0, 1]
 * @throws if the three do not fit each other
 */
export function augmentBatch(
  images: Uint8Array,
  indices: Uint32Array,
  options: ViewOptions,
  out: Float32Array,
): void {
  const { seed, stage, epoch, policy, size, fill } = options;
  const length = size * size * 3;
  const count = indices.length;
  if (images.length !== count * length || out.length !== VIEWS * count * length) {
    throw new Error(
      `${count} pictures of ${length} values, but room for ${images.length} and ${out.length} values`,
    );
  }
  const render = viewRenderer(size, fill);
  for (let v = 0; v < VIEWS; v++) {
    for (let i = 0; i < count; i++) {
      const draw = drawView(randomStream(seed, "view", stage, epoch, indices[i], v), size, policy);
      render(images, i * length, draw, out, (v * count + i) * length);
    }
  }
}
