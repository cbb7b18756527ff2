// 2-D convolution, [N, Cin, H, W] * [Cout, Cin, kh, kw] → [N, Cout, Ho, Wo], and its gradients as products.
// https://onnx.ai/onnx/operators/onnx__Conv.html, onnx__ConvTranspose.html
//
// ONNX Runtime ships no ConvGrad outside its training build. The formulations below are the fastest that were
// measured on the CPU; each is exact.

import type { Tensor } from "../graph.ts";
import { type Attributes, defineOperator, ints, intsOf } from "../operator.ts";
import { type Dim, staticShape } from "../types.ts";
import { gemm, matMul } from "./matmul.ts";
import { reduceSum } from "./reduction.ts";
import { concat, expand, pad, reshape, reverse, slice, spaceToDepth, transpose } from "./shape.ts";

export interface ConvOptions {
  /** Step in both directions. Defaults to 1. */
  readonly stride?: number;
  /** Zeros on every side. Defaults to 0. */
  readonly padding?: number;
}

function geometry(attributes: Attributes) {
  return { stride: intsOf(attributes, "strides")[0], padding: intsOf(attributes, "pads")[0] };
}

defineOperator({
  type: "Conv",
  infer([x, w, b], attributes) {
    const { stride, padding } = geometry(attributes);
    const [n, cin, h, width] = x!.shape;
    const [cout, channels, kh, kw] = staticShape(w!.shape);
    if (cin !== channels) throw new Error("the number of channels differs");
    if (b && (b.shape.length !== 1 || b.shape[0] !== cout))
      throw new Error("the bias must have a value a channel");
    const outSize = (size: Dim, kernel: number) => {
      const steps = Math.floor(((size as number) + 2 * padding - kernel) / stride);
      if (!(steps >= 0)) throw new Error("the kernel is larger than the image");
      return steps + 1;
    };
    return [{ dtype: x!.dtype, shape: [n, cout, outSize(h, kh), outSize(width, kw)] }];
  },
  gradient(node, [dy], needed) {
    const [x, w] = node.inputs as [Tensor, Tensor];
    const { stride, padding } = geometry(node.attributes);
    return [
      needed[0] ? inputGradient(dy!, x, w, stride, padding) : undefined,
      needed[1] ? weightGradient(dy!, x, w, stride, padding) : undefined,
      needed[2] ? reduceSum(dy!, [0, 2, 3]) : undefined,
    ];
  },
});

// The weight is laid out as that of the convolution it reverses: [channels in, channels out, kh, kw].
defineOperator({
  type: "ConvTranspose",
  infer([x, w], attributes) {
    const { stride, padding } = geometry(attributes);
    const extra = intsOf(attributes, "output_padding");
    const [n, , h, width] = x!.shape as number[];
    const [, cout, kh, kw] = staticShape(w!.shape);
    const outSize = (size: number, kernel: number, more: number) =>
      (size - 1) * stride - 2 * padding + kernel + more;
    return [{ dtype: x!.dtype, shape: [n, cout, outSize(h, kh, extra[0]), outSize(width, kw, extra[1])] }];
  },
});

const same = (value: number, count: number) => ints(Array<number>(count).fill(value));

/** x * w + b; `b` may be left out. */
export function conv(
  x: Tensor,
  w: Tensor,
  b?: Tensor,
  { stride = 1, padding = 0 }: ConvOptions = {},
): Tensor {
  const attributes = {
    kernel_shape: ints(staticShape(w.shape.slice(2))),
    strides: same(stride, 2),
    pads: same(padding, 4),
  };
  return x.graph.add("Conv", b ? [x, w, b] : [x, w], attributes)[0];
}

function inputGradient(dy: Tensor, x: Tensor, w: Tensor, stride: number, padding: number): Tensor {
  const [, , kh, kw] = staticShape(w.shape);
  if (stride === 1 && padding < kh && padding < kw && kh === kw) {
    // The convolution of dy with the kernel turned by 180° and its channels exchanged.
    const flipped = kh === 1 ? w : reverse(w, [2, 3]);
    return conv(dy, transpose(flipped, [1, 0, 2, 3]), undefined, { padding: kh - 1 - padding });
  }
  const [height, width] = staticShape(x.shape.slice(2));
  const [ho, wo] = staticShape(dy.shape.slice(2));
  const left = (size: number, out: number, kernel: number) =>
    size - ((out - 1) * stride - 2 * padding + kernel);
  return dy.graph.add("ConvTranspose", [dy, w], {
    kernel_shape: ints([kh, kw]),
    strides: same(stride, 2),
    pads: same(padding, 4),
    output_padding: ints([left(height, ho, kh), left(width, wo, kw)]),
  })[0];
}

function weightGradient(dy: Tensor, x: Tensor, w: Tensor, stride: number, padding: number): Tensor {
  const cin = w.shape[1] as number;
  if (cin <= 4) return patchWeightGradient(dy, x, w, stride, padding);
  return shiftedWeightGradient(dy, x, w, stride, padding);
}

/**
 * For few input channels: patches [N, Cin·kh·kw, Ho·Wo], cut by a convolution with unit kernels, times dyᵀ.
 */
function patchWeightGradient(dy: Tensor, x: Tensor, w: Tensor, stride: number, padding: number): Tensor {
  const [cout, cin, kh, kw] = staticShape(w.shape);
  const [n, , ho, wo] = staticShape(dy.shape);
  const taps = cin * kh * kw;
  const unit = new Float32Array(taps * taps);
  for (let tap = 0; tap < taps; tap++) unit[tap * taps + tap] = 1;
  const kernels = x.graph.constant("float32", [taps, cin, kh, kw], unit);
  const patches = reshape(conv(x, kernels, undefined, { stride, padding }), [n, taps, ho * wo]);
  const products = matMul(reshape(dy, [n, cout, ho * wo]), transpose(patches, [0, 2, 1]));
  return reshape(reduceSum(products, [0]), w.shape);
}

/**
 * With channels outermost, dw[o, c, i, j] = Σ over N, H, W of dy shifted by i rows times x shifted by j columns:
 * one product of all row-shifted dy with all column-shifted x gives every tap, for the price of kh + kw copies
 * instead of the kh · kw of im2col. A stride s splits x into s · s phases, of which tap (i, j) meets the one of
 * its remainders; taps of one row remainder share a product.
 */
function shiftedWeightGradient(dy: Tensor, x: Tensor, w: Tensor, stride: number, padding: number): Tensor {
  const [cout, cin, kh, kw] = staticShape(w.shape);
  const [n, , ho, wo] = staticShape(dy.shape);
  const layout = ho * wo <= SMALL_MAP ? PICTURES_INNERMOST : PICTURES_OUTSIDE;
  const phases = channelsFirstPhases(x, stride, layout.order);
  const [height, width] = [layout.rows, layout.columns].map((axis) => phases[0][0].shape[axis] as number);
  const dyT = transpose(dy, layout.order);
  const remainder = (tap: number) => (((tap - padding) % stride) + stride) % stride;
  const quotient = (tap: number) => Math.floor((tap - padding) / stride);
  const padAxis = (t: Tensor, axis: number, before: number, after: number) => {
    const size = t.shape[axis] as number;
    if (size + Math.min(before, 0) + Math.min(after, 0) <= 0) {
      // Nothing of it is left. Pad of ONNX Runtime 1.19 hands out unwritten memory then.
      const shape = t.shape.map((dim, at) => (at === axis ? size + before + after : dim));
      return expand(t.graph.scalar(0), shape);
    }
    const only = (amount: number) => t.shape.map((_, at) => (at === axis ? amount : 0));
    return pad(t, only(before), only(after));
  };

  // Row tap i: dy moved down by its quotient, into the height of x's phase.
  const rowShifted = (tap: number) =>
    flat(padAxis(dyT, layout.rows, quotient(tap), height - ho - quotient(tap)), cout);
  // Column tap j: x moved left by its quotient, into the width of dy.
  const columnShifted = (row: number, tap: number) =>
    flat(
      padAxis(phases[row][remainder(tap)], layout.columns, -quotient(tap), wo - width + quotient(tap)),
      cin,
    );
  const flat = (t: Tensor, channels: number) => reshape(t, [channels, n * height * wo]);

  const columns = [...Array(kw).keys()];
  const order: number[] = [];
  const products: Tensor[] = [];
  for (let row = 0; row < stride; row++) {
    const sharing = [...Array(kh).keys()].filter((tap) => remainder(tap) === row);
    if (sharing.length === 0) continue;
    const left = concat(sharing.map(rowShifted), 0);
    const right = concat(
      columns.map((tap) => columnShifted(row, tap)),
      0,
    );
    products.push(reshape(gemm(left, right, false, true), [sharing.length, cout, kw, cin]));
    order.push(...sharing);
  }
  return transpose(inTapOrder(concat(products, 0), order), [1, 3, 0, 2]);
}

/**
 * Channels first, then either pictures or positions. With pictures innermost a shift moves long runs of memory, which
 * pays where rows are short; bringing them there costs more than a mere swap of pictures and channels.
 */
const PICTURES_INNERMOST = { order: [1, 2, 3, 0], rows: 1, columns: 2 };
const PICTURES_OUTSIDE = { order: [1, 0, 2, 3], rows: 2, columns: 3 };

/** Positions of a map up to which pictures go innermost. */
const SMALL_MAP = 16 * 16;

/** Rows of the first axis brought from the given order into 0, 1, 2 … */
function inTapOrder(x: Tensor, order: readonly number[]): Tensor {
  if (order.every((tap, i) => tap === i)) return x;
  const rows = order.map((_, tap) => slice(x, 0, order.indexOf(tap), order.indexOf(tap) + 1));
  return concat(rows, 0);
}

/** x with its axes in the given order, channels first, split into its stride × stride phases. */
function channelsFirstPhases(x: Tensor, stride: number, order: readonly number[]): Tensor[][] {
  if (stride === 1) return [[transpose(x, order)]];
  const [, cin, height, width] = staticShape(x.shape);
  const missing = (size: number) => (stride - (size % stride)) % stride;
  const whole = pad(x, [0, 0, 0, 0], [0, 0, missing(height), missing(width)]);
  const all = transpose(spaceToDepth(whole, stride), order);
  return Array.from({ length: stride }, (_, row) =>
    Array.from({ length: stride }, (_, column) => {
      const first = (row * stride + column) * cin;
      return slice(all, 0, first, first + cin);
    }),
  );
}
