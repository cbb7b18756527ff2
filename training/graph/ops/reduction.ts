// Reductions. https://onnx.ai/onnx/operators/onnx__ReduceSum.html (ReduceMean, ReduceLogSumExp likewise)

import type { Tensor } from "../graph.ts";
import { defineOperator, int, intOf, ints, intsOf } from "../operator.ts";
import { type Dim, normalizeAxis, type Shape, staticShape } from "../types.ts";
import { div, mul, scale, shift, sqrt } from "./arithmetic.ts";
import { expand, reshape } from "./shape.ts";
import { softmax } from "./softmax.ts";

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Dim[] {
  const reduced = new Set(axes.map((axis) => normalizeAxis(axis, shape.length)));
  return shape.flatMap((dim, i) => (reduced.has(i) ? (keepDims ? [1] : []) : [dim]));
}

/** dy with its reduced axes put back as 1, so that it broadcasts against x. */
function withReducedAxes(dy: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return reshape(dy, reducedShape(x.shape, axes, true));
}

/** The axes of a ReduceSum, whose list is a constant input since opset 13. */
function axesOf(axes: unknown): number[] {
  const data = (axes as { data?: unknown }).data;
  if (!(data instanceof BigInt64Array)) throw new Error("axes must be constant");
  return Array.from(data, Number);
}

defineOperator({
  type: "ReduceSum",
  infer([x, axes], attributes) {
    return [
      {
        dtype: x!.dtype,
        shape: reducedShape(x!.shape, axesOf(axes), intOf(attributes, "keepdims", 1) === 1),
      },
    ];
  },
  gradient(node, [dy]) {
    const [x, axes] = node.inputs;
    return [expand(withReducedAxes(dy!, x!, axesOf(axes)), x!.shape), undefined];
  },
});

defineOperator({
  type: "ReduceMean",
  infer([x], attributes) {
    const keep = intOf(attributes, "keepdims", 1) === 1;
    return [{ dtype: x!.dtype, shape: reducedShape(x!.shape, intsOf(attributes, "axes"), keep) }];
  },
  gradient(node, [dy]) {
    const x = node.inputs[0]!;
    const axes = intsOf(node.attributes, "axes").map((axis) => normalizeAxis(axis, x.shape.length));
    const count = staticShape(x.shape).reduce((n, dim, i) => (axes.includes(i) ? n * dim : n), 1);
    return [expand(scale(withReducedAxes(dy!, x, axes), 1 / count), x.shape)];
  },
});

// Stable: ONNX Runtime subtracts the maximum before it exponentiates.
defineOperator({
  type: "ReduceLogSumExp",
  infer([x], attributes) {
    const axes = intsOf(attributes, "axes");
    if (axes.length !== 1 || normalizeAxis(axes[0], x!.shape.length) !== x!.shape.length - 1) {
      throw new Error("only the last axis can be reduced");
    }
    return [{ dtype: x!.dtype, shape: reducedShape(x!.shape, axes, intOf(attributes, "keepdims", 1) === 1) }];
  },
  gradient(node, [dy]) {
    const x = node.inputs[0]!;
    return [mul(softmax(x), withReducedAxes(dy!, x, intsOf(node.attributes, "axes")))];
  },
});

/** Sum over the axes; `keepDims` leaves them as 1 (default: they are dropped). */
export function reduceSum(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  return x.graph.add("ReduceSum", [x, x.graph.integers(axes)], { keepdims: int(keepDims ? 1 : 0) })[0];
}

/** Mean over the axes; `keepDims` leaves them as 1 (default: they are dropped). */
export function reduceMean(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  return x.graph.add("ReduceMean", [x], { axes: ints(axes), keepdims: int(keepDims ? 1 : 0) })[0];
}

/** log Σ exp over the last axis, which is dropped. */
export function logSumExp(x: Tensor): Tensor {
  return x.graph.add("ReduceLogSumExp", [x], { axes: ints([-1]), keepdims: int(0) })[0];
}

/** Mean of all elements, a scalar. */
export function mean(x: Tensor): Tensor {
  return reduceMean(
    x,
    x.shape.map((_, i) => i),
  );
}

/** Rows scaled to length 1 along the last axis: x / √(Σ x² + 1e-12). */
export function normalize(x: Tensor): Tensor {
  return div(x, lengthOf(x));
}

function lengthOf(x: Tensor): Tensor {
  return sqrt(shift(reduceSum(mul(x, x), [-1], true), 1e-12));
}
