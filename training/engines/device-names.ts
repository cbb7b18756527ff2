/** What a stage can run on from Node, as `--engine` takes it. */
export const deviceNames = ["cpu", "cuda", "webgpu", "wasm", "ort-training"] as const;

export type DeviceName = (typeof deviceNames)[number];
