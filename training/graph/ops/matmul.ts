// Matrix products. https://onnx.ai/onnx/operators/onnx__MatMul.html, onnx__Gemm.html

import type { Tensor } from "../graph.ts";
import { defineOperator, int, intOf } from "../operator.ts";
import type { Dim } from "../types.ts";
import { broadcastShapes, unbroadcast } from "./arithmetic.ts";
import { reduceSum } from "./reduction.ts";
import { transpose } from "./shape.ts";

defineOperator({
  type: "MatMul",
  infer([a, b]) {
    const [p, q] = [a!.shape, b!.shape];
    if (p.length < 2 || q.length < 2 || p.at(-1) !== q.at(-2)) throw new Error("inner sizes differ");
    const outer: Dim[] = broadcastShapes(p.slice(0, -2), q.slice(0, -2));
    return [{ dtype: a!.dtype, shape: [...outer, p.at(-2)!, q.at(-1)!] }];
  },
  gradient(node, [dy], needed) {
    const [a, b] = node.inputs as [Tensor, Tensor];
    return [
      needed[0] ? unbroadcast(matMul(dy!, transposeLast(b)), a.shape) : undefined,
      needed[1] ? unbroadcast(matMul(transposeLast(a), dy!), b.shape) : undefined,
    ];
  },
});

// alpha and beta are 1; c, where given, is a row vector.
defineOperator({
  type: "Gemm",
  infer([a, b, c], attributes) {
    const [m, k] = intOf(attributes, "transA", 0) ? [...a!.shape].reverse() : a!.shape;
    const [inner, n] = intOf(attributes, "transB", 0) ? [...b!.shape].reverse() : b!.shape;
    if (a!.shape.length !== 2 || b!.shape.length !== 2 || k !== inner) throw new Error("inner sizes differ");
    if (c && (c.shape.length !== 1 || c.shape[0] !== n)) throw new Error("the bias must be a row");
    return [{ dtype: a!.dtype, shape: [m, n] }];
  },
  gradient(node, [dy], needed) {
    const [a, b] = node.inputs as [Tensor, Tensor];
    const ta = intOf(node.attributes, "transA", 0) === 1;
    const tb = intOf(node.attributes, "transB", 0) === 1;
    return [
      needed[0] ? (ta ? gemm(b, dy!, tb, true) : gemm(dy!, b, false, !tb)) : undefined,
      needed[1] ? (tb ? gemm(dy!, a, true, ta) : gemm(a, dy!, !ta, false)) : undefined,
      needed[2] ? reduceSum(dy!, [0]) : undefined,
    ];
  },
});

/** The last two axes exchanged. */
export function transposeLast(x: Tensor): Tensor {
  const rank = x.shape.length;
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** Product over the last two axes, the others broadcast. */
export function matMul(a: Tensor, b: Tensor): Tensor {
  return a.graph.add("MatMul", [a, b])[0];
}

/** op(a) · op(b) + c for matrices, where op transposes if asked to; c is a row or left out. */
export function gemm(a: Tensor, b: Tensor, transA: boolean, transB: boolean, c?: Tensor): Tensor {
  const inputs = c ? [a, b, c] : [a, b];
  return a.graph.add("Gemm", inputs, { transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0) })[0];
}

/** The linear layer x · wᵀ + b; x [N, in], w [out, in], b [out]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return gemm(x, weight, false, true, bias);
}
