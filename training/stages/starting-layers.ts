// How the layers of a head start when the embedding changes its dimensions.

import { principalAxes } from "../../models/principal-axes.ts";
import { standardNormal, uniformFanIn } from "../networks/initialization.ts";
import type { Weights } from "../networks/model.ts";
import { randomStream } from "../random.ts";

/**
 * Standard deviation of a map that starts from principal axes: all points close together, from where every pair can
 * still move apart. From far apart (3) a head can stay for hundreds of steps on a plateau, or (10) for good: far points
 * hardly feel each other.
 */
const MAP_DEVIATION = 0.3;

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
  const { mean, axes, deviations } = principalAxes(embedding, dim);
  const factor = MAP_DEVIATION / Math.max(deviations[0], 1e-12);
  const newWeight = new Float32Array(outputs * inputs);
  const newBias = new Float32Array(outputs);
  // Where there are fewer axes than outputs, the outputs left over start at zero.
  for (let o = 0; o < Math.min(outputs, dim); o++) {
    for (let d = 0; d < dim; d++) {
      const share = axes[o * dim + d] * factor;
      newBias[o] += share * (bias[d] - mean[d]);
      for (let i = 0; i < inputs; i++) newWeight[o * inputs + i] += share * weight[d * inputs + i];
    }
  }
  return { [`${layer}.weight`]: newWeight, [`${layer}.bias`]: newBias };
}

/**
 * A layer that takes its inputs as if their mean were zero: W (x − mean) + b, which is a layer again. Features are what
 * a ReLU lets through, so that without it their mean drowns their differences.
 * @param inputs float32 [count, inputs of the layer]
 */
export function centredLayer(layer: string, previous: Weights, inputs: Float32Array): Weights {
  const weight = previous[`${layer}.weight`];
  const bias = Float32Array.from(previous[`${layer}.bias`]);
  const dim = weight.length / bias.length;
  const count = inputs.length / dim;
  const mean = new Float64Array(dim);
  for (const [i, value] of inputs.entries()) mean[i % dim] += value / count;
  for (let o = 0; o < bias.length; o++) {
    bias[o] -= mean.reduce((sum, value, d) => sum + weight[o * dim + d] * value, 0);
  }
  return { [`${layer}.bias`]: bias };
}
