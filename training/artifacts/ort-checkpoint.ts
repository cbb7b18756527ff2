// The checkpoint of ONNX Runtime's own TrainingSession: a flatbuffer.
// https://github.com/microsoft/onnxruntime/blob/v1.19.2/onnxruntime/core/flatbuffers/schema/ort_training_checkpoint.fbs

import { Builder, type Offset } from "flatbuffers";
import type { StageModels } from "./stage-artifacts.ts";

const IDENTIFIER = "ODTC";
const VERSION = 2;
const FLOAT = 1;
/** All weights are in the one group that there is. */
const GROUP = "group0";

// Where the fields of a table stand; those in between are left out.
const TENSOR = { name: 0, dims: 2, dataType: 3, rawData: 4, fields: 7 };
const MODULE = { trained: 0, frozen: 1, fields: 4 };
const MOMENTS = { weight: 0, moments: 1, fields: 2 };
const GROUPS = { name: 0, step: 1, rate: 2, states: 3, fields: 4 };
const CHECKPOINT = { version: 0, module: 1, groups: 2, fields: 4 };

/**
 * Weights, moments and the number of steps done. BatchNorm's running statistics are no part of it: they are user inputs
 * of the models.
 * @param state every weight and `<weight>.<moment>` of the stage
 */
export function encodeOrtCheckpoint(
  models: Pick<StageModels, "weights" | "trained" | "moments">,
  state: { readonly values: Readonly<Record<string, Float32Array>>; readonly step: number },
): Uint8Array {
  const builder = new Builder(1 << 20);
  const { weights, trained, moments } = models;
  const shapes = new Map(weights.map(({ name, shape }) => [name, shape]));
  const list = (offsets: Offset[]) => {
    builder.startVector(4, offsets.length, 4);
    for (const offset of offsets.toReversed()) builder.addOffset(offset);
    return builder.endVector();
  };
  const tensor = (name: string, data: Float32Array, shape: readonly number[]): Offset => {
    const bytes = builder.createByteVector(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    builder.startVector(8, shape.length, 8);
    for (const dim of shape.toReversed()) builder.addInt64(BigInt(dim));
    const dims = builder.endVector();
    const nameAt = builder.createString(name);
    builder.startObject(TENSOR.fields);
    builder.addFieldOffset(TENSOR.name, nameAt, 0);
    builder.addFieldOffset(TENSOR.dims, dims, 0);
    builder.addFieldInt32(TENSOR.dataType, FLOAT, 0);
    builder.addFieldOffset(TENSOR.rawData, bytes, 0);
    return builder.endObject();
  };

  const parameters = (names: readonly string[]) =>
    list(names.map((name) => tensor(name, state.values[name], shapes.get(name)!)));
  const trainedAt = parameters(trained);
  const frozenAt = parameters([...shapes.keys()].filter((name) => !trained.includes(name)));
  builder.startObject(MODULE.fields);
  builder.addFieldOffset(MODULE.trained, trainedAt, 0);
  builder.addFieldOffset(MODULE.frozen, frozenAt, 0);
  const moduleAt = builder.endObject();

  const states = trained.map((name) => {
    const own = list(
      moments.map((moment, i) =>
        tensor(`momentum${i}`, state.values[`${name}.${moment}`], shapes.get(name)!),
      ),
    );
    const nameAt = builder.createString(name);
    builder.startObject(MOMENTS.fields);
    builder.addFieldOffset(MOMENTS.weight, nameAt, 0);
    builder.addFieldOffset(MOMENTS.moments, own, 0);
    return builder.endObject();
  });
  const statesAt = list(states);
  const groupName = builder.createString(GROUP);
  builder.startObject(GROUPS.fields);
  builder.addFieldOffset(GROUPS.name, groupName, 0);
  builder.addFieldInt64(GROUPS.step, BigInt(state.step), 0n);
  builder.addFieldFloat32(GROUPS.rate, 1e-3, 0); // the rate is in the optimizer model
  builder.addFieldOffset(GROUPS.states, statesAt, 0);
  const groups = list([builder.endObject()]);

  builder.startObject(CHECKPOINT.fields);
  builder.addFieldInt32(CHECKPOINT.version, VERSION, 0);
  builder.addFieldOffset(CHECKPOINT.module, moduleAt, 0);
  builder.addFieldOffset(CHECKPOINT.groups, groups, 0);
  builder.finish(builder.endObject(), IDENTIFIER);
  return builder.asUint8Array();
}
