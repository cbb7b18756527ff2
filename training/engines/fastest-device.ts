// Which device to train on: all that work here take a step of the run's own network, the fastest wins.

import { reasonOf } from "../../models/errors.ts";
import { initialValues } from "../artifacts/initial-state.ts";
import type { Flavour, StageArtifacts } from "../artifacts/stage-artifacts.ts";
import { sizeOf } from "../graph/types.ts";
import { randomStream } from "../random.ts";
import { type Engine, STEPS_TO_PACE } from "./engine.ts";

/** How a device did: its speed, or why it cannot be used. */
export type Trial<Name extends string> =
  | { readonly device: Name; readonly imagesPerSecond: number }
  | { readonly device: Name; readonly reason: string };

/** Timed steps. */
const STEPS = 2;

/**
 * Runs a few steps of a stage on several devices, one after the other.
 * @param artifactsOf a flavour; a small batch is enough, and its state is not kept
 * @param open makes the engine of a device
 */
export async function tryDevices<Name extends string>(
  artifactsOf: (flavour: Flavour) => StageArtifacts,
  names: readonly Name[],
  open: (name: Name) => Engine | Promise<Engine>,
): Promise<Trial<Name>[]> {
  const trials: Trial<Name>[] = [];
  for (const name of names) trials.push(await tryDevice(name, artifactsOf, open));
  return trials;
}

async function tryDevice<Name extends string>(
  device: Name,
  artifactsOf: (flavour: Flavour) => StageArtifacts,
  open: (name: Name) => Engine | Promise<Engine>,
): Promise<Trial<Name>> {
  let engine: Engine | undefined;
  try {
    engine = await open(device);
    const artifacts = artifactsOf(engine.flavour);
    await firstStep(engine, artifacts);
    for (let i = 1; i < STEPS_TO_PACE; i++) await engine.step(randomViews(artifacts), 0);
    const batches = Array.from({ length: STEPS }, () => randomViews(artifacts));
    const start = performance.now();
    for (const batch of batches) await engine.step(batch, 0);
    const seconds = (performance.now() - start) / 1000;
    return { device, imagesPerSecond: (STEPS * artifacts.viewsShape[0]) / 2 / seconds };
  } catch (error) {
    return { device, reason: reasonOf(error) };
  } finally {
    await engine?.close();
  }
}

/** Loads a stage and takes one step of it, with which an engine that does not work fails. Its state is of no use. */
export async function firstStep(engine: Engine, artifacts: StageArtifacts): Promise<void> {
  await engine.load(artifacts, { values: initialValues(artifacts, 1), step: 0 });
  await engine.step(randomViews(artifacts), 0);
}

function randomViews({ viewsShape }: StageArtifacts): Float32Array {
  const random = randomStream("views");
  return Float32Array.from({ length: sizeOf(viewsShape) }, () => random.uniform());
}

/** The fastest of those that work. @throws the reason of the first if none does */
export function fastest<Name extends string>(trials: readonly Trial<Name>[]): Name {
  const working = trials.filter((trial) => "imagesPerSecond" in trial);
  if (working.length === 0) throw new Error((trials[0] as { reason: string }).reason);
  return working.reduce((a, b) => (b.imagesPerSecond > a.imagesPerSecond ? b : a)).device;
}
