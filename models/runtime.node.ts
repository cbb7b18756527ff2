import "./telemetry.node.ts";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Runtime } from "./runtime.ts";

/** Errors only: what ONNX Runtime warns of, no user can mend. */
const ERRORS = 3;

/** onnxruntime-node on the CPU, with all cores. A session blocks its thread while it runs. */
export const nodeRuntime: Runtime = nodeRuntimeWithThreads(0);

/** onnxruntime-node on the CPU, with so many threads for each session; 0 for all cores. */
export function nodeRuntimeWithThreads(threads: number): Runtime {
  return {
    createSession: (model) =>
      InferenceSession.create(model, { logSeverityLevel: ERRORS, intraOpNumThreads: threads }),
    Tensor,
  };
}
