// Comparisons, as 0 and 1. https://onnx.ai/onnx/operators/onnx__Equal.html, onnx__Cast.html

import type { Graph, Tensor } from "../graph.ts";
import { defineOperator, int, intOf } from "../operator.ts";
import type { DataType } from "../types.ts";
import { broadcastShapes } from "./arithmetic.ts";

defineOperator({
  type: "Equal",
  infer: ([a, b]) => [{ dtype: "bool", shape: broadcastShapes(a!.shape, b!.shape) }],
});

const castTargets = new Map<number, DataType>([
  [1, "float32"],
  [2, "uint8"],
  [7, "int64"],
]);

defineOperator({
  type: "Cast",
  infer([x], attributes) {
    const dtype = castTargets.get(intOf(attributes, "to", 0));
    if (!dtype) throw new Error("not a type to cast to");
    return [{ dtype, shape: x!.shape }];
  },
});

/** The same numbers in another element type. Has no gradient. */
export function cast(x: Tensor, dtype: "float32" | "uint8" | "int64"): Tensor {
  const [to] = [...castTargets].find(([, name]) => name === dtype)!;
  return x.graph.add("Cast", [x], { to: int(to) })[0];
}

/** 1 where a = b, else 0, as float32, with broadcasting. Has no gradient. */
export function equal(a: Tensor, b: Tensor): Tensor {
  return cast(a.graph.add("Equal", [a, b])[0], "float32");
}

/** The identity matrix [size, size], made when the graph is loaded rather than stored with it. */
export function identity(graph: Graph, size: number): Tensor {
  const count = BigInt64Array.from({ length: size }, (_, i) => BigInt(i));
  return equal(graph.constant("int64", [size, 1], count), graph.constant("int64", [1, size], count));
}
