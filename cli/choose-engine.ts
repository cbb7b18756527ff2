// The option `--engine`: a device by name, or the fastest that works here.

import { reasonOf, UserError } from "../models/errors.ts";
import type { Flavour } from "../training/artifacts/stage-artifacts.ts";
import { type DeviceName, deviceNames, flavourOf } from "../training/engines/device-names.ts";
import { fastest, firstStep, type Trial, tryDevices } from "../training/engines/fastest-device.ts";
import { ThreadEngine } from "../training/engines/thread-engine.ts";
import type { RunSettings } from "../training/stages/settings.ts";
import { trialArtifacts } from "../training/stages/stage-models.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The engine to train on; to be closed by the caller.
 * @param wanted "auto" tries all, and tells what it found
 * @throws UserError if the one that is wanted does not work here
 */
export async function chooseEngine(
  wanted: DeviceName | "auto",
  settings: RunSettings,
  terminal: Terminal,
): Promise<ThreadEngine> {
  const artifactsOf = (flavour: Flavour) => trialArtifacts(settings, flavour);
  if (wanted === "auto") {
    // ONNX Runtime Training has optimizers of its own, so that one is not taken unasked.
    const alike = deviceNames.filter((name) => flavourOf(name) !== "ort-training");
    const trials = await tryDevices(artifactsOf, alike, open);
    const chosen = fastest(trials);
    terminal.note(`engine ${chosen}, the fastest here: ${trials.map(describe).join("; ")}`);
    return open(chosen);
  }
  const engine = open(wanted);
  if (wanted === "cpu") return engine; // is always there
  try {
    await firstStep(engine, artifactsOf(engine.flavour));
    return engine;
  } catch (error) {
    await engine.close();
    throw new UserError(reasonOf(error), { cause: error });
  }
}

function open(device: DeviceName): ThreadEngine {
  return new ThreadEngine(device);
}

function describe(trial: Trial<DeviceName>): string {
  if ("reason" in trial) return trial.reason.replace(/^engine /, "");
  return `${trial.device} ${Math.round(trial.imagesPerSecond)} images/s`;
}
