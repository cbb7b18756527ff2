// Pairs for a stage that trains the projection head alone: the features of an image and of one of its nearest.

import type { EpochPlan } from "../dataset/loader.ts";
import { nearestNeighbours } from "../evaluation/nearest.ts";
import { randomStream } from "../random.ts";
import { halfWhitened } from "./principal-axes.ts";

/** Nearest images, by the cosine of their half-whitened features, of which one is drawn as the partner. */
const NEIGHBOURS = 15;

export interface NeighbourPairs {
  /**
   * The pairs of each batch: float32 [2B, F]; row i is an image of the batch, row B + i its partner. A partner depends
   * on seed, stage, epoch and image.
   */
  epoch(plan: EpochPlan): AsyncGenerator<Float32Array, void, undefined>;
}

/** @param features float32 [count, dim] of all images */
export async function openNeighbourPairs(options: {
  readonly features: Float32Array;
  readonly dim: number;
  readonly seed: number;
}): Promise<NeighbourPairs> {
  const { features, dim, seed } = options;
  const count = features.length / dim;
  const space = halfWhitened(features, dim);
  const { indices, k } = await nearestNeighbours(space.vectors, space.vectors, {
    dim: space.dim,
    k: NEIGHBOURS,
    metric: "cosine",
    exclude: Uint32Array.from({ length: count }, (_, i) => i),
  });
  const row = (index: number) => features.subarray(index * dim, (index + 1) * dim);
  return {
    async *epoch({ stage, epoch, batches }) {
      for (const batch of batches) {
        const pairs = new Float32Array(2 * batch.length * dim);
        for (const [i, image] of batch.entries()) {
          const rank = randomStream(seed, "partner", stage, epoch, image).integer(k);
          pairs.set(row(image), i * dim);
          pairs.set(row(indices[image * k + rank]), (batch.length + i) * dim);
        }
        yield pairs;
      }
    },
  };
}
