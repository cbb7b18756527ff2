// A graph as ONNX bytes, by the protobuf definitions of the onnx-proto package.

import onnxProto from "onnx-proto";
import type { Graph, GraphNode, Tensor } from "./graph.ts";
import type { Attribute } from "./operator.ts";
import type { DataType, TensorData, TensorType } from "./types.ts";

const { onnx } = onnxProto;

/** Operator set the graphs are written in: taken by onnxruntime-node, onnxruntime-web (WebGPU too) and Python. */
export const OPSET = 17;
const IR_VERSION = 8;

/** The numbers of the element types: onnx.proto, TensorProto.DataType. */
export const ELEMENT_TYPES: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

function attributeProto(name: string, attribute: Attribute) {
  const { AttributeType } = onnx.AttributeProto;
  if ("int" in attribute) return { name, type: AttributeType.INT, i: attribute.int };
  if ("ints" in attribute) return { name, type: AttributeType.INTS, ints: [...attribute.ints] };
  if ("float" in attribute) return { name, type: AttributeType.FLOAT, f: attribute.float };
  return { name, type: AttributeType.STRING, s: new TextEncoder().encode(attribute.text) };
}

function valueInfo(name: string, type: TensorType) {
  const dim = type.shape.map((d) => (typeof d === "string" ? { dimParam: d } : { dimValue: d }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type.dtype], shape: { dim } } } };
}

/** Little-endian bytes, as the format asks; every platform that runs ONNX Runtime is little-endian. */
function rawBytes(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The nodes that the outputs depend on, in order. */
function reachable(graph: Graph): { nodes: GraphNode[]; used: Set<Tensor> } {
  const used = new Set<Tensor>(graph.outputs.map((output) => output.tensor));
  const nodes: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => used.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) if (input) used.add(input);
  }
  return { nodes: nodes.reverse(), used };
}

/**
 * ONNX model bytes of the graph. Nodes and constants that no output depends on are left out; inputs stay.
 * @see https://onnx.ai/onnx/repo-docs/IR.html
 */
export function serialize(graph: Graph): Uint8Array {
  const { nodes, used } = reachable(graph);
  const domains = [...new Set(nodes.map((node) => node.domain))].filter((domain) => domain !== "");
  // An output's tensor takes the name it was declared under; a tensor that has one already (an input, a constant,
  // a second output of the same value) is passed on by an Identity.
  const names = new Map<Tensor, string>();
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const identities = graph.outputs.flatMap(({ name, tensor }) => {
    if (made.has(tensor) && !names.has(tensor)) {
      names.set(tensor, name);
      return [];
    }
    return [{ opType: "Identity", input: [names.get(tensor) ?? tensor.name], output: [name] }];
  });
  const nameOf = (tensor: Tensor) => names.get(tensor) ?? tensor.name;
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: "tsimcne",
    opsetImport: [{ domain: "", version: OPSET }, ...domains.map((domain) => ({ domain, version: 1 }))],
    graph: {
      name: graph.name,
      input: graph.inputs.map((input) => valueInfo(input.name, input)),
      output: graph.outputs.map(({ name, tensor }) => valueInfo(name, tensor)),
      initializer: graph.constants
        .filter((constant) => used.has(constant))
        .map((constant) => ({
          name: constant.name,
          dataType: ELEMENT_TYPES[constant.dtype],
          dims: constant.shape as number[],
          rawData: rawBytes(constant.data),
        })),
      node: [
        ...nodes.map((node) => ({
          opType: node.type,
          domain: node.domain,
          name: nameOf(node.outputs[0]),
          input: node.inputs.map((input) => (input ? nameOf(input) : "")),
          output: node.outputs.map(nameOf),
          attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value)),
        })),
        ...identities,
      ],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}
