// Random views of the pictures of a batch.

import { randomStream } from "../random.ts";
import { viewRenderer } from "./apply.ts";
import { drawView } from "./draw.ts";
import type { AugmentationPolicy } from "./policy.ts";
import type { Color } from "./rotate.ts";

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
 * Renders a view of a picture in each row. A view depends on the seed, the stage, the epoch, the picture's index and
 * the half of the batch its row is in, and neither on the rest of the batch nor on the thread.
 * @param images uint8 [R, S, S, 3]
 * @param rows which picture of the data set each row shows, R of them; rows i and R/2 + i are a pair
 * @param out float32 [R, 3, S, S], values in [0, 1]
 * @throws if the three do not fit each other
 */
export function renderViews(
  images: Uint8Array,
  rows: Uint32Array,
  options: ViewOptions,
  out: Float32Array,
): void {
  const { seed, stage, epoch, policy, size, fill } = options;
  const length = size * size * 3;
  const count = rows.length;
  if (images.length !== count * length || out.length !== count * length) {
    throw new Error(
      `${count} pictures of ${length} values, but room for ${images.length} and ${out.length} values`,
    );
  }
  const render = viewRenderer(size, fill);
  for (let row = 0; row < count; row++) {
    const half = row < count / 2 ? 0 : 1;
    const draw = drawView(randomStream(seed, "view", stage, epoch, rows[row], half), size, policy);
    render(images, row * length, draw, out, row * length);
  }
}
