// The nearest of many for many, off the main thread.

import "../../models/telemetry.node.ts";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Neighbours } from "../../models/neighbours.ts";
import { findNearestBy, forQueries, type Search } from "./nearest.ts";

/** What a thread of the search is given. */
export interface SearchTask {
  readonly search: Search;
  /** Threads of ONNX Runtime. */
  readonly threads: number;
}

const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./nearest-worker.node.ts" : "./nearest-worker.node.js",
  import.meta.url,
);

/**
 * Threads that share the queries, if there are as many: while ONNX Runtime multiplies for one, another compares what it
 * has found.
 */
const WORKERS = 2;

export const nearestNeighbours = findNearestBy(searchInWorkers);

/**
 * Runs a search in threads of its own, however small it is.
 * @throws RangeError if k is not a positive whole number
 */
export async function searchInWorkers({ queries, points, options }: Search): Promise<Neighbours> {
  const sharedPoints = shared(points);
  const whole: Search = {
    queries: queries === points ? sharedPoints : shared(queries),
    points: sharedPoints,
    options,
  };
  const count = queries.length / options.dim;
  const workers = Math.max(1, Math.min(WORKERS, count));
  const share = Math.ceil(count / workers);
  const threads = Math.ceil(availableParallelism() / workers);
  const parts = Array.from({ length: workers }, (_, part) =>
    searchInWorker({ search: forQueries(whole, part * share, (part + 1) * share), threads }),
  );
  return together(await Promise.all(parts));
}

function searchInWorker(task: SearchTask): Promise<Neighbours> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: task });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the search for neighbours has stopped")));
  });
}

/** The same values in memory that all threads see. */
function shared(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

/** What was found for some queries, then for the next. */
function together(parts: readonly Neighbours[]): Neighbours {
  const [{ k }] = parts;
  const length = parts.reduce((sum, { indices }) => sum + indices.length, 0);
  const whole = { k, indices: new Int32Array(length), distances: new Float64Array(length) };
  let at = 0;
  for (const { indices, distances } of parts) {
    whole.indices.set(indices, at);
    whole.distances.set(distances, at);
    at += indices.length;
  }
  return whole;
}
