// The nearest of many for many, off the main thread.

import "../../models/telemetry.node.ts";
import { Worker } from "node:worker_threads";
import type { Neighbours } from "../../models/neighbours.ts";
import { findNearestBy, type Search } from "./nearest.ts";

const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./nearest-worker.node.ts" : "./nearest-worker.node.js",
  import.meta.url,
);

export const nearestNeighbours = findNearestBy(searchInWorker);

/** Runs a search in a thread of its own, however small it is. */
export function searchInWorker(search: Search): Promise<Neighbours> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: search });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the search for neighbours has stopped")));
  });
}
