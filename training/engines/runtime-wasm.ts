// onnxruntime-web in Node: WebAssembly with threads, which onnxruntime-node outruns. It is an optional package.

import { env, InferenceSession, Tensor } from "onnxruntime-web";
import type { Runtime } from "../../models/runtime.ts";

/** Errors only: what ONNX Runtime warns of, no user can mend. */
const ERRORS = 3;

env.logLevel = "error";

export const wasmRuntime: Runtime = {
  createSession: (model) =>
    InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: ERRORS }),
  Tensor,
};
