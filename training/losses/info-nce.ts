// InfoNCE over a batch of pairs of views. Böhm et al. 2023, section 3; van den Oord et al. 2018.

import { add, identity, logSumExp, mean, scale, slice, sub, type Tensor } from "../graph/index.ts";
import { type KernelOptions, pairwise, rowwise } from "./kernels.ts";

/** Added to the affinity of a point with itself, so that it has no part in a sum of exponentials. */
const EXCLUDED = -1e30;

export interface InfoNce {
  /** uniformity − alignment, a scalar. */
  readonly loss: Tensor;
  /** Mean log-affinity of the two views of an image. */
  readonly alignment: Tensor;
  /** Mean over all views of the log-sum of affinities to all other views. */
  readonly uniformity: Tensor;
}

/**
 * @param z embedding [2B, D]; rows i and B + i are the views of image i
 * @param temperature a scalar, for the kernels that have one
 */
export function infoNce(z: Tensor, options: KernelOptions, temperature?: Tensor): InfoNce {
  const rows = z.shape[0] as number;
  const half = rows / 2;
  const alignment = mean(rowwise(slice(z, 0, 0, half), slice(z, 0, half, rows), options, temperature));
  const self = scale(identity(z.graph, rows), EXCLUDED);
  const others = add(pairwise(z, options, temperature), self);
  const uniformity = mean(logSumExp(others));
  return { loss: sub(uniformity, alignment), alignment, uniformity };
}
