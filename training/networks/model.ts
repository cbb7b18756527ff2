// What a network is made with: it asks for parameters and normalisation here, and the mode decides what they
// become. Training and evaluation take weights as inputs of the graph; inference stores them in it.

import {
  add,
  BATCH_NORM_EPSILON,
  batchNormInference,
  type ConvOptions,
  conv,
  type Graph,
  scale,
  sizeOf,
  type Tensor,
} from "../graph/index.ts";
import { constant, type Initializer, kaimingNormal } from "./initialization.ts";
import { type Layout, type LayoutName, layouts } from "./layout.ts";

/** Share of the newest batch in the running statistics, as in PyTorch. */
const BATCH_NORM_MOMENTUM = 0.1;

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A named value of the network: a weight, or a running statistic of BatchNorm. */
export interface Weight extends NamedShape {
  readonly initial: Initializer;
}

/** Values by name. */
export type Weights = Readonly<Record<string, Float32Array>>;

export interface Model {
  readonly graph: Graph;
  /** How maps lie between convolutions. */
  readonly layout: Layout;
  /** A trainable weight. */
  parameter(weight: Weight): Tensor;
  /** Convolution without bias, then BatchNorm; named as in torchvision's ResNet. */
  convNorm(x: Tensor, names: { conv: string; norm: string }, shape: ConvShape): Tensor;
}

export interface ConvShape extends ConvOptions {
  readonly channels: number;
  readonly kernel: number;
  /** How the maps lie. Defaults to the model's layout; honoured in training. */
  readonly layout?: Layout;
}

function convWeight(name: string, inputs: number, { channels, kernel }: ConvShape): Weight {
  return {
    name: `${name}.weight`,
    shape: [channels, inputs, kernel, kernel],
    initial: kaimingNormal,
  };
}

function normWeights(name: string, channels: number) {
  const weight = (part: string, value: number): Weight => ({
    name: `${name}.${part}`,
    shape: [channels],
    initial: constant(value),
  });
  return {
    gamma: weight("weight", 1),
    beta: weight("bias", 0),
    mean: weight("running_mean", 0),
    variance: weight("running_var", 1),
  };
}

/** A model whose weights are inputs of the graph. */
export class TrainableModel implements Model {
  readonly graph: Graph;
  readonly parameters: { weight: Weight; tensor: Tensor }[] = [];
  readonly statistics: { weight: Weight; tensor: Tensor; next: Tensor }[] = [];
  readonly layout: Layout;
  readonly #mode: "training" | "evaluation";

  /**
   * @param mode "training" normalises by the batch and updates running statistics; "evaluation" uses these
   * @param layout of the maps in training. Defaults to "channels-first", as evaluation always has it
   */
  constructor(graph: Graph, mode: "training" | "evaluation", layout: LayoutName = "channels-first") {
    this.graph = graph;
    this.#mode = mode;
    this.layout = layouts[mode === "training" ? layout : "channels-first"];
  }

  parameter(weight: Weight): Tensor {
    const tensor = this.graph.input(weight.name, "float32", weight.shape);
    this.parameters.push({ weight, tensor });
    return tensor;
  }

  convNorm(x: Tensor, names: { conv: string; norm: string }, shape: ConvShape): Tensor {
    const { layout = this.layout } = shape;
    const y = layout.conv(x, this.parameter(convWeight(names.conv, layout.channels(x), shape)), shape);
    const weights = normWeights(names.norm, shape.channels);
    const gamma = this.parameter(weights.gamma);
    const beta = this.parameter(weights.beta);
    const running = [weights.mean, weights.variance].map((w) => this.graph.input(w.name, "float32", w.shape));
    if (this.#mode === "evaluation") {
      this.#keep(weights, running, running);
      return batchNormInference(y, gamma, beta, running[0], running[1]);
    }
    const { y: normalized, mean, variance } = layout.batchNorm(y, gamma, beta);
    const count = sizeOf(y.shape) / shape.channels;
    const unbiased = scale(variance, count / Math.max(count - 1, 1));
    const next = [mean, unbiased].map((value, i) =>
      add(scale(running[i], 1 - BATCH_NORM_MOMENTUM), scale(value, BATCH_NORM_MOMENTUM)),
    );
    this.#keep(weights, running, next);
    return normalized;
  }

  #keep(
    weights: { mean: Weight; variance: Weight },
    running: readonly Tensor[],
    next: readonly Tensor[],
  ): void {
    this.statistics.push({ weight: weights.mean, tensor: running[0], next: next[0] });
    this.statistics.push({ weight: weights.variance, tensor: running[1], next: next[1] });
  }
}

/** A finished model: weights are constants, and BatchNorm is folded into the convolution before it. */
export class InferenceModel implements Model {
  readonly graph: Graph;
  readonly layout = layouts["channels-first"];
  readonly #weights: Weights;

  constructor(graph: Graph, weights: Weights) {
    this.graph = graph;
    this.#weights = weights;
  }

  parameter(weight: Weight): Tensor {
    return this.graph.initializer(weight.name, "float32", weight.shape, this.#value(weight));
  }

  convNorm(x: Tensor, names: { conv: string; norm: string }, shape: ConvShape): Tensor {
    const weight = convWeight(names.conv, this.layout.channels(x), shape);
    const norm = normWeights(names.norm, shape.channels);
    const [kernel, gamma, beta, mean, variance] = [
      weight,
      norm.gamma,
      norm.beta,
      norm.mean,
      norm.variance,
    ].map((w) => this.#value(w));
    const factor = gamma.map((g, i) => g / Math.sqrt(variance[i] + BATCH_NORM_EPSILON));
    const perChannel = kernel.length / shape.channels;
    const folded = kernel.map((value, i) => value * factor[Math.floor(i / perChannel)]);
    const offset = beta.map((b, i) => b - mean[i] * factor[i]);
    const w = this.graph.initializer(weight.name, "float32", weight.shape, folded);
    const b = this.graph.initializer(`${names.conv}.bias`, "float32", [shape.channels], offset);
    return conv(x, w, b, shape);
  }

  #value(weight: Weight): Float32Array {
    const value = this.#weights[weight.name];
    if (!value) throw new Error(`the weights lack ${weight.name}`);
    return value;
  }
}
