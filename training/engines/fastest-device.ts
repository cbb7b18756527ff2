// Which device to train on: all that work here take a step of the run's own network, the fastest wins.

import { initialValues } from "../artifacts/initial-state.ts";
import type { StageArtifacts } from "../artifacts/stage-artifacts.ts";
import { sizeOf } from "../graph/types.ts";
import { randomStream } from "../random.ts";
import type { DeviceName } from "./device-names.ts";
import { ThreadEngine } from "./thread-engine.ts";

/** How a device did: its speed, or why it cannot be used. */
export type Trial =
  | { readonly device: DeviceName; readonly imagesPerSecond: number }
  | { readonly device: DeviceName; readonly reason: string };

/** Timed steps, after one that warms up. */
const STEPS = 2;

/**
 * Runs a few steps of a stage on several devices, one after the other.
 * @param artifacts of the flavour that they take; a small batch is enough, and its state is not kept
 */
export async function tryDevices(artifacts: StageArtifacts, names: readonly DeviceName[]): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const name of names) trials.push(await tryDevice(name, artifacts));
  return trials;
}

async function tryDevice(device: DeviceName, artifacts: StageArtifacts): Promise<Trial> {
  const engine = new ThreadEngine(device);
  const random = randomStream("views");
  const views = () => Float32Array.from({ length: sizeOf(artifacts.viewsShape) }, () => random.uniform());
  try {
    await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
    await engine.step(views(), 0);
    const batches = Array.from({ length: STEPS }, views);
    const start = performance.now();
    for (const batch of batches) await engine.step(batch, 0);
    const seconds = (performance.now() - start) / 1000;
    return { device, imagesPerSecond: (STEPS * artifacts.viewsShape[0]) / 2 / seconds };
  } catch (error) {
    return { device, reason: (error as Error).message };
  } finally {
    await engine.close();
  }
}

/** The fastest of those that work. @throws the reason of the first if none does */
export function fastest(trials: readonly Trial[]): DeviceName {
  const working = trials.filter((trial) => "imagesPerSecond" in trial);
  if (working.length === 0) throw new Error((trials[0] as { reason: string }).reason);
  return working.reduce((a, b) => (b.imagesPerSecond > a.imagesPerSecond ? b : a)).device;
}
