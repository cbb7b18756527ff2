// What is needed of an ONNX Runtime package: onnxruntime-node and onnxruntime-web both have it.

import type { InferenceSession, TensorConstructor } from "onnxruntime-common";

export interface Runtime {
  createSession(model: Uint8Array): Promise<InferenceSession>;
  readonly Tensor: TensorConstructor;
}
