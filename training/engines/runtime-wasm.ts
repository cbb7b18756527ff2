// onnxruntime-web in Node: WebAssembly with threads, which onnxruntime-node outruns. It is an optional package.

import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { ERRORS, type Runtime } from "../../models/runtime.ts";

env.logLevel = "error";

export const wasmRuntime: Runtime = {
  createSession: (model) =>
    InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: ERRORS }),
  Tensor,
};
