// How the last layer of a stage starts when the embedding changes its dimensions.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { standardNormal, uniformFanIn } from "../networks/initialization.ts";
import type { Weights } from "../networks/model.ts";
import { randomStream } from "../random.ts";

/** Standard deviation of a map that starts from principal axes: points a few units apart, where the Cauchy kernel
 * is neither flat nor saturated. */
const MAP_DEVIATION = 3;

/** N(0, 1) for the weight, the bias as in a linear layer (Böhm et al. 2023, section 4). */
export function standardNormalLayer(layer: string, inputs: number, outputs: number, seed: number): Weights {
  return {
    [`${layer}.weight`]: standardNormal([outputs, inputs], randomStream(seed, "last layer", "weight")),
    [`${layer}.bias`]: uniformFanIn(inputs)([outputs], randomStream(seed, "last layer", "bias")),
  };
}

/**
 * The layer whose outputs are the first principal axes of the outputs z = W h + b of the layer before it: since a
 * projection of z is linear in h, P (W h + b − mean) is a layer again. Scaled so that the first axis has a standard
 * deviation of MAP_DEVIATION.
 * @param embedding outputs z of the old layer on a sample of images, float32 [count, D]
 */
export function principalAxesLayer(
  layer: string,
  previous: Weights,
  embedding: Float32Array,
  outputs: number,
): Weights {
  const weight = previous[`${layer}.weight`];
  const bias = previous[`${layer}.bias`];
  const dim = bias.length;
  const inputs = weight.length / dim;
  const { mean, axes, deviation } = principalAxes(embedding, dim, outputs);
  const factor = MAP_DEVIATION / Math.max(deviation, 1e-12);
  const newWeight = new Float32Array(outputs * inputs);
  const newBias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    for (let d = 0; d < dim; d++) {
      const share = axes[o][d] * factor;
      newBias[o] += share * (bias[d] - mean[d]);
      for (let i = 0; i < inputs; i++) newWeight[o * inputs + i] += share * weight[d * inputs + i];
    }
  }
  return { [`${layer}.weight`]: newWeight, [`${layer}.bias`]: newBias };
}

function principalAxes(x: Float32Array, dim: number, count: number) {
  const rows = x.length / dim;
  const mean = new Float64Array(dim);
  for (let i = 0; i < x.length; i++) mean[i % dim] += x[i] / rows;
  const covariance = Matrix.zeros(dim, dim);
  const centered = new Float64Array(dim);
  for (let r = 0; r < rows; r++) {
    for (let d = 0; d < dim; d++) centered[d] = x[r * dim + d] - mean[d];
    for (let a = 0; a < dim; a++) {
      for (let b = a; b < dim; b++) {
        covariance.set(a, b, covariance.get(a, b) + (centered[a] * centered[b]) / rows);
      }
    }
  }
  for (let a = 0; a < dim; a++) for (let b = 0; b < a; b++) covariance.set(a, b, covariance.get(b, a));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  // Fewer dimensions than asked for: the missing axes stay zero.
  const axes = Array.from({ length: count }, (_, o) =>
    o < dim ? eigenvectorMatrix.getColumn(order[o]) : new Array<number>(dim).fill(0),
  );
  return { mean, axes, deviation: Math.sqrt(Math.max(realEigenvalues[order[0]], 0)) };
}
