import { parentPort, workerData } from "node:worker_threads";
import { nodeRuntime } from "../../models/runtime.node.ts";
import type { Search } from "./nearest.ts";
import { nearestOn } from "./nearest-by-graph.ts";

parentPort!.postMessage(await nearestOn(nodeRuntime, workerData as Search));
