// Finds the images of a map that are nearest in feature space, by neighbours.onnx: one matrix product for all.

import type { InferenceSession } from "onnxruntime-common";
import { type CompactFeatures, compactDim } from "./features.ts";
import { type Neighbours, productColumns } from "./neighbours.ts";
import { noveltyNeighbours } from "./novelty.ts";
import type { Runtime } from "./runtime.ts";

/** As many may be asked for, if the map has them. */
const MOST_WANTED = 100;

/** How many neighbours neighbours.onnx finds on a map of so many images. */
export function foundNeighbours(count: number): number {
  return Math.min(count, Math.max(noveltyNeighbours(count), MOST_WANTED));
}

export interface FeatureSearch {
  /**
   * The nearest images of compact vectors [q, d]; exact, since codes are whole numbers that float32 multiplies and adds
   * without rounding.
   */
  nearest(queries: Float32Array): Promise<Neighbours>;
  close(): Promise<void>;
}

/** @param model the bytes of neighbours.onnx @throws if they are no such model */
export async function openFeatureSearch(
  model: Uint8Array,
  features: CompactFeatures,
  runtime: Runtime,
): Promise<FeatureSearch> {
  const session: InferenceSession = await runtime.createSession(model);
  const dim = compactDim(features);
  const { count } = features;
  const { doubled, offsets } = productColumns(features.codes, dim);
  const constant = {
    points: new runtime.Tensor("float32", doubled, [dim, count]),
    offsets: new runtime.Tensor("float32", offsets, [count]),
  };
  return {
    async nearest(queries) {
      const queryCount = queries.length / dim;
      const results = await session.run({
        ...constant,
        queries: new runtime.Tensor("float32", queries, [queryCount, dim]),
      });
      const k = results.candidates.dims[1];
      const scores = results.scores.data as Float32Array;
      const distances = new Float64Array(scores.length);
      for (let q = 0; q < queryCount; q++) {
        const square = queries
          .subarray(q * dim, (q + 1) * dim)
          .reduce((sum, value) => sum + value * value, 0);
        for (let at = q * k; at < (q + 1) * k; at++) {
          distances[at] = Math.sqrt(Math.max(0, square - scores[at]));
        }
      }
      return { k, indices: Int32Array.from(results.candidates.data as BigInt64Array, Number), distances };
    },
    close: () => session.release(),
  };
}
