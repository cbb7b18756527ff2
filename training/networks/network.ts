// The whole network: image → backbone → features → projection head → embedding. Method: Böhm et al. 2023, sec. 3.

import type { Tensor } from "../graph/index.ts";
import { type BackboneOptions, backbone } from "./backbone.ts";
import type { Model } from "./model.ts";
import { type HeadOptions, projectionHead } from "./projection-head.ts";

export interface NetworkOptions extends BackboneOptions, HeadOptions {
  /** Side of the square images in pixels. */
  readonly imageSize: number;
}

/** Images [N, 3, S, S] in [0, 1] → stem output [N, C, ·, ·], features [N, F] and embedding [N, outDim]. */
export function network(
  model: Model,
  images: Tensor,
  options: NetworkOptions,
): { stemOutput: Tensor; features: Tensor; embedding: Tensor } {
  const { features, stemOutput } = backbone(model, images, options);
  return { stemOutput, features, embedding: projectionHead(model, features, options) };
}
