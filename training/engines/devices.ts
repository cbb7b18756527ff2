// What a stage can run on from Node.

import { reasonOf, UserError } from "../../models/errors.ts";
import { nodeRuntime, nodeRuntimeOn } from "../../models/runtime.node.ts";
import type { Runtime } from "../../models/runtime.ts";
import type { DeviceName } from "./device-names.ts";
import { openTrialSession } from "./trial-session.ts";

export interface Device {
  /** What to do where it is missing, as one line. */
  readonly remedy: string;
  readonly open: () => Promise<Runtime>;
}

export const devices: Readonly<Record<DeviceName, Device>> = {
  /** The processor, by onnxruntime-node. */
  cpu: {
    remedy: "install onnxruntime-node again",
    open: async () => nodeRuntime,
  },
  /** An NVIDIA card, by onnxruntime-node. */
  cuda: {
    remedy:
      "npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12 adds it, with CUDA 12 and cuDNN 9",
    open: async () => nodeRuntimeOn("cuda"),
  },
  /** A graphics card, by onnxruntime-node. */
  webgpu: {
    remedy: "it needs a graphics card and its driver: Vulkan, Metal or Direct3D 12",
    open: async () => nodeRuntimeOn("webgpu"),
  },
  /** The processor, by the WebAssembly of onnxruntime-web. */
  wasm: {
    remedy: "npm install onnxruntime-web adds it",
    open: async () => (await import("./runtime-wasm.ts")).wasmRuntime,
  },
  /** ONNX Runtime's own training, by the WebAssembly of onnxruntime-web 1.19.2, the last that has it. */
  "ort-training": {
    remedy: "npm install onnxruntime-web-training@npm:onnxruntime-web@1.19.2 adds it",
    open: async () => (await import("./runtime-ort-training.ts")).openOrtTraining(),
  },
};

/**
 * The runtime of a device, after it has computed something.
 * @throws UserError in one line: why it does not work here, and what to do
 */
export async function openDevice(name: DeviceName): Promise<Runtime> {
  const { open, remedy } = devices[name];
  try {
    const runtime = await open();
    await tryOut(runtime);
    return runtime;
  } catch (error) {
    // Without the place in ONNX Runtime's sources and the condition that failed there.
    const reason = reasonOf(error).replace(/^\/onnxruntime_src.* was false\. /, "");
    throw new UserError(`not available here (${remedy}): ${reason}`, { cause: error });
  }
}

/** 1 + 1. */
async function tryOut(runtime: Runtime): Promise<void> {
  const session = await openTrialSession(runtime);
  const { two } = await session.run({ one: new runtime.Tensor("float32", Float32Array.of(1), [1]) });
  const [result] = two.data as Float32Array;
  await session.release();
  if (result !== 2) throw new Error(`1 + 1 gives ${result}`);
}
