// Affinities of two points as log-kernels s = log q, from their squared distance or their vectors.

import {
  add,
  div,
  gemm,
  log,
  mul,
  neg,
  normalize,
  reduceSum,
  relu,
  reshape,
  scale,
  shift,
  slice,
  sub,
  type Tensor,
  transpose,
} from "../graph/index.ts";

/**
 * - "cauchy": q = 1 / (1 + d²), the kernel of t-SNE
 * - "cosine": log q = cos(x, y) / τ, SimCLR
 * - "gaussian": log q = −(τ d)²
 * - "student-t": q = (1 + d²/ν)^(−(ν+1)/2); ν = 1 is cauchy
 */
export type KernelName = "cauchy" | "cosine" | "gaussian" | "student-t";

export const kernelNames: readonly KernelName[] = ["cauchy", "cosine", "gaussian", "student-t"];

export interface KernelOptions {
  readonly kernel: KernelName;
  /** ν of "student-t". */
  readonly degreesOfFreedom: number;
}

/** Kernels that have a temperature τ. */
export function hasTemperature(kernel: KernelName): boolean {
  return kernel === "cosine" || kernel === "gaussian";
}

/** Above this many dimensions distances are taken from inner products; below, from differences, which keep their
 * digits when a far-flung map has close neighbours. */
const DIFFERENCES_UP_TO = 8;

/** Log-affinities of all pairs of rows of z [M, D] → [M, M]; τ is a scalar, for the kernels that have one. */
export function pairwise(z: Tensor, options: KernelOptions, temperature?: Tensor): Tensor {
  if (options.kernel === "cosine") {
    const unit = normalize(z);
    return overTemperature(gemm(unit, unit, false, true), temperature);
  }
  return fromSquaredDistance(squaredDistances(z), options, temperature);
}

/** Log-affinities of row i of a with row i of b, both [B, D] → [B]. */
export function rowwise(a: Tensor, b: Tensor, options: KernelOptions, temperature?: Tensor): Tensor {
  if (options.kernel === "cosine") {
    return overTemperature(reduceSum(mul(normalize(a), normalize(b)), [1]), temperature);
  }
  const difference = sub(a, b);
  return fromSquaredDistance(reduceSum(mul(difference, difference), [1]), options, temperature);
}

function squaredDistances(z: Tensor): Tensor {
  const [m, d] = z.shape as number[];
  if (d <= DIFFERENCES_UP_TO) {
    // A plane [M, M] for each coordinate: broadcasting over a last axis of 2 would be many times slower.
    const planes = Array.from({ length: d }, (_, axis) => {
      const column = slice(z, 1, axis, axis + 1);
      const difference = sub(column, reshape(column, [1, m]));
      return mul(difference, difference);
    });
    return planes.reduce(add);
  }
  const lengths = reduceSum(mul(z, z), [1], true);
  const sums = add(lengths, transpose(lengths, [1, 0]));
  return relu(sub(sums, scale(gemm(z, z, false, true), 2)));
}

function fromSquaredDistance(
  d2: Tensor,
  { kernel, degreesOfFreedom: nu }: KernelOptions,
  temperature?: Tensor,
): Tensor {
  if (kernel === "gaussian") return neg(mul(mul(temperature!, temperature!), d2));
  if (kernel === "student-t") return scale(log(shift(scale(d2, 1 / nu), 1)), -(nu + 1) / 2);
  return neg(log(shift(d2, 1)));
}

function overTemperature(cosine: Tensor, temperature?: Tensor): Tensor {
  return div(cosine, temperature!);
}
