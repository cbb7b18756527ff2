// Sizes that are known only at run time, as numbers to compute with. None of these has a gradient.
// https://onnx.ai/onnx/operators/onnx__Shape.html (Range, Abs, Floor, Min, Max likewise)

import type { Tensor } from "../graph.ts";
import { defineOperator, int } from "../operator.ts";
import type { Dim } from "../types.ts";
import { broadcastShapes } from "./arithmetic.ts";
import { cast } from "./comparison.ts";
import { reshape } from "./shape.ts";

defineOperator({ type: "Shape", infer: () => [{ dtype: "int64", shape: [1] }] });
defineOperator({ type: "Range" });
for (const type of ["Abs", "Floor"]) {
  defineOperator({ type, infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }] });
}
for (const type of ["Min", "Max"]) {
  defineOperator({
    type,
    infer: ([a, b]) => [{ dtype: a!.dtype, shape: broadcastShapes(a!.shape, b!.shape) }],
  });
}

/** The size of an axis as a float32 scalar. */
export function sizeAlong(x: Tensor, axis: number): Tensor {
  const size = x.graph.add("Shape", [x], { start: int(axis), end: int(axis + 1) })[0];
  return reshape(cast(size, "float32"), []);
}

/** 0, 1, … limit − 1 as float32, for a scalar limit; `dim` names how many there are. */
export function countTo(limit: Tensor, dim: Dim): Tensor {
  const { graph } = limit;
  const inputs = [graph.scalar(0), limit, graph.scalar(1)];
  return graph.add("Range", inputs, {}, [{ dtype: "float32", shape: [dim] }])[0];
}

export function abs(x: Tensor): Tensor {
  return x.graph.add("Abs", [x])[0];
}

export function floor(x: Tensor): Tensor {
  return x.graph.add("Floor", [x])[0];
}

/** The smaller of each pair, with broadcasting. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return a.graph.add("Min", [a, b])[0];
}

/** The larger of each pair, with broadcasting. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return a.graph.add("Max", [a, b])[0];
}
