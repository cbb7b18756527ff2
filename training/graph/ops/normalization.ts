// Batch normalisation over N, H, W of [N, C, H, W], with gradients of its own: statistics from two passes of
// sums, everything else affine per channel, which the inference BatchNormalization operator does fastest.
// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html; Ioffe & Szegedy 2015, section 3

import type { Tensor } from "../graph.ts";
import { defineOperator, float } from "../operator.ts";
import { staticShape } from "../types.ts";
import { relu } from "./activation.ts";
import { add, div, mul, neg, scale, shift, sqrt, sub } from "./arithmetic.ts";
import { reduceSum } from "./reduction.ts";
import { reshape } from "./shape.ts";

/** Added to the variance, as in PyTorch. */
export const BATCH_NORM_EPSILON = 1e-5;

defineOperator({
  type: "BatchNormalization",
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient(node, [dy], needed) {
    const [x, gamma, , mean, variance] = node.inputs as Tensor[];
    if (needed[3] || needed[4])
      throw new Error("the statistics have no gradient here; use batchNormTraining");
    const channels = [1, x.shape[1], 1, 1];
    const factor = div(gamma, sqrt(shift(variance, BATCH_NORM_EPSILON)));
    const { sum, dot } = channelSums(dy!, x);
    const standardised = div(sub(dot, mul(mean, sum)), sqrt(shift(variance, BATCH_NORM_EPSILON)));
    return [mul(dy!, reshape(factor, channels)), standardised, sum];
  },
});

/** Per channel: Σ dy and Σ dy · x, each [C]. */
function channelSums(dy: Tensor, x: Tensor): { sum: Tensor; dot: Tensor } {
  return { sum: channelSum(dy), dot: channelSum(mul(dy, x)) };
}

/** Σ over N, H, W of [N, C, H, W]: first within each picture, which goes along memory, then over the pictures. */
function channelSum(x: Tensor): Tensor {
  const [n, c, h, w] = staticShape(x.shape);
  return reduceSum(reshape(reduceSum(reshape(x, [n * c, h * w]), [1]), [n, c]), [0]);
}

/** factor · x + offset per channel; factor and offset are [C]. */
function affine(x: Tensor, factor: Tensor, offset: Tensor): Tensor {
  const inputs = [x, factor, offset, filled(x, 0), filled(x, 1)];
  return x.graph.add("BatchNormalization", inputs, { epsilon: float(0) })[0];
}

/** A value repeated for each channel of x. */
function filled(x: Tensor, value: number): Tensor {
  const c = x.shape[1] as number;
  return x.graph.constant("float32", [c], new Float32Array(c).fill(value));
}

/** Normalises with given statistics (running averages): γ (x − mean) / √(variance + ε) + β; all are [C]. */
export function batchNormInference(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  mean: Tensor,
  variance: Tensor,
): Tensor {
  const inputs = [x, gamma, beta, mean, variance];
  return x.graph.add("BatchNormalization", inputs, { epsilon: float(BATCH_NORM_EPSILON) })[0];
}

/** Normalises with the statistics of the batch, which are returned too: mean and (biased) variance, each [C]. */
export function batchNormTraining(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const [n, , h, w] = staticShape(x.shape);
  const count = n * h * w;
  const [y, mean, variance] = x.graph.composite(
    [x, gamma, beta],
    () => {
      const { sum, dot } = channelSums(x, x);
      const mean = scale(sum, 1 / count);
      // Rounding can take E[x²] − E[x]² below zero on a constant channel.
      const variance = relu(sub(scale(dot, 1 / count), mul(mean, mean)));
      return [batchNormInference(x, gamma, beta, mean, variance), mean, variance];
    },
    ([, mean, variance]) =>
      ([dy]) => {
        const deviation = sqrt(shift(variance, BATCH_NORM_EPSILON));
        const { sum, dot } = channelSums(dy!, x);
        const dGamma = div(sub(dot, mul(mean, sum)), deviation);
        // dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)), written as a · dy + b · x + d
        const a = div(gamma, deviation);
        const b = neg(div(mul(a, scale(dGamma, 1 / count)), deviation));
        const d = neg(add(mul(a, scale(sum, 1 / count)), mul(b, mean)));
        return [add(affine(dy!, a, d), affine(x, b, filled(x, 0))), dGamma, sum];
      },
  );
  return { y, mean, variance };
}
