// 2-D convolution of feature maps with positions outermost and pictures innermost, [H, W, Cin, N] * [Cout, Cin, k, k] →
// [Ho, Wo, Cout, N]. Laid out so, every step of Winograd's convolution is a matrix product along memory: a small
// constant one along an axis of the map, and for each product of a tile one over the channels.
// Lavin & Gray 2016, https://arxiv.org/abs/1509.09308

import type { Tensor } from "../graph.ts";
import { sizeOf, staticShape } from "../types.ts";
import type { ConvOptions } from "./convolution.ts";
import { matMul, transposeLast } from "./matmul.ts";
import { reduceSum } from "./reduction.ts";
import { pad, pick, reshape, transpose } from "./shape.ts";
import { correlation, type Matrix, transposed } from "./toom-cook.ts";

/** Outputs of a tile along one axis, at most, and products for them: more would save work, and round worse. */
const TILE = 4;
const PRODUCTS = 6;

/** Input channels up to which products over the channels are too thin, and patches are cut instead. */
const FEW_CHANNELS = 4;

/** A convolution along one axis of a map, tile beside tile. */
interface Axis {
  readonly out: number;
  readonly tiles: number;
  /** Products of a tile. */
  readonly products: number;
  /** [tiles · products, size]; what lies outside the map is zero. */
  readonly input: Matrix;
  /** [products, taps] */
  readonly kernel: Matrix;
  /** [out, tiles · products] */
  readonly output: Matrix;
}

function tiledAxis(size: number, taps: number, stride: number, padding: number): Axis {
  const out = Math.floor((size + 2 * padding - taps) / stride) + 1;
  if (!(out >= 1)) throw new Error("the kernel is larger than the image");
  const m = Math.max(1, Math.min(TILE, out, PRODUCTS + 1 - Math.ceil(taps / stride)));
  const { input, kernel, output } = correlation(m, taps, stride);
  const products = kernel.length;
  const tiles = Math.ceil(out / m);
  const table = (rows: number, columns: number, value: (row: number, column: number) => number | undefined) =>
    Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, c) => value(row, c) ?? 0));
  return {
    out,
    tiles,
    products,
    kernel,
    input: table(tiles * products, size, (row, at) => {
      const first = Math.floor(row / products) * m * stride - padding;
      return input[row % products][at - first];
    }),
    output: table(out, tiles * products, (at, column) =>
      Math.floor(column / products) === Math.floor(at / m) ? output[at % m][column % products] : 0,
    ),
  };
}

function constantMatrix(x: Tensor, rows: Matrix): Tensor {
  return x.graph.constant("float32", [rows.length, rows[0].length], Float32Array.from(rows.flat()));
}

/** m · x along the first axis of [H, W, C, N]. */
function alongRows(m: Matrix, x: Tensor): Tensor {
  const [h, ...rest] = staticShape(x.shape);
  return reshape(matMul(constantMatrix(x, m), reshape(x, [h, sizeOf(rest)])), [m.length, ...rest]);
}

/** m · x along the second axis of [H, W, C, N]. */
function alongColumns(m: Matrix, x: Tensor): Tensor {
  const [h, w, c, n] = staticShape(x.shape);
  return reshape(matMul(constantMatrix(x, m), reshape(x, [h, w, c * n])), [h, m.length, c, n]);
}

/**
 * x * w.
 * @param x [H, W, Cin, N]
 * @param w [Cout, Cin, k, k]
 * @returns [Ho, Wo, Cout, N]
 * @throws if a size is not known, the channels differ, or the kernel is larger than the map
 */
export function convInnermost(x: Tensor, w: Tensor, { stride = 1, padding = 0 }: ConvOptions = {}): Tensor {
  const [height, width, channels] = staticShape(x.shape);
  const [, cin, taps] = staticShape(w.shape);
  if (channels !== cin) throw new Error(`the number of channels differs: [${x.shape}] and [${w.shape}]`);
  const rows = tiledAxis(height, taps, stride, padding);
  const columns = tiledAxis(width, taps, stride, padding);
  if (taps === 1 && padding === 0) {
    // Its products are the outputs themselves; those of the last tile that lie outside the map are left off.
    const chosen = (axis: Axis) => axis.input.slice(0, axis.out);
    return pointwise(stride === 1 ? x : alongColumns(chosen(columns), alongRows(chosen(rows), x)), w);
  }
  if (cin <= FEW_CHANNELS) return patchwise(x, w, { stride, padding }, rows, columns);
  return tilewise(x, w, rows, columns);
}

/** A 1 × 1 convolution: one product for each position. */
function pointwise(x: Tensor, w: Tensor): Tensor {
  const [h, width, cin, n] = staticShape(x.shape);
  const cout = w.shape[0] as number;
  const y = matMul(reshape(w, [cout, cin]), reshape(x, [h * width, cin, n]));
  return reshape(y, [h, width, cout, n]);
}

function tilewise(x: Tensor, w: Tensor, rows: Axis, columns: Axis): Tensor {
  const cout = w.shape[0] as number;
  const u = kernelProducts(w, rows, columns);
  return x.graph.composite(
    [x, u],
    () => {
      const v = inTiles(alongColumns(columns.input, alongRows(rows.input, x)), rows, columns);
      const [, , , , , n] = v.shape;
      const products = reshape(matMul(u, v), [rows.output[0].length, columns.output[0].length, cout, n]);
      return [alongRows(rows.output, alongColumns(columns.output, products))];
    },
    () =>
      ([dy], needed) => {
        const dProducts = productGradient(dy!, rows, columns);
        return [
          needed[0] ? inputGradient(dProducts, u, rows, columns) : undefined,
          needed[1] ? kernelGradient(dProducts, x, rows, columns) : undefined,
        ];
      },
  )[0];
}

/** w [Cout, Cin, k, k] → what goes into each product, [1, products, 1, products, Cout, Cin]. */
function kernelProducts(w: Tensor, rows: Axis, columns: Axis): Tensor {
  const [cout, cin, kh, kw] = staticShape(w.shape);
  const both = rows.kernel.flatMap((row) =>
    columns.kernel.map((column) => row.flatMap((p) => column.map((q) => p * q))),
  );
  const taps = transpose(reshape(w, [cout * cin, kh * kw]), [1, 0]);
  return reshape(matMul(constantMatrix(w, both), taps), [1, rows.products, 1, columns.products, cout, cin]);
}

/** [tiles · products, tiles · products, C, N] with tiles and products apart. */
function inTiles(x: Tensor, rows: Axis, columns: Axis): Tensor {
  const [, , c, n] = staticShape(x.shape);
  return reshape(x, [rows.tiles, rows.products, columns.tiles, columns.products, c, n]);
}

/** dy → the gradient at the products. */
function productGradient(dy: Tensor, rows: Axis, columns: Axis): Tensor {
  const spread = alongRows(transposed(rows.output), dy);
  return inTiles(alongColumns(transposed(columns.output), spread), rows, columns);
}

function inputGradient(dProducts: Tensor, u: Tensor, rows: Axis, columns: Axis): Tensor {
  const [cin, n] = [u.shape[5], dProducts.shape[5]];
  const dv = matMul(transposeLast(u), dProducts);
  const flat = reshape(dv, [rows.input.length, columns.input.length, cin, n]);
  return alongRows(transposed(rows.input), alongColumns(transposed(columns.input), flat));
}

function kernelGradient(dProducts: Tensor, x: Tensor, rows: Axis, columns: Axis): Tensor {
  // Made again, so that the products' inputs, more than twice the map, need not be kept since the way forwards; and in
  // the other order, lest ONNX Runtime should find that it has them already.
  const v = inTiles(alongRows(rows.input, alongColumns(columns.input, x)), rows, columns);
  let du = matMul(dProducts, transposeLast(v));
  // One axis after the other is faster than both at once.
  if (rows.tiles > 1) du = reduceSum(du, [0], true);
  if (columns.tiles > 1) du = reduceSum(du, [2], true);
  return du;
}

/** For few input channels: the patch around each position, then one product with all kernels. */
function patchwise(x: Tensor, w: Tensor, options: Required<ConvOptions>, rows: Axis, columns: Axis): Tensor {
  const [height, width, cin, n] = staticShape(x.shape);
  const [cout, , kh, kw] = staticShape(w.shape);
  const [positions, taps] = [rows.out * columns.out, cin * kh * kw];
  const indices = patchIndices([height, width, cin], [kh, kw], options, rows, columns);
  const patches = () => {
    const withZeros = pad(reshape(x, [height * width * cin, n]), [0, 0], [1, 0]);
    return pick(withZeros, indices, [positions, taps]);
  };
  return x.graph.composite(
    [x, w],
    () => [reshape(matMul(reshape(w, [cout, taps]), patches()), [rows.out, columns.out, cout, n])],
    () =>
      ([dy], needed) => {
        const dx = () =>
          inputGradient(productGradient(dy!, rows, columns), kernelProducts(w, rows, columns), rows, columns);
        const dw = () => {
          const each = matMul(reshape(dy!, [positions, cout, n]), transposeLast(patches()));
          return reshape(reduceSum(each, [0]), w.shape);
        };
        return [needed[0] ? dx() : undefined, needed[1] ? dw() : undefined];
      },
  )[0];
}

/** For each output position, each input channel and each tap: the row of [H · W · Cin, N] it takes, or the one after. */
function patchIndices(
  [height, width, cin]: readonly number[],
  [kh, kw]: readonly number[],
  { stride, padding }: Required<ConvOptions>,
  rows: Axis,
  columns: Axis,
): number[] {
  const upTo = (count: number) => [...Array(count).keys()];
  const rowOf = (y: number, x: number, channel: number) =>
    y >= 0 && y < height && x >= 0 && x < width ? (y * width + x) * cin + channel : height * width * cin;
  return upTo(rows.out).flatMap((row) =>
    upTo(columns.out).flatMap((column) =>
      upTo(cin).flatMap((channel) =>
        upTo(kh).flatMap((i) =>
          upTo(kw).map((j) => rowOf(row * stride + i - padding, column * stride + j - padding, channel)),
        ),
      ),
    ),
  );
}

/**
 * [N, C, H, W] → [H, W, C, N]. A plain transpose of a matrix and whole rows put in order, which is several times as fast
 * as one general transpose.
 */
export function picturesInnermost(x: Tensor): Tensor {
  const [n, c, h, w] = staticShape(x.shape);
  const [size, area] = [c * h * w, h * w];
  const there = Array.from({ length: size }, (_, row) => (row % c) * area + Math.floor(row / c));
  const back = Array.from({ length: size }, (_, row) => (row % area) * c + Math.floor(row / area));
  return x.graph.composite(
    [x],
    () => [reshape(pick(transpose(reshape(x, [n, size]), [1, 0]), there, [size]), [h, w, c, n])],
    () =>
      ([dy]) => [reshape(transpose(pick(reshape(dy!, [size, n]), back, [size]), [1, 0]), x.shape)],
  )[0];
}
