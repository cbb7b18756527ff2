// Nonlinearities. https://onnx.ai/onnx/operators/onnx__Relu.html, onnx__HardSigmoid.html, onnx__Clip.html

import type { Tensor } from "../graph.ts";
import { defineOperator, float } from "../operator.ts";
import { mul } from "./arithmetic.ts";

defineOperator({
  type: "Relu",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: (node, [dy]) => [mul(dy!, isPositive(node.outputs[0]))],
});

defineOperator({
  type: "HardSigmoid",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
});

defineOperator({
  type: "Clip",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
});

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  return x.graph.add("Relu", [x])[0];
}

/** 1 where x > 0, else 0; a steep HardSigmoid is the fastest way to say it on the CPU. */
function isPositive(x: Tensor): Tensor {
  return x.graph.add("HardSigmoid", [x], { alpha: float(1e30), beta: float(0) })[0];
}

/** x limited to [low, high]. Has no gradient: it is used on gradients only. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return x.graph.add("Clip", [x, x.graph.scalar(low), x.graph.scalar(high)])[0];
}
