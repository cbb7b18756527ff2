// A large batch in the memory of a small one, with the gradient of the whole batch's loss (Gao et al. 2021, "Scaling deep
// contrastive learning batch size under memory limited setup"): micro-batches are embedded one by one; the loss and its
// gradient with respect to all embeddings are small; then each micro-batch is run again and that gradient carried back
// through the network. It costs one more pass forwards. BatchNorm normalises each micro-batch by itself, both times
// alike, and averages its running statistics over all of them: as with the same batch spread over several devices.

import { add, Graph, gradients, serialize, staticShape } from "../graph/index.ts";
import { infoNce } from "../losses/info-nce.ts";
import { TrainableModel } from "../networks/model.ts";
import {
  embedViews,
  optimizerGraph,
  type StageArtifacts,
  type StageGraphOptions,
  temperature,
  valuesOf,
} from "./stage-artifacts.ts";

/**
 * Builds the models of a stage whose batches are cut into micro-batches.
 * @param images in a micro-batch
 * @throws if the batch is no whole number of them, the stage trains nothing, or a shape does not fit
 */
export function buildMicroBatchStage(options: StageGraphOptions, images: number): StageArtifacts {
  if (options.batchSize % images !== 0) {
    throw new Error(
      `a batch of ${options.batchSize} images is no whole number of micro-batches of ${images}`,
    );
  }
  const micro = { ...options, batchSize: images };
  const training = carryingBack(micro);
  const loss = lossOfEmbedding(options);
  const parameters = [...training.model.parameters, ...loss.model.parameters];
  const trained = parameters.map(({ weight }) => weight).filter(({ name }) => options.trains(name));
  const [, ...viewShape] = staticShape(training.views.shape);
  return {
    trainingModel: serialize(training.graph),
    evalModel: embedding("eval_model", "evaluation", micro),
    optimizerModel: serialize(optimizerGraph(trained, options.optimizer)),
    micro: {
      images,
      embeddingModel: embedding("embedding_model", "training", micro),
      lossModel: serialize(loss.graph),
    },
    viewsShape: [2 * options.batchSize, ...viewShape],
    ...valuesOf(options, parameters, training.model.statistics),
  };
}

function embedding(name: string, mode: "training" | "evaluation", micro: StageGraphOptions): Uint8Array {
  const graph = new Graph(name);
  graph.output(
    "embedding",
    embedViews(graph, new TrainableModel(graph, mode, micro.layout), micro).embedding,
  );
  return serialize(graph);
}

/** See MicroBatchModels.lossModel. */
function lossOfEmbedding({ network, loss, batchSize, trains }: StageGraphOptions) {
  const graph = new Graph("loss_model");
  const model = new TrainableModel(graph, "training");
  const z = graph.input("embedding", "float32", [2 * batchSize, network.outDim]);
  const result = infoNce(z, loss, temperature(model, loss));
  for (const name of ["loss", "alignment", "uniformity"] as const) graph.output(name, result[name]);
  const trained = model.parameters.filter(({ weight }) => trains(weight.name));
  const [slope, ...slopes] = gradients(result.loss, [z, ...trained.map(({ tensor }) => tensor)]);
  graph.output("embedding.grad", slope);
  for (const [i, { weight }] of trained.entries()) graph.output(`${weight.name}.grad`, slopes[i]);
  return { graph, model };
}

/** The training model of a micro-batch. */
function carryingBack(micro: StageGraphOptions) {
  const graph = new Graph("training_model");
  const model = new TrainableModel(graph, "training", micro.layout);
  const { views, embedding } = embedViews(graph, model, micro);
  const trained = model.parameters.filter(({ weight }) => micro.trains(weight.name));
  if (trained.length === 0) throw new Error("the stage trains no weight");
  const slopes = gradients(
    embedding,
    trained.map(({ tensor }) => tensor),
    graph.input("embedding.grad", "float32", embedding.shape),
  );
  for (const [i, { weight }] of trained.entries()) {
    const sum = graph.input(`${weight.name}.sum`, "float32", weight.shape);
    graph.output(`${weight.name}.grad`, add(sum, slopes[i]));
  }
  for (const { weight, next } of model.statistics) graph.output(`${weight.name}.next`, next);
  return { graph, model, views };
}
