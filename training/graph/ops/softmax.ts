// https://onnx.ai/onnx/operators/onnx__Softmax.html

import type { Tensor } from "../graph.ts";
import { defineOperator, int } from "../operator.ts";
import { mul, sub } from "./arithmetic.ts";
import { reduceSum } from "./reduction.ts";

defineOperator({
  type: "Softmax",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient(node, [dy]) {
    const y = node.outputs[0];
    const weighted = mul(dy!, y);
    return [sub(weighted, mul(y, reduceSum(weighted, [-1], true)))];
  },
});

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  return x.graph.add("Softmax", [x], { axis: int(-1) })[0];
}
