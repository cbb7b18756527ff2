import { parentPort, workerData } from "node:worker_threads";
import { nodeRuntimeWithThreads } from "../../models/runtime.node.ts";
import type { SearchTask } from "./nearest.node.ts";
import { nearestOn } from "./nearest-by-graph.ts";

const { search, threads } = workerData as SearchTask;
parentPort!.postMessage(await nearestOn(nodeRuntimeWithThreads(threads), search));
