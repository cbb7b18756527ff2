// Where some images are on the plane while the network still learns.

import { principalAxes, project } from "../../models/principal-axes.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import type { Dataset } from "../../training/dataset/dataset.ts";
import type { Engine } from "../../training/engines/engine.ts";
import type { Weights } from "../../training/networks/model.ts";
import { embedDataset } from "../../training/stages/embed-dataset.ts";
import { type RunSettings, stageNetwork } from "../../training/stages/settings.ts";

/**
 * Images on the plane: as the stage places them, or, before there is a plane, on their two principal axes.
 * @param stage from 0
 * @returns float32 [images.length, 2]
 */
export async function lookAt(
  images: Uint32Array,
  run: { dataset: Dataset; engine: Engine; settings: RunSettings; weights: Weights; stage: number },
): Promise<Float32Array> {
  const { dataset, engine, settings, weights, stage } = run;
  const { outDim } = settings.stages[stage];
  const encoder = buildEncoder(weights, stageNetwork(settings, settings.stages[stage]));
  const { embedding } = await embedDataset(engine, encoder, dataset, images);
  if (outDim === 2) return embedding;
  const { mean, axes } = principalAxes(embedding, outDim);
  return project({ mean, axes: axes.subarray(0, 2 * outDim) }, embedding);
}
