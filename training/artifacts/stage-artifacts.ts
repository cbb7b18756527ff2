// The training artifacts of one stage: three ONNX models in standard operators and the list of the values that
// flow between them. Named as ONNX Runtime's on-device training names them.

import { exp, Graph, gradients, serialize, staticShape, type Tensor } from "../graph/index.ts";
import { infoNce } from "../losses/info-nce.ts";
import { hasTemperature, type KernelOptions } from "../losses/kernels.ts";
import { featureDim } from "../networks/backbone.ts";
import { constant } from "../networks/initialization.ts";
import type { LayoutName } from "../networks/layout.ts";
import { type NamedShape, TrainableModel, type Weight } from "../networks/model.ts";
import { type NetworkOptions, network } from "../networks/network.ts";
import { projectionHead } from "../networks/projection-head.ts";
import { momentNames, type OptimizerOptions, update } from "../optimizers/optimizer.ts";

export interface LossOptions extends KernelOptions {
  /** τ of the kernels that have one. */
  readonly temperature: number;
  /** Whether τ is trained, starting from `temperature`. */
  readonly learnTemperature: boolean;
}

export interface StageGraphOptions {
  readonly network: NetworkOptions;
  readonly loss: LossOptions;
  readonly optimizer: OptimizerOptions;
  /** Images in a batch, B; at least 2. */
  readonly batchSize: number;
  /** What a stage is fed: images for the whole network, or the backbone's features for the projection head alone. */
  readonly input: "images" | "features";
  /** How feature maps lie in training. Defaults to "channels-first". */
  readonly layout?: LayoutName;
  /** Whether a weight is trained in this stage; the others pass unchanged, but BatchNorm goes on averaging. */
  readonly trains: (weightName: string) => boolean;
}

/** The trained temperature's name; its value is log τ. */
export const LOG_TEMPERATURE = "loss.log_temperature";

/**
 * Models for any ONNX Runtime, the convolutions its own; the same laid out for a processor; or for ONNX Runtime's own
 * TrainingSession (see ort-training.ts).
 */
export type Flavour = "portable" | "processor" | "ort-training";

/** What micro-batches need beside the other models; see micro-batch.ts. */
export interface MicroBatchModels {
  /** Images in a micro-batch, M; the batch holds a whole number of them. */
  readonly images: number;
  /**
   * Inputs: views [2M, …], every weight and running statistic. Output: embedding [2M, outDim]. Normalises by these
   * views' own statistics.
   */
  readonly embeddingModel: Uint8Array;
  /**
   * Inputs: embedding [2B, outDim], and a trained temperature. Outputs: loss, alignment, uniformity, embedding.grad, and
   * the temperature's gradient if it is trained.
   */
  readonly lossModel: Uint8Array;
}

/** The models of a stage and what flows between them. */
export interface StageModels {
  /**
   * Inputs: views float32 [2B, 3, S, S] in [0, 1], or [2B, F] where features are the input (rows i and B + i are
   * a pair), every weight and running statistic. Outputs: loss, alignment, uniformity (scalars), `<weight>.grad` of each trained weight,
   * `<statistic>.next`. With micro-batches: views [2M, …] of one of them, embedding.grad [2M, outDim] in place of a
   * loss, and `<weight>.sum`, to which its gradient is added.
   */
  readonly trainingModel: Uint8Array;
  /**
   * Views, weights and statistics; outputs: loss, and embedding [2B, outDim]. Normalises with the running statistics.
   * With micro-batches: the embedding of one of them alone.
   */
  readonly evalModel: Uint8Array;
  /**
   * Inputs: learning_rate, step (float32 scalars; step counts from 1), `<weight>`, `<weight>.grad` and
   * `<weight>.<moment>` of each trained weight. Outputs: `<weight>.next`, `<weight>.<moment>.next`.
   */
  readonly optimizerModel: Uint8Array;
  /** Where a batch is cut into micro-batches. */
  readonly micro?: MicroBatchModels;
  /** [2B, 3, S, S] or [2B, F]. */
  readonly viewsShape: readonly number[];
  /** Every weight, in the order of the network. */
  readonly weights: readonly NamedShape[];
  /** Names of the weights trained here. */
  readonly trained: readonly string[];
  /** The running statistics of BatchNorm. */
  readonly statistics: readonly NamedShape[];
  readonly moments: readonly string[];
}

/** The models of a stage, with how its values start. */
export interface StageArtifacts extends StageModels {
  readonly weights: readonly Weight[];
  readonly statistics: readonly Weight[];
}

function lossGraph(name: string, mode: "training" | "evaluation", options: StageGraphOptions) {
  const graph = new Graph(name);
  const model = new TrainableModel(graph, mode, options.layout);
  const { views, embedding } = embedViews(graph, model, options);
  const result = infoNce(embedding, options.loss, temperature(model, options.loss));
  return { graph, model, views, embedding, ...result };
}

export function embedViews(
  graph: Graph,
  model: TrainableModel,
  { input, network: net, batchSize }: StageGraphOptions,
) {
  if (input === "features") {
    const views = graph.input("views", "float32", [2 * batchSize, featureDim(net)]);
    return { views, embedding: projectionHead(model, views, net) };
  }
  const views = graph.input("views", "float32", [2 * batchSize, 3, net.imageSize, net.imageSize]);
  return { views, embedding: network(model, views, net).embedding };
}

export function temperature(model: TrainableModel, loss: LossOptions): Tensor | undefined {
  if (!hasTemperature(loss.kernel)) return undefined;
  if (!loss.learnTemperature) return model.graph.scalar(loss.temperature);
  const initial = constant(Math.log(loss.temperature));
  return exp(model.parameter({ name: LOG_TEMPERATURE, shape: [], initial }));
}

/**
 * The training model as far as all flavours have it: outputs loss, alignment, uniformity; what is trained, and the
 * gradients of that, which are no outputs yet.
 * @throws if the stage trains nothing, or a shape does not fit
 */
export function trainingGraph(options: StageGraphOptions) {
  const training = lossGraph("training_model", "training", options);
  const { graph, model, views, loss } = training;
  const trained = model.parameters.filter(({ weight }) => options.trains(weight.name));
  if (trained.length === 0) throw new Error("the stage trains no weight");
  for (const name of ["loss", "alignment", "uniformity"] as const) graph.output(name, training[name]);
  const slopes = gradients(
    loss,
    trained.map(({ tensor }) => tensor),
  );
  return { graph, model, views, trained, slopes };
}

/** What all flavours of a stage have in common, beside those two models. */
export function commonArtifacts(
  options: StageGraphOptions,
  { model, views }: ReturnType<typeof trainingGraph>,
): Omit<StageArtifacts, "trainingModel" | "optimizerModel"> {
  return {
    evalModel: evaluationModel(options),
    viewsShape: staticShape(views.shape),
    ...valuesOf(options, model.parameters, model.statistics),
  };
}

/** The values that flow between the models of a stage. */
export function valuesOf(
  { trains, optimizer }: StageGraphOptions,
  parameters: readonly { weight: Weight }[],
  statistics: readonly { weight: Weight }[],
) {
  const weights = parameters.map(({ weight }) => weight);
  return {
    weights,
    trained: weights.map(({ name }) => name).filter(trains),
    statistics: statistics.map(({ weight }) => weight),
    moments: momentNames(optimizer.optimizer),
  };
}

/** Builds the models of a stage. @throws if it trains nothing, or a shape does not fit */
export function buildStage(options: StageGraphOptions): StageArtifacts {
  const training = trainingGraph(options);
  const { graph, model, trained, slopes } = training;
  for (const [i, { weight }] of trained.entries()) graph.output(`${weight.name}.grad`, slopes[i]);
  for (const { weight, next } of model.statistics) graph.output(`${weight.name}.next`, next);
  const weights = trained.map(({ weight }) => weight);
  return {
    ...commonArtifacts(options, training),
    trainingModel: serialize(graph),
    optimizerModel: serialize(optimizerGraph(weights, options.optimizer)),
  };
}

/** See StageModels.evalModel. */
function evaluationModel(options: StageGraphOptions): Uint8Array {
  const { graph, loss, embedding } = lossGraph("eval_model", "evaluation", options);
  graph.output("loss", loss);
  graph.output("embedding", embedding);
  return serialize(graph);
}

export function optimizerGraph(weights: readonly Weight[], options: OptimizerOptions): Graph {
  const graph = new Graph("optimizer_model");
  const learningRate = graph.input("learning_rate", "float32", []);
  const step = graph.input("step", "float32", []);
  const names = momentNames(options.optimizer);
  for (const { name, shape } of weights) {
    const weight = graph.input(name, "float32", shape);
    const gradient = graph.input(`${name}.grad`, "float32", shape);
    const moments = names.map((moment) => graph.input(`${name}.${moment}`, "float32", shape));
    const next = update({ weight, moments }, gradient, { learningRate, step }, options);
    graph.output(`${name}.next`, next.weight);
    for (const [i, moment] of names.entries()) graph.output(`${name}.${moment}.next`, next.moments[i]);
  }
  return graph;
}
