// The training build of onnxruntime-web 1.19.2 in Node. It is an optional package, installed under a name of its own.

import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { InferenceSession, TensorConstructor } from "onnxruntime-common";
import { ERRORS } from "../../models/runtime.ts";
import type { OrtTrainingRuntime, TrainingSession } from "./ort-training-stage.ts";

const PACKAGE = "onnxruntime-web-training";

/** More threads than this gain nothing on networks of this size. */
const MOST_THREADS = 4;

/** What is used of the package, whose types are of another version. */
interface Package {
  readonly env: { wasm: { wasmPaths: string; numThreads: number }; logLevel: string };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<InferenceSession> };
  readonly TrainingSession: { create(models: object, options: object): Promise<TrainingSession> };
  readonly Tensor: TensorConstructor;
}

/** @throws if the package is not installed */
export async function openOrtTraining(): Promise<OrtTrainingRuntime> {
  // It hides its browser build from Node, so that is imported by its file; its threads want to know where they are.
  const dist = path.dirname(createRequire(import.meta.url).resolve(PACKAGE));
  Object.assign(globalThis, { location: { origin: "null" } });
  const file = pathToFileURL(path.join(dist, "ort.training.wasm.min.mjs")).href;
  const { env, InferenceSession, TrainingSession, Tensor } = (await import(file)) as Package;
  env.wasm.wasmPaths = pathToFileURL(`${dist}/`).href;
  env.wasm.numThreads = Math.min(MOST_THREADS, availableParallelism());
  env.logLevel = "error";
  const options = { logSeverityLevel: ERRORS };
  return {
    createSession: (model) => InferenceSession.create(model, options),
    createTrainingSession: (models) => TrainingSession.create(models, options),
    Tensor,
  };
}
