// The nearest of many for many, by ONNX Runtime.

import {
  effectiveK,
  type Neighbours,
  nearest,
  nearestAmong,
  productColumns,
} from "../../models/neighbours.ts";
import type { Runtime } from "../../models/runtime.ts";
import { forQueries, type Search } from "./nearest.ts";
import { buildNearest } from "./nearest-graph.ts";

/** In so few dimensions looking at every point is as fast as a matrix product. */
const FEW_DIMENSIONS = 3;
/** Scores held at a time. */
const BLOCK_VALUES = 8_000_000;
/** Candidates beyond k: float32 scores may misplace points that are nearly as near as the last. */
const SPARE = 16;

/**
 * The k nearest of each query, nearest first, as `nearest` in models/neighbours.ts gives them. ONNX Runtime makes the
 * first choice in float32 and leaves a few more than k to the exact comparison.
 */
export async function nearestOn(runtime: Runtime, search: Search): Promise<Neighbours> {
  const { queries, points, options } = search;
  if (options.dim <= FEW_DIMENSIONS) return nearest(queries, points, options);
  const { dim, exclude } = options;
  const queryCount = queries.length / dim;
  const pointCount = points.length / dim;
  const k = effectiveK(options.k, pointCount, exclude !== undefined);
  const indices = new Int32Array(queryCount * k);
  const distances = new Float64Array(queryCount * k);
  const candidateCount = Math.min(pointCount, k + 1 + SPARE);
  const session = await runtime.createSession(buildNearest(dim, pointCount, candidateCount));
  const mean = meanOf(points, dim);
  const { doubled, offsets } = productColumns(points, dim, mean);
  const feeds = {
    points: new runtime.Tensor("float32", doubled, [dim, pointCount]),
    offsets: new runtime.Tensor("float32", offsets, [pointCount]),
  };
  const block = Math.max(1, Math.floor(BLOCK_VALUES / pointCount));
  for (let start = 0; start < queryCount; start += block) {
    const part = forQueries(search, start, start + block);
    const centered = part.queries.map((value, i) => value - mean[i % dim]);
    const result = await session.run({
      ...feeds,
      queries: new runtime.Tensor("float32", centered, [centered.length / dim, dim]),
    });
    const candidates = Int32Array.from(result.candidates.data as BigInt64Array, Number);
    const near = nearestAmong(candidates, part.queries, points, part.options);
    indices.set(near.indices, start * k);
    distances.set(near.distances, start * k);
  }
  await session.release();
  return { k, indices, distances };
}

function meanOf(points: Float32Array, dim: number): Float64Array {
  const sums = new Float64Array(dim);
  for (let i = 0; i < points.length; i++) sums[i % dim] += points[i];
  return sums.map((sum) => (sum * dim) / points.length);
}
