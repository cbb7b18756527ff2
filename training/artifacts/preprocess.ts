// Any picture → the square the encoder takes, as a graph: the same resize runs in Node, in the browser and in
// Python, so an image lands on the same point wherever it is placed.

import {
  abs,
  add,
  cast,
  clip,
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
  sub,
  type Tensor,
} from "../graph/index.ts";

/**
 * How a picture that is not square becomes one: "cover" cuts the longer sides, "contain" adds the background,
 * "fill" stretches.
 */
export type Fit = "cover" | "contain" | "fill";

export const fits: readonly Fit[] = ["cover", "contain", "fill"];

export interface PreprocessOptions {
  /** Side S of the result. */
  readonly imageSize: number;
  readonly fit: Fit;
  /** Colour around a contained picture, RGB 0 … 255. */
  readonly background: readonly [number, number, number];
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
  const rows = axisWeights(height, fit === "fill" ? height : side, s, "height");
  const columns = axisWeights(width, fit === "fill" ? width : side, s, "width");

  const flat = graph.add("Reshape", [cast(pixels, "float32"), graph.integers([0, -1])], {}, [
    { dtype: "float32", shape: ["height", "3·width"] },
  ])[0];
  const short = matMul(rows.weights, flat);
  const wide = graph.add("Reshape", [short, graph.integers([s, -1, 3])], {}, [
    { dtype: "float32", shape: [s, "width", 3] },
  ])[0];
  let image = matMul(columns.weights, wide);
  if (fit === "contain") {
    const coverage = mul(reshape(rows.coverage, [s, 1, 1]), reshape(columns.coverage, [1, s, 1]));
    const around = graph.constant("float32", [3], Float32Array.from(background));
    image = add(mul(coverage, image), mul(sub(graph.scalar(1), coverage), around));
  }
  graph.output("image", cast(clip(floor(shift(image, 0.5)), 0, 255), "uint8"));
  return serialize(graph);
}

/**
 * Weights [S, size] that resample one axis: `window` input pixels around the middle become S output pixels.
 * coverage [S] is the share of each output pixel that lies within the picture.
 */
function axisWeights(
  size: Tensor,
  window: Tensor,
  s: number,
  dim: string,
): { weights: Tensor; coverage: Tensor } {
  const { graph } = size;
  const step = scale(window, 1 / s);
  const start = scale(sub(size, window), 0.5);
  const half = graph.constant(
    "float32",
    [s],
    Float32Array.from({ length: s }, (_, i) => i + 0.5),
  );
  const centers = add(mul(half, step), start);
  const positions = shift(countTo(size, dim), 0.5);
  const distances = abs(sub(reshape(centers, [s, 1]), positions));
  const reach = maximum(step, graph.scalar(1));
  const triangle = relu(sub(graph.scalar(1), div(distances, reach)));
  const weights = div(triangle, shift(reduceSum(triangle, [1], true), 1e-12));
  const low = maximum(sub(centers, scale(step, 0.5)), graph.scalar(0));
  const high = minimum(add(centers, scale(step, 0.5)), size);
  return { weights, coverage: relu(div(sub(high, low), step)) };
}
