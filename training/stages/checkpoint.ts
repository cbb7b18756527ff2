// The state of a stage as one file: weights, running statistics, moments, and how many steps are done. Random
// numbers need no state: every draw is keyed by seed, stage, epoch and image.

import { UserError } from "../../models/errors.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensors } from "../../models/safetensors.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";
import type { TrainingState } from "../engines/engine.ts";

/** Names and shapes of all values of a stage's state, in a fixed order. */
function stateShapes(models: StageModels): [name: string, shape: readonly number[]][] {
  const shapes = [...models.weights, ...models.statistics].map(({ name, shape }) => [name, shape] as const);
  const trained = shapes.filter(([name]) => models.trained.includes(name));
  const moments = models.moments.flatMap((moment) =>
    trained.map(([name, shape]) => [`${name}.${moment}`, shape] as const),
  );
  return [...shapes, ...moments].map(([name, shape]) => [name, shape]);
}

/** The state as the bytes of a .safetensors file. */
export function encodeCheckpoint(models: StageModels, state: TrainingState): Uint8Array {
  const tensors: Record<string, NamedTensors[string]> = {};
  for (const [name, shape] of stateShapes(models)) {
    tensors[name] = { dtype: "float32", shape, data: state.values[name] };
  }
  return encodeSafetensors(tensors, { step: String(state.step) });
}

/** @throws UserError if the file is damaged, or is not the checkpoint of such a stage */
export function decodeCheckpoint(models: StageModels, bytes: Uint8Array): TrainingState {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const values: Record<string, Float32Array> = {};
  for (const [name, shape] of stateShapes(models)) {
    const tensor = tensors[name];
    if (tensor?.dtype !== "float32" || tensor.shape.join() !== shape.join()) {
      throw new UserError(`the checkpoint does not fit the network: ${name} should be float32 [${shape}]`);
    }
    values[name] = tensor.data;
  }
  const step = Number(metadata?.step);
  if (!Number.isInteger(step) || step < 0)
    throw new UserError("the checkpoint does not say at which step it was made");
  return { values, step };
}
