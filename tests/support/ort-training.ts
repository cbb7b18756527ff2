// ONNX Runtime's own gradient kernels, as a second opinion on ours. They are compiled only into its training build,
// whose last release for JavaScript is in onnxruntime-web 1.19.2; a model of a single node runs there in a plain
// inference session.
// Schemas: https://github.com/microsoft/onnxruntime/blob/v1.19.2/orttraining/orttraining/core/graph/training_op_defs.cc

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import onnxProto from "onnx-proto";
import type * as Ort from "onnxruntime-node";

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;
const ELEMENT_TYPE = { float32: 1, int64: 7 } as const;
const OPSET = 17;
const IR_VERSION = 8;

export interface KernelTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** Attributes of a node: a list of integers, or a number that is an integer or a float by the schema. */
export type KernelAttributes = Readonly<
  Record<string, { ints: number[] } | { int: number } | { float: number }>
>;

/** The package hides its browser build from Node, so that is imported by its file. One thread needs no setting up. */
async function load(): Promise<typeof Ort> {
  const dist = path.dirname(createRequire(import.meta.url).resolve("onnxruntime-web-training"));
  const ort = (await import(pathToFileURL(path.join(dist, "ort.training.wasm.min.mjs")).href)) as typeof Ort;
  ort.env.wasm.wasmPaths = pathToFileURL(`${dist}/`).href;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return ort;
}

let loading: Promise<typeof Ort> | undefined;

function attributeProto([name, value]: [string, KernelAttributes[string]]) {
  if ("ints" in value) return { name, type: AttributeType.INTS, ints: value.ints };
  if ("int" in value) return { name, type: AttributeType.INT, i: value.int };
  return { name, type: AttributeType.FLOAT, f: value.float };
}

const typeOf = ({ data }: KernelTensor) => (data instanceof Float32Array ? "float32" : "int64");

function valueInfo(name: string, type: keyof typeof ELEMENT_TYPE, shape: readonly number[]) {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPE[type], shape: { dim } } } };
}

/**
 * Runs one operator of the training build.
 * @param inputs in the order of the schema; undefined where an optional one is left out
 * @param outputShapes of the wanted outputs, from the first on; all are float32
 * @param domain "com.microsoft" unless told otherwise; the gradients of pooling are in ""
 * @throws if the build lacks the operator or refuses the inputs
 */
export async function runKernel(
  opType: string,
  inputs: readonly (KernelTensor | undefined)[],
  attributes: KernelAttributes,
  outputShapes: readonly (readonly number[])[],
  domain = "com.microsoft",
): Promise<Float32Array[]> {
  loading ??= load();
  const ort = await loading;
  const given = inputs.flatMap((tensor, i) => (tensor ? [{ name: `input${i}`, tensor }] : []));
  const outputs = outputShapes.map((shape, i) => ({ name: `output${i}`, shape }));
  const model = onnx.ModelProto.encode({
    irVersion: IR_VERSION,
    opsetImport: [
      { domain: "", version: OPSET },
      { domain: "com.microsoft", version: 1 },
    ],
    graph: {
      name: opType,
      input: given.map(({ name, tensor }) => valueInfo(name, typeOf(tensor), tensor.shape)),
      output: outputs.map(({ name, shape }) => valueInfo(name, "float32", shape)),
      node: [
        {
          opType,
          domain,
          input: inputs.map((tensor, i) => (tensor ? `input${i}` : "")),
          output: outputs.map(({ name }) => name),
          attribute: Object.entries(attributes).map(attributeProto),
        },
      ],
    },
  }).finish();
  const feeds = given.map(({ name, tensor }) => {
    const { shape, data } = tensor;
    return [name, new ort.Tensor(typeOf(tensor) as "float32", data as Float32Array, shape)] as const;
  });
  try {
    const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
    const results = await session.run(Object.fromEntries(feeds));
    await session.release();
    return outputs.map(({ name }) => results[name].data as Float32Array);
  } catch (error) {
    // What C++ throws can surface as a bare number.
    throw error instanceof Error ? error : new Error(`${opType}: C++ exception ${error}`);
  }
}
