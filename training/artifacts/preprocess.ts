// Any picture → the square the encoder takes, as a graph: the same resize runs in Node, in the browser and in
// Python, so an image lands on the same point wherever it is placed.

import type { Rgb } from "../../models/color.ts";
import type { Fit } from "../../models/fit.ts";
import {
  abs,
  add,
  cast,
  clip,
  concat,
  countTo,
  div,
  floor,
  Graph,
  matMul,
  maximum,
  minimum,
  mul,
  reduceSum,
  relu,
  reshape,
  scale,
  serialize,
  shift,
  sizeAlong,
  slice,
  sub,
  type Tensor,
} from "../graph/index.ts";

export interface PreprocessOptions {
  /** Side S of the result. */
  readonly imageSize: number;
  readonly fit: Fit;
  /** Colour around a contained picture, RGB 0 … 255. */
  readonly background: Rgb;
}

/**
 * `pixels` uint8 [height, width, 3] → `image` uint8 [S, S, 3]. Antialiased bilinear resize: a triangle filter as
 * wide as an output pixel, as in Pillow. A picture of S × S passes unchanged.
 */
export function buildPreprocess(options: PreprocessOptions): Uint8Array {
  const { imageSize: s, fit, background } = options;
  const graph = new Graph("preprocess");
  const pixels = graph.input("pixels", "uint8", ["height", "width", 3]);
  const height = sizeAlong(pixels, 0);
  const width = sizeAlong(pixels, 1);
  const side = fit === "cover" ? minimum(height, width) : maximum(height, width);
  const rows = resampling(height, fit === "fill" ? height : side, s, "height");
  const columns = resampling(width, fit === "fill" ? width : side, s, "width");

  const inWindow = (x: Tensor) => (fit === "cover" ? span(x, 1, columns, 0, columns.bands - 1) : x);
  const cut = inWindow(pixels);
  const short = graph.add("Reshape", [resampleRows(cut, rows, s), graph.integers([s, -1, 3])], {}, [
    { dtype: "float32", shape: [s, cut.shape[1], 3] },
  ])[0];
  let image = matMul(inWindow(columns.weights), short);
  if (fit === "contain") {
    const coverage = mul(reshape(rows.coverage, [s, 1, 1]), reshape(columns.coverage, [1, s, 1]));
    const around = graph.constant("float32", [3], Float32Array.from(background));
    image = add(mul(coverage, image), mul(sub(graph.scalar(1), coverage), around));
  }
  graph.output("image", cast(clip(floor(shift(image, 0.5)), 0, 255), "uint8"));
  return serialize(graph);
}

/** How one axis is resampled. */
interface Resampling {
  /** Of all input pixels for each output pixel: [S, size]. */
  readonly weights: Tensor;
  /** How much of each output pixel lies within the picture: [S]. */
  readonly coverage: Tensor;
  /** Of bands of output pixels: how many there are, and the input pixels that count for each, int64 [bands]. */
  readonly bands: number;
  readonly first: Tensor;
  readonly end: Tensor;
}

/** Output pixels of a band: few input pixels count for them, and only those are multiplied. */
const BAND = 8;

/** `window` input pixels around the middle of an axis become S output pixels. */
function resampling(size: Tensor, window: Tensor, s: number, dim: string): Resampling {
  const { graph } = size;
  const step = scale(window, 1 / s);
  const start = scale(sub(size, window), 0.5);
  const centersOf = (outputs: readonly number[]) => {
    const middles = outputs.map((i) => i + 0.5);
    return add(mul(graph.constant("float32", [middles.length], Float32Array.from(middles)), step), start);
  };
  const centers = centersOf([...Array(s).keys()]);
  const positions = shift(countTo(size, dim), 0.5);
  const distances = abs(sub(reshape(centers, [s, 1]), positions));
  const reach = maximum(step, graph.scalar(1));
  const triangle = relu(sub(graph.scalar(1), div(distances, reach)));
  const weights = div(triangle, shift(reduceSum(triangle, [1], true), 1e-12));
  const low = maximum(sub(centers, scale(step, 0.5)), graph.scalar(0));
  const high = minimum(add(centers, scale(step, 0.5)), size);

  // At least one pixel each, also for what lies outside a picture that is contained.
  const bands = Math.ceil(s / BAND);
  const starts = Array.from({ length: bands }, (_, band) => band * BAND);
  const ends = starts.map((first) => Math.min(first + BAND, s) - 1);
  const first = minimum(
    maximum(floor(sub(centersOf(starts), reach)), graph.scalar(0)),
    sub(size, graph.scalar(1)),
  );
  const beyond = shift(floor(add(centersOf(ends), reach)), 1);
  const end = minimum(maximum(beyond, shift(first, 1)), size);
  return {
    weights,
    coverage: relu(div(sub(high, low), step)),
    bands,
    first: cast(first, "int64"),
    end: cast(end, "int64"),
  };
}

/** What counts for the bands from one to another, both included, of an axis of x. */
function span(x: Tensor, axis: number, { first, end }: Resampling, from: number, to: number): Tensor {
  const { graph } = x;
  const bounds = [slice(first, 0, from, from + 1), slice(end, 0, to, to + 1)];
  const shape = x.shape.map((dim, i) => (i === axis ? `${dim} ${from}–${to}` : dim));
  return graph.add("Slice", [x, ...bounds, graph.integers([axis])], {}, [{ dtype: x.dtype, shape }])[0];
}

/** uint8 [height, width, 3] → float32 [S, 3·width]. */
function resampleRows(pixels: Tensor, rows: Resampling, s: number): Tensor {
  const { graph } = pixels;
  const bands = Array.from({ length: rows.bands }, (_, band) => {
    const outputs = slice(rows.weights, 0, band * BAND, Math.min((band + 1) * BAND, s));
    const input = cast(span(pixels, 0, rows, band, band), "float32");
    const flat = graph.add("Reshape", [input, graph.integers([0, -1])], {}, [
      { dtype: "float32", shape: [input.shape[0], `3·${input.shape[1]}`] },
    ])[0];
    return matMul(span(outputs, 1, rows, band, band), flat);
  });
  return concat(bands, 0);
}
