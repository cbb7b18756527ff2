// The finished network for inference, with its weights inside.

import { cast, Graph, scale, serialize, transpose } from "../graph/index.ts";
import { InferenceModel, type Weights } from "../networks/model.ts";
import { type NetworkOptions, network } from "../networks/network.ts";

/**
 * `images` uint8 [batch, S, S, 3] → `embedding` float32 [batch, outDim], `features` float32 [batch, F].
 * BatchNorm is folded into the convolutions; standard operators only.
 * @throws if a weight is missing
 */
export function buildEncoder(weights: Weights, options: NetworkOptions): Uint8Array {
  const graph = new Graph("encoder");
  const { imageSize } = options;
  const images = graph.input("images", "uint8", ["batch", imageSize, imageSize, 3]);
  const pixels = scale(transpose(cast(images, "float32"), [0, 3, 1, 2]), 1 / 255);
  const { features, embedding } = network(new InferenceModel(graph, weights), pixels, options);
  graph.output("embedding", embedding);
  graph.output("features", features);
  return serialize(graph);
}
