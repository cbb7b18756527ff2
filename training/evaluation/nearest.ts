// The nearest of many for many, off the main thread.

import "../../models/telemetry.node.ts";
import { Worker } from "node:worker_threads";
import { type NearestOptions, type Neighbours, nearest } from "../../models/neighbours.ts";

/** "cosine" compares directions: Euclidean distances of the vectors scaled to length 1, √(2 − 2 cos). */
export type Metric = "euclidean" | "cosine";

export interface SearchOptions extends NearestOptions {
  /** Defaults to "euclidean". */
  readonly metric?: Metric;
}

export interface Search {
  readonly queries: Float32Array;
  readonly points: Float32Array;
  readonly options: NearestOptions;
}

const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./nearest.worker.ts" : "./nearest.worker.js",
  import.meta.url,
);

/** Below this many multiplications a thread does not pay. */
const SMALL = 20_000_000;

/**
 * The k nearest of each query, nearest first, as `nearest` in models/neighbours.ts gives them. In more than three
 * dimensions ONNX Runtime makes the first choice in float32 and leaves a few more than k to the exact comparison.
 * @param queries [q, dim]
 * @param points [n, dim]
 */
export async function nearestNeighbours(
  queries: Float32Array,
  points: Float32Array,
  options: SearchOptions,
): Promise<Neighbours> {
  const { metric = "euclidean", ...rest } = options;
  const prepared = (vectors: Float32Array) =>
    metric === "cosine" ? unitVectors(vectors, rest.dim) : vectors;
  const search: Search = { queries: prepared(queries), points: prepared(points), options: rest };
  if ((queries.length * points.length) / rest.dim < SMALL)
    return nearest(search.queries, search.points, rest);
  return await searchInWorker(search);
}

/** Runs a search in a thread of its own, however small it is. */
export function searchInWorker(search: Search): Promise<Neighbours> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: search });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the search for neighbours has stopped")));
  });
}

/** The vectors scaled to length 1; vectors of zeros stay. */
export function unitVectors(vectors: Float32Array, dim: number): Float32Array {
  const scaled = vectors.slice();
  for (let start = 0; start < scaled.length; start += dim) {
    const vector = scaled.subarray(start, start + dim);
    let square = 0;
    for (const value of vector) square += value * value;
    const length = Math.sqrt(square);
    if (length > 0) for (let j = 0; j < dim; j++) vector[j] /= length;
  }
  return scaled;
}
