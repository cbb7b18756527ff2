// Elementwise arithmetic with ONNX broadcasting.
// https://onnx.ai/onnx/operators/onnx__Add.html (Sub, Mul, Div, Neg, Sqrt, Exp, Log, Reciprocal likewise)

import type { OptionalTensor, Tensor } from "../graph.ts";
import { defineOperator } from "../operator.ts";
import { type Dim, type Shape, sameShape, type TensorType } from "../types.ts";
import { reduceSum } from "./reduction.ts";
import { reshape } from "./shape.ts";

/** The shape two operands broadcast to. @throws if they do not fit */
export function broadcastShapes(a: Shape, b: Shape): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const p = a[i - rank + a.length] ?? 1;
    const q = b[i - rank + b.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1) throw new Error(`[${a}] and [${b}] do not broadcast`);
    return p === 1 ? q : p;
  });
}

/** Sums a gradient over the axes along which its tensor was broadcast. */
export function unbroadcast(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim, i) =>
    i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : [],
  );
  const summed = axes.length > 0 ? reduceSum(gradient, axes, true) : gradient;
  return sameShape(summed.shape, shape) ? summed : reshape(summed, shape);
}

function inferBroadcast([a, b]: readonly OptionalTensor[]): readonly TensorType[] {
  if (!a || !b) throw new Error("two operands are needed");
  if (a.dtype !== b.dtype) throw new Error(`${a.dtype} does not go with ${b.dtype}`);
  return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
}

type BinaryGradient = (a: Tensor, b: Tensor, y: Tensor, dy: Tensor) => readonly [() => Tensor, () => Tensor];

function defineBinary(type: string, gradient: BinaryGradient): (a: Tensor, b: Tensor) => Tensor {
  defineOperator({
    type,
    infer: inferBroadcast,
    gradient(node, [dy], needed) {
      const [a, b] = node.inputs as [Tensor, Tensor];
      const [da, db] = gradient(a, b, node.outputs[0], dy!);
      return [
        needed[0] ? unbroadcast(da(), a.shape) : undefined,
        needed[1] ? unbroadcast(db(), b.shape) : undefined,
      ];
    },
  });
  return (a, b) => a.graph.add(type, [a, b])[0];
}

function defineUnary(
  type: string,
  gradient: (x: Tensor, y: Tensor, dy: Tensor) => Tensor,
): (x: Tensor) => Tensor {
  defineOperator({
    type,
    infer([x]) {
      if (!x) throw new Error("an operand is needed");
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient: (node, [dy]) => [gradient(node.inputs[0]!, node.outputs[0], dy!)],
  });
  return (x) => x.graph.add(type, [x])[0];
}

export const add = defineBinary("Add", (_a, _b, _y, dy) => [() => dy, () => dy]);
export const sub = defineBinary("Sub", (_a, _b, _y, dy) => [() => dy, () => neg(dy)]);
export const mul = defineBinary("Mul", (a, b, _y, dy) => [() => mul(dy, b), () => mul(dy, a)]);
export const div = defineBinary("Div", (_a, b, y, dy) => [() => div(dy, b), () => neg(mul(div(dy, b), y))]);

export const neg = defineUnary("Neg", (_x, _y, dy) => neg(dy));
export const exp = defineUnary("Exp", (_x, y, dy) => mul(dy, y));
export const log = defineUnary("Log", (x, _y, dy) => div(dy, x));
export const sqrt = defineUnary("Sqrt", (_x, y, dy) => div(mul(dy, y.graph.scalar(0.5)), y));
export const reciprocal = defineUnary("Reciprocal", (_x, y, dy) => neg(mul(dy, mul(y, y))));

/** x · factor. */
export function scale(x: Tensor, factor: number): Tensor {
  return mul(x, x.graph.scalar(factor));
}

/** x + amount. */
export function shift(x: Tensor, amount: number): Tensor {
  return add(x, x.graph.scalar(amount));
}
