// The training build of onnxruntime-web 1.19.2 in Node. It is an optional package, installed under a name of its own.

import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  type OrtTrainingPackage,
  type OrtTrainingRuntime,
  ortTrainingRuntime,
} from "./ort-training-stage.ts";

const PACKAGE = "onnxruntime-web-training";

/** More threads than this gain nothing on networks of this size. */
const MOST_THREADS = 4;

/** @throws if the package is not installed */
export async function openOrtTraining(): Promise<OrtTrainingRuntime> {
  // It hides its browser build from Node, so that is imported by its file; its threads want to know where they are.
  const dist = path.dirname(createRequire(import.meta.url).resolve(PACKAGE));
  Object.assign(globalThis, { location: { origin: "null" } });
  const file = pathToFileURL(path.join(dist, "ort.training.wasm.min.mjs")).href;
  const loaded = (await import(file)) as OrtTrainingPackage;
  const threads = Math.min(MOST_THREADS, availableParallelism());
  return ortTrainingRuntime(loaded, pathToFileURL(`${dist}/`).href, threads);
}
