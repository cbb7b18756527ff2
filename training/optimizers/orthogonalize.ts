// The heart of Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon): the nearest orthogonal matrix, about.

import {
  add,
  div,
  gemm,
  matMul,
  mul,
  reduceSum,
  reshape,
  scale,
  shift,
  sizeOf,
  sqrt,
  staticShape,
  type Tensor,
  transpose,
} from "../graph/index.ts";

/** Root mean square of the values of an update, about that of Adam's (Liu et al. 2025, "Muon is scalable"). */
const MUON_RMS = 0.2;
/** Quintic of the iteration, and how often it is applied (Jordan et al. 2024, "Muon"). */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;
/** Keeps the quotient finite where all slopes are 0. */
const EPSILON = 1e-12;

/**
 * All singular values of a matrix, filters as its rows, brought to about 1 by the iteration of Newton and Schulz, so
 * that no direction is learned faster than another. A vector is a matrix of one row: its length is brought to 1.
 */
export function orthogonalized(x: Tensor): Tensor {
  const shape = staticShape(x.shape);
  const [rows = 1] = shape;
  const columns = sizeOf(shape) / rows;
  const factor = MUON_RMS * Math.sqrt(Math.max(rows, columns));
  const flat = reshape(x, [rows, columns]);
  const length = shift(sqrt(reduceSum(mul(flat, flat), [0, 1], true)), EPSILON);
  const unit = div(flat, length);
  if (Math.min(rows, columns) === 1) return reshape(scale(unit, factor), shape);
  const wide = rows <= columns;
  let y = wide ? unit : transpose(unit, [1, 0]);
  for (let i = 0; i < ITERATIONS; i++) {
    const square = gemm(y, y, false, true);
    const polynomial = add(scale(square, B), scale(matMul(square, square), C));
    y = add(scale(y, A), matMul(polynomial, y));
  }
  return reshape(scale(wide ? y : transpose(y, [1, 0]), factor), shape);
}
