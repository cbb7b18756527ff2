import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Runtime } from "./runtime.ts";

/** Errors only: what ONNX Runtime warns of, no user can mend. */
const ERRORS = 3;

/** onnxruntime-node on the CPU, with all cores. A session blocks its thread while it runs. */
export const nodeRuntime: Runtime = {
  createSession: (model) => InferenceSession.create(model, { logSeverityLevel: ERRORS }),
  Tensor,
};
