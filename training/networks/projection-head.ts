// The projection head: features → embedding.

import { linear, relu, type Tensor } from "../graph/index.ts";
import { uniformFanIn } from "./initialization.ts";
import type { Model, Weight } from "./model.ts";

/** "mlp" has hidden layers with ReLU; "linear" is a single layer. */
export type HeadKind = "mlp" | "linear";

export interface HeadOptions {
  readonly projectionHead: HeadKind;
  /** Width of the hidden layers of an "mlp" head. */
  readonly hiddenDim: number;
  /** How many hidden layers an "mlp" head has, at least 1. */
  readonly hiddenLayers: number;
  /** Dimensions of the embedding. */
  readonly outDim: number;
}

/** The name that the weights of the last layer begin with; they are all that stage 2 trains. */
export function lastLayer({
  projectionHead,
  hiddenLayers,
}: Pick<HeadOptions, "projectionHead" | "hiddenLayers">): string {
  return projectionHead === "mlp" ? layerName(hiddenLayers) : layerName(0);
}

/** The name that the weights of the first layer begin with, of any head. */
export const firstLayer = layerName(0);

/** Layers and activations are numbered together, as in a `Sequential` of PyTorch. */
function layerName(number: number): string {
  return `head.${2 * number}`;
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
  let x = features;
  if (options.projectionHead === "mlp") {
    for (let i = 0; i < options.hiddenLayers; i++) x = relu(layer(model, x, layerName(i), options.hiddenDim));
  }
  return layer(model, x, lastLayer(options), options.outDim);
}
