// From what was chosen on the page to the settings of a run.

import { fitBatchSize } from "../../training/dataset/batches.ts";
import { defaultStem } from "../../training/networks/backbone.ts";
import { withEpochs } from "../../training/stages/budget.ts";
import { presets } from "../../training/stages/presets.ts";
import type { RunSettings } from "../../training/stages/settings.ts";
import type { TrainOptions } from "./messages.ts";

const { quick } = presets;

/** What the page begins with: the preset "quick", with so many epochs as suit some hundreds of images. */
export const defaultOptions: TrainOptions = {
  name: "my images",
  epochs: [20, 200, 0],
  imageSize: quick.imageSize,
  batchSize: quick.batchSize,
  augmentations: quick.augmentations,
  engine: "auto",
  seed: 1,
};

/** @throws UserError if there are too few images, or the batch is too small */
export function settingsOf(options: TrainOptions, count: number): RunSettings {
  const { imageSize, augmentations, seed } = options;
  const { network, stages, fit, background } = quick;
  return {
    seed,
    batchSize: fitBatchSize(count, options.batchSize),
    network: { ...network, imageSize, stem: defaultStem(imageSize) },
    stages: stages.map((stage, i) => withEpochs(stage, options.epochs[i])),
    augmentations,
    fit,
    background,
  };
}
