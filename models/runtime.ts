// What is needed of an ONNX Runtime package: onnxruntime-node and onnxruntime-web both have it.

import type { InferenceSession, TensorConstructor } from "onnxruntime-common";

/** The logSeverityLevel of errors only: what ONNX Runtime warns of, no user can mend. */
export const ERRORS = 3;

export interface SessionOptions {
  /**
   * Outputs that stay in the memory of the device that computes them, as inputs of the next run. Honoured where
   * `Runtime.hasDeviceMemory`. Defaults to none.
   */
  readonly onDevice?: readonly string[];
}

export interface Runtime {
  createSession(model: Uint8Array, options?: SessionOptions): Promise<InferenceSession>;
  readonly Tensor: TensorConstructor;
  /** Whether values can stay in a memory that is not the host's. */
  readonly hasDeviceMemory?: boolean;
}
