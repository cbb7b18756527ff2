// The projection head: features → embedding.

import { linear, relu, type Tensor } from "../graph/index.ts";
import { uniformFanIn } from "./initialization.ts";
import type { Model, Weight } from "./model.ts";

/** "mlp" has one hidden layer with ReLU; "linear" is a single layer. */
export type HeadKind = "mlp" | "linear";

export interface HeadOptions {
  readonly projectionHead: HeadKind;
  /** Width of the hidden layer of an "mlp" head. */
  readonly hiddenDim: number;
  /** Dimensions of the embedding. */
  readonly outDim: number;
}

/** The name that the weights of the last layer begin with; they are all that stage 2 trains. */
export function lastLayer({ projectionHead }: Pick<HeadOptions, "projectionHead">): string {
  return projectionHead === "mlp" ? "head.2" : "head.0";
}

function layerWeights(name: string, inputs: number, outputs: number): { weight: Weight; bias: Weight } {
  const initial = uniformFanIn(inputs);
  return {
    weight: { name: `${name}.weight`, shape: [outputs, inputs], initial },
    bias: { name: `${name}.bias`, shape: [outputs], initial },
  };
}

function layer(model: Model, x: Tensor, name: string, outputs: number): Tensor {
  const { weight, bias } = layerWeights(name, x.shape[1] as number, outputs);
  return linear(x, model.parameter(weight), model.parameter(bias));
}

/** Features [N, F] → embedding [N, outDim], not normalised. */
export function projectionHead(model: Model, features: Tensor, options: HeadOptions): Tensor {
  if (options.projectionHead === "linear") return layer(model, features, "head.0", options.outDim);
  const hidden = relu(layer(model, features, "head.0", options.hiddenDim));
  return layer(model, hidden, "head.2", options.outDim);
}
