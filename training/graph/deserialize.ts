// ONNX bytes as a graph that can be built on and differentiated. The counterpart of serialize.ts.
// https://onnx.ai/onnx/repo-docs/IR.html

import onnxProto from "onnx-proto";
import { Graph, type OptionalTensor, type Tensor } from "./graph.ts";
import type { Attribute, Attributes } from "./operator.ts";
import { ELEMENT_TYPES, OPSET } from "./serialize.ts";
import { type DataType, type Dim, type Shape, sizeOf, type TensorData } from "./types.ts";

const { onnx } = onnxProto;

type ModelProto = ReturnType<typeof onnx.ModelProto.decode>;
type GraphProto = NonNullable<ModelProto["graph"]>;
type TensorProto = NonNullable<GraphProto["initializer"]>[number];
type AttributeProto = NonNullable<NonNullable<GraphProto["node"]>[number]["attribute"]>[number];

export interface DeserializeOptions {
  /**
   * Names of float32 initialisers that become inputs of the graph, so that a training loop can change them; their values
   * are handed back. Defaults to none.
   */
  readonly variables?: readonly string[];
  /** Sizes for dimensions that the file only names, such as { batch: 64 }: gradients need some of them. Defaults to none. */
  readonly dims?: Readonly<Record<string, number>>;
}

export interface DeserializedGraph {
  /** Its inputs are those of the file and the variables; it has no outputs yet. */
  readonly graph: Graph;
  /** Every value of the file by its name there: inputs, initialisers, what nodes give, outputs. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The values of the variables as they are in the file. */
  readonly values: Readonly<Record<string, Float32Array>>;
}

/**
 * Reads an ONNX model. All operators must be in the table (`operatorTypes`) and in operator set 17 or one that means
 * the same by them; values must be of a type that the graphs use.
 * @throws Error that names what the file has and this cannot read
 */
export function deserialize(bytes: Uint8Array, options: DeserializeOptions = {}): DeserializedGraph {
  const { variables = [], dims: sizes = {} } = options;
  const model = decode(bytes);
  const file = model.graph!;
  const graph = new Graph(file.name || "graph");
  const tensors = new Map<string, Tensor>();
  const values: Record<string, Float32Array> = {};
  const initializers = new Map((file.initializer ?? []).map((one) => [one.name!, one]));

  for (const { name, type } of file.input ?? []) {
    if (initializers.has(name!)) continue; // before IR version 4 they were listed as inputs too
    const { elemType, shape } = type?.tensorType ?? {};
    const dims = (shape?.dim ?? []).map(({ dimParam, dimValue }): Dim => {
      if (!dimParam) return Number(dimValue ?? 0);
      return sizes[dimParam] ?? dimParam;
    });
    tensors.set(name!, graph.input(name!, dataType(elemType, name!), dims));
  }
  for (const [name, proto] of initializers) {
    const { dtype, shape, data } = constantOf(proto);
    if (!variables.includes(name)) {
      tensors.set(name, graph.initializer(name, dtype, shape, data));
      continue;
    }
    if (!(data instanceof Float32Array)) throw new Error(`${name} is ${dtype}: only float32 can be changed`);
    values[name] = data.slice();
    tensors.set(name, graph.input(name, dtype, shape));
  }
  const unknown = variables.find((name) => !(name in values));
  if (unknown !== undefined) throw new Error(`the model has no initialiser ${unknown}`);

  for (const node of file.node ?? []) {
    const type = node.opType!;
    if (type === "Constant") {
      const value = node.attribute?.find(({ name }) => name === "value")?.t;
      if (!value) throw new Error(`Constant ${node.output![0]}: only tensors can be read`);
      const { dtype, shape, data } = constantOf(value as TensorProto);
      tensors.set(node.output![0], graph.constant(dtype, shape, data));
      continue;
    }
    const inputs = (node.input ?? []).map((name): OptionalTensor => {
      const tensor = tensors.get(name);
      if (name !== "" && !tensor) throw new Error(`${type}: there is no value ${name}`);
      return tensor;
    });
    if (type === "Identity") {
      tensors.set(node.output![0], inputs[0]!); // another name for the same
      continue;
    }
    const results = graph.add(type, inputs, attributesOf(node.attribute ?? []));
    for (const [i, name] of (node.output ?? []).entries()) {
      if (name === "") continue;
      if (!results[i]) throw new Error(`${type}: its output ${name} is not known here`);
      tensors.set(name, results[i]);
    }
  }
  return { graph, tensors, values };
}

function decode(bytes: Uint8Array): ModelProto {
  let model: ModelProto;
  try {
    model = onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new Error(`not an ONNX model: ${(error as Error).message}`);
  }
  if (!model.graph) throw new Error("not an ONNX model: it has no graph");
  const opset = model.opsetImport?.find(({ domain }) => !domain)?.version;
  if (opset !== undefined && Number(opset) > OPSET + 1) {
    throw new Error(`the model is of operator set ${opset}; this reads up to ${OPSET + 1}`);
  }
  return model;
}

function dataType(element: number | null | undefined, name: string): DataType {
  const found = Object.entries(ELEMENT_TYPES).find(([, number]) => number === element);
  if (!found) throw new Error(`${name} has element type ${element}, which the graphs do not use`);
  return found[0] as DataType;
}

const ARRAYS = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

function constantOf(proto: TensorProto): { dtype: DataType; shape: number[]; data: TensorData } {
  const name = proto.name || "a constant";
  const dtype = dataType(proto.dataType, name);
  const shape = (proto.dims ?? []).map(Number);
  const count = sizeOf(shape as Shape);
  const { rawData } = proto;
  if (rawData && rawData.length > 0) {
    const Type = ARRAYS[dtype];
    const bytes = Uint8Array.from(rawData); // aligned
    if (bytes.length !== count * Type.BYTES_PER_ELEMENT) throw new Error(`${name} does not fill [${shape}]`);
    return { dtype, shape, data: new Type(bytes.buffer, 0, count) };
  }
  if ((proto.externalData ?? []).length > 0) throw new Error(`${name} is in another file, which is not read`);
  const listed =
    dtype === "float32" ? proto.floatData : dtype === "int64" ? proto.int64Data : proto.int32Data;
  if ((listed ?? []).length !== count) throw new Error(`${name} does not fill [${shape}]`);
  const data =
    dtype === "int64"
      ? BigInt64Array.from(listed as ArrayLike<number>, (value) => BigInt(value))
      : (ARRAYS[dtype] as Float32ArrayConstructor).from((listed ?? []) as ArrayLike<number>, Number);
  return { dtype, shape, data };
}

function attributesOf(protos: readonly AttributeProto[]): Attributes {
  return Object.fromEntries(protos.map((proto) => [proto.name!, attributeOf(proto)]));
}

function attributeOf({ name, type, i, f, s, ints }: AttributeProto): Attribute {
  const { AttributeType } = onnx.AttributeProto;
  if (type === AttributeType.INT) return { int: Number(i) };
  if (type === AttributeType.INTS) return { ints: (ints ?? []).map(Number) };
  if (type === AttributeType.FLOAT) return { float: f! };
  if (type === AttributeType.STRING) return { text: new TextDecoder().decode(s as Uint8Array) };
  throw new Error(`attribute ${name} is of a kind that the graphs do not use`);
}
