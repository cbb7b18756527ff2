// One update of all trainable weights as a graph. Formulas as in torch.optim, so that results compare.

import {
  add,
  clip,
  div,
  exp,
  type Graph,
  mul,
  scale,
  shift,
  sqrt,
  sub,
  type Tensor,
} from "../graph/index.ts";
import { orthogonalized } from "./orthogonalize.ts";

/**
 * "sgd" has momentum; "adam" puts weight decay into the gradient, "adamw" takes it from the weight; "muon" goes equally
 * far in all directions of each weight matrix, which learns from fewer images (see docs/research.md).
 */
export type OptimizerName = "sgd" | "adam" | "adamw" | "muon";

export const optimizerNames: readonly OptimizerName[] = ["sgd", "adam", "adamw", "muon"];

export interface OptimizerOptions {
  readonly optimizer: OptimizerName;
  /** Momentum of "sgd" and "muon". */
  readonly momentum: number;
  readonly weightDecay: number;
  /** Gradients are limited to ± this value before anything else. */
  readonly clipValue: number;
}

export function hasMomentum(optimizer: OptimizerName): boolean {
  return optimizer === "sgd" || optimizer === "muon";
}

/** Names of the moments kept for each weight. */
export function momentNames(optimizer: OptimizerName): readonly string[] {
  return hasMomentum(optimizer) ? ["momentum"] : ["first_moment", "second_moment"];
}

/** Decay rates of Adam's moments, and what keeps its quotient finite (Kingma & Ba 2015). */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export interface OptimizerInputs {
  /** Scalar. */
  readonly learningRate: Tensor;
  /** Number of this update, from 1; a scalar float32. */
  readonly step: Tensor;
}

export interface Update {
  readonly weight: Tensor;
  /** In the order of momentNames. */
  readonly moments: readonly Tensor[];
}

/** The next value of a weight and its moments, all of one shape. */
export function update(
  { weight, moments }: Update,
  gradient: Tensor,
  inputs: OptimizerInputs,
  options: OptimizerOptions,
): Update {
  const clipped = clip(gradient, -options.clipValue, options.clipValue);
  if (options.optimizer === "sgd") {
    const momentum = add(
      scale(moments[0], options.momentum),
      withDecay(clipped, weight, options.weightDecay),
    );
    return { weight: sub(weight, mul(momentum, inputs.learningRate)), moments: [momentum] };
  }
  if (options.optimizer === "muon") {
    const momentum = add(scale(moments[0], options.momentum), clipped);
    const ahead = add(clipped, scale(momentum, options.momentum)); // as Nesterov
    const step = withDecay(orthogonalized(ahead), weight, options.weightDecay);
    return { weight: sub(weight, mul(step, inputs.learningRate)), moments: [momentum] };
  }
  const decoupled = options.optimizer === "adamw";
  const g = decoupled ? clipped : withDecay(clipped, weight, options.weightDecay);
  const first = add(scale(moments[0], ADAM.beta1), scale(g, 1 - ADAM.beta1));
  const second = add(scale(moments[1], ADAM.beta2), scale(mul(g, g), 1 - ADAM.beta2));
  const { graph } = weight;
  const deviation = shift(sqrt(div(second, biasCorrection(graph, ADAM.beta2, inputs.step))), ADAM.epsilon);
  const direction = div(div(first, biasCorrection(graph, ADAM.beta1, inputs.step)), deviation);
  const total = decoupled ? withDecay(direction, weight, options.weightDecay) : direction;
  return { weight: sub(weight, mul(total, inputs.learningRate)), moments: [first, second] };
}

function withDecay(x: Tensor, weight: Tensor, decay: number): Tensor {
  return decay === 0 ? x : add(x, scale(weight, decay));
}

/** 1 − β^step. */
function biasCorrection(graph: Graph, beta: number, step: Tensor): Tensor {
  return sub(graph.scalar(1), exp(scale(step, Math.log(beta))));
}
