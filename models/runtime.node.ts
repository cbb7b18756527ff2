import "./telemetry.node.ts";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { ERRORS, type Runtime } from "./runtime.ts";

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

/**
 * onnxruntime-node on a graphics card; what has no kernel there runs on the CPU. Values can stay on the card with WebGPU
 * only: the package knows no tensors in the memory of CUDA. Sessions fail where there is no such card.
 */
export function nodeRuntimeOn(provider: "cuda" | "webgpu"): Runtime {
  env.logLevel = "fatal"; // that a library is missing is told by the exception too
  return {
    createSession: (model, { onDevice = [] } = {}) =>
      InferenceSession.create(model, {
        executionProviders: [provider, "cpu"],
        logSeverityLevel: ERRORS,
        ...(provider === "webgpu" && {
          preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, "gpu-buffer"])),
        }),
      }),
    Tensor,
    hasDeviceMemory: provider === "webgpu",
  };
}
