// What a browser can train on.

import { UserError } from "../../models/errors.ts";
import type { Runtime } from "../../models/runtime.ts";
import type { Flavour, StageArtifacts } from "../../training/artifacts/stage-artifacts.ts";
import { flavourOf } from "../../training/engines/device-names.ts";
import type { Engine } from "../../training/engines/engine.ts";
import { fastest, tryDevices } from "../../training/engines/fastest-device.ts";
import { LocalEngine } from "../../training/engines/local-engine.ts";
import { wasmRuntime, wasmThreads, webgpuKind, webgpuRuntime } from "../runtime.web.ts";
import { openOrtTraining } from "./ort-training.web.ts";

export const engineNames = ["wasm", "webgpu", "ort-training"] as const;
export type EngineName = (typeof engineNames)[number];

/** A core is left to the page, so that it stays smooth. */
export const trainingThreads = Math.max(1, Math.min(wasmThreads, navigator.hardwareConcurrency - 1));

const threads = trainingThreads === 1 ? "1 thread" : `${trainingThreads} threads`;

/** As the page names them. */
export const engineTitles: Readonly<Record<EngineName, string>> = {
  wasm: `WebAssembly, ${threads}`,
  webgpu: "WebGPU",
  "ort-training": `ONNX Runtime Training, ${threads}`,
};

let cpu: Promise<Runtime> | undefined;

/** ONNX Runtime on the processor; the same for all that asks. */
export function cpuRuntime(): Promise<Runtime> {
  cpu ??= wasmRuntime(trainingThreads);
  return cpu;
}

/** @throws UserError if the browser has no such engine */
export async function openRuntime(name: EngineName): Promise<Runtime> {
  if (name === "wasm") return await cpuRuntime();
  if (name === "ort-training") return await openOrtTraining(trainingThreads);
  const runtime = await webgpuRuntime();
  if (!runtime) throw new UserError("this browser offers no WebGPU: choose another engine");
  return runtime;
}

export async function openEngine(name: EngineName): Promise<Engine> {
  return new LocalEngine(await openRuntime(name), flavourOf(name));
}

/**
 * The faster of WebAssembly and WebGPU.
 * @param artifactsOf a flavour, with a small batch
 */
export async function fastestEngine(artifactsOf: (flavour: Flavour) => StageArtifacts): Promise<EngineName> {
  // A card in software is never the fastest, and takes minutes to show it.
  if ((await webgpuKind()) !== "card") return "wasm";
  return fastest(await tryDevices(artifactsOf, ["wasm", "webgpu"], openEngine));
}
