import type { Flavour } from "../artifacts/stage-artifacts.ts";

/** What a stage can run on from Node, as `--engine` takes it. */
export const deviceNames = ["cpu", "cuda", "webgpu", "wasm", "ort-training"] as const;

export type DeviceName = (typeof deviceNames)[number];

/** The models that a device takes, from Node and in the browser. */
export function flavourOf(device: DeviceName): Flavour {
  if (device === "ort-training") return "ort-training";
  return device === "cpu" || device === "wasm" ? "processor" : "portable";
}
