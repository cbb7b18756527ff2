// onnxruntime-web as models/ want it. Its WebAssembly is emitted by Vite; nothing is loaded from elsewhere. Each build
// of it is loaded only when it is asked for.

import webgpuModule from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import webgpuBinary from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmBinary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { ERRORS, type Runtime } from "../models/runtime.ts";

/** More threads than this gain nothing on networks of this size. */
const MOST_THREADS = 4;

/** Threads that WebAssembly can have: more than one only where the page is cross-origin isolated. */
export const wasmThreads = self.crossOriginIsolated
  ? Math.min(MOST_THREADS, navigator.hardwareConcurrency)
  : 1;

/** On the CPU. @param threads of all sessions in this thread or worker */
export async function wasmRuntime(threads = wasmThreads): Promise<Runtime> {
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web/wasm");
  env.wasm.wasmPaths = { mjs: absolute(wasmModule), wasm: absolute(wasmBinary) };
  env.wasm.numThreads = threads;
  return {
    createSession: (model) =>
      InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: ERRORS }),
    Tensor,
  };
}

/** What is used of WebGPU here. */
interface Gpu {
  requestAdapter(): Promise<{
    readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
  } | null>;
}

/** What kind of graphics card the browser offers; "software" computes on the processor, and slowly. */
export async function webgpuKind(): Promise<"card" | "software" | undefined> {
  const { gpu } = navigator as { gpu?: Gpu };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return undefined;
  const software = adapter.info?.isFallbackAdapter || adapter.info?.architecture === "swiftshader";
  return software ? "software" : "card";
}

/** On the graphics card; undefined where the browser offers none. */
export async function webgpuRuntime(): Promise<Runtime | undefined> {
  if (!(await webgpuKind())) return undefined;
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web/webgpu");
  env.wasm.wasmPaths = { mjs: absolute(webgpuModule), wasm: absolute(webgpuBinary) };
  env.wasm.numThreads = 1;
  return {
    createSession: (model, { onDevice = [] } = {}) =>
      InferenceSession.create(model, {
        executionProviders: ["webgpu"],
        logSeverityLevel: ERRORS,
        preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, "gpu-buffer"])),
      }),
    Tensor,
    hasDeviceMemory: true,
  };
}

/** Addresses of assets are relative to this file once built. */
export function absolute(url: string): string {
  return new URL(url, import.meta.url).href;
}
