// The finished network for inference, with its weights inside.

import {
  cast,
  concat,
  Graph,
  globalAveragePool,
  mul,
  relu,
  scale,
  serialize,
  sqrt,
  sub,
  type Tensor,
  transpose,
} from "../graph/index.ts";
import { InferenceModel, type Weights } from "../networks/model.ts";
import { type NetworkOptions, network } from "../networks/network.ts";

/**
 * `images` uint8 [batch, S, S, 3] → `embedding` float32 [batch, outDim], `features` float32 [batch, F], and
 * `statistics` float32 [batch, 2C]: mean and standard deviation of each channel of the stem.
 * BatchNorm is folded into the convolutions; standard operators only.
 * @throws if a weight is missing
 */
export function buildEncoder(weights: Weights, options: NetworkOptions): Uint8Array {
  const graph = new Graph("encoder");
  const { imageSize } = options;
  const images = graph.input("images", "uint8", ["batch", imageSize, imageSize, 3]);
  const pixels = scale(transpose(cast(images, "float32"), [0, 3, 1, 2]), 1 / 255);
  const { stemOutput, features, embedding } = network(new InferenceModel(graph, weights), pixels, options);
  graph.output("embedding", embedding);
  graph.output("features", features);
  graph.output("statistics", channelStatistics(stemOutput));
  return serialize(graph);
}

/**
 * Colours and textures, which the features have learned to leave aside (Lee et al. 2018, "A simple unified framework
 * for detecting out-of-distribution samples", use early layers to the same end): [N, C, H, W] → [N, 2C].
 */
function channelStatistics(x: Tensor): Tensor {
  const mean = globalAveragePool(x);
  // Rounding can make the difference a little negative.
  const variance = relu(sub(globalAveragePool(mul(x, x)), mul(mean, mean)));
  return concat([mean, sqrt(variance)], 1);
}
