// What is written in an ONNX model.

import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

export function readModel(bytes: Uint8Array) {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph!;
  const typed = (values: typeof graph.input) =>
    Object.fromEntries(
      values!.map(({ name, type }) => [
        name!,
        {
          elementType: type!.tensorType!.elemType!,
          shape: type!.tensorType!.shape!.dim!.map((dim) => dim.dimParam || Number(dim.dimValue)),
        },
      ]),
    );
  return {
    opsets: Object.fromEntries(model.opsetImport!.map((set) => [set.domain ?? "", Number(set.version)])),
    domains: new Set(graph.node!.map((node) => node.domain ?? "")),
    operators: new Set(graph.node!.map((node) => node.opType!)),
    inputs: typed(graph.input),
    outputs: typed(graph.output),
    initializers: graph.initializer!.map((initializer) => initializer.name!),
    nodes: graph.node!,
  };
}

/** Element types by their numbers in the format. */
export const FLOAT = 1;
export const UINT8 = 2;
