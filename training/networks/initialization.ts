// How weights start. Same distributions as PyTorch, so that results compare.

import type { Random } from "../random.ts";

/** Draws the values of a weight of the given shape. */
export type Initializer = (shape: readonly number[], random: Random) => Float32Array;

const draw = (shape: readonly number[], next: () => number) =>
  Float32Array.from({ length: shape.reduce((n, dim) => n * dim, 1) }, next);

export const constant =
  (value: number): Initializer =>
  (shape) =>
    draw(shape, () => value);

/** N(0, 1). */
export const standardNormal: Initializer = (shape, random) => draw(shape, () => random.normal());

/** For convolutions before a ReLU: N(0, 2 / (out · kh · kw)). He et al. 2015, fan-out mode. */
export const kaimingNormal: Initializer = (shape, random) => {
  const [out, , kh, kw] = shape;
  const deviation = Math.sqrt(2 / (out * kh * kw));
  return draw(shape, () => deviation * random.normal());
};

/** Uniform in ±1/√fanIn, as PyTorch starts the weight and the bias of a linear layer. */
export const uniformFanIn =
  (fanIn: number): Initializer =>
  (shape, random) =>
    draw(shape, () => random.between(-1, 1) / Math.sqrt(fanIn));
