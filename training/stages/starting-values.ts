// What a stage begins with.

import { buildEncoder } from "../artifacts/encoder.ts";
import { initialValues } from "../artifacts/initial-state.ts";
import type { StageArtifacts } from "../artifacts/stage-artifacts.ts";
import type { Dataset } from "../dataset/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import type { Weights } from "../networks/model.ts";
import { firstLayer, lastLayer } from "../networks/projection-head.ts";
import { permutation, randomStream } from "../random.ts";
import { embedDataset } from "./embed-dataset.ts";
import { type RunSettings, stageNetwork } from "./settings.ts";
import { centredLayer, principalAxesLayer, standardNormalLayer } from "./starting-layers.ts";

/** Images that a new head is fitted to before it learns, at most; they are placed twice. */
export const HEAD_SAMPLE = 1000;

/** Values a stage begins with, given the weights of the one before. */
export async function startingValues(
  { settings, dataset, engine }: { settings: RunSettings; dataset: Dataset; engine: Engine },
  index: number,
  artifacts: StageArtifacts,
  previous: Weights,
): Promise<Weights> {
  const stage = settings.stages[index];
  if (stage.lastLayer === "kept") return initialValues(artifacts, settings.seed, previous);
  const network = stageNetwork(settings, stage);
  const layer = lastLayer(network);
  if (stage.lastLayer === "standard-normal") {
    const inputs = artifacts.weights.find(({ name }) => name === `${layer}.weight`)!.shape[1];
    const fresh = standardNormalLayer(layer, inputs, stage.outDim, settings.seed);
    return initialValues(artifacts, settings.seed, { ...previous, ...fresh });
  }
  const sample = permutation(dataset.count, randomStream(settings.seed, "axes")).slice(0, HEAD_SAMPLE);
  const place = (head: Weights) =>
    embedDataset(engine, buildEncoder({ ...previous, ...head }, network), dataset, sample);
  const drawn = initialValues(artifacts, settings.seed, withoutHead(previous));
  const { features } = await place(drawn);
  const centred = { ...drawn, ...centredLayer(firstLayer, drawn, features) };
  const { embedding } = await place(centred);
  return { ...centred, ...principalAxesLayer(layer, centred, embedding, stage.outDim) };
}

function withoutHead(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).filter(([name]) => !name.startsWith("head.")));
}
