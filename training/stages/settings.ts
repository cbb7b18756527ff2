// Everything that decides what a run computes. Stored with the run, compared on resume, written into map.json.

import type { Rgb } from "../../models/color.ts";
import type { Fit } from "../../models/fit.ts";
import type { LossOptions } from "../artifacts/stage-artifacts.ts";
import type { AugmentationPolicyName } from "../augmentations/policy.ts";
import type { NetworkOptions } from "../networks/network.ts";
import type { OptimizerOptions } from "../optimizers/optimizer.ts";
import type { ScheduleName } from "../optimizers/schedule.ts";

/**
 * How the last layer of a stage starts: as it is, from N(0, 1) as in the paper, or, with the layers before it, as a new
 * head whose outputs are put on their principal axes.
 */
export type LastLayerStart = "kept" | "standard-normal" | "new-head";

/** What a stage pulls together: two augmented views of one image (Böhm et al. 2023), or an image and one of its
 * nearest in the feature space of the stage before. */
export type Pairs = "views" | "neighbours";

/** One of the three stages. */
export interface StageSettings {
  readonly name: "pretrain" | "last-layer" | "head" | "fine-tune";
  readonly pairs: Pairs;
  /**
   * "images": augmented, through the whole network. "features": computed once, as they are, through the projection
   * head alone; many times cheaper, so the map gets as many steps as a neighbour embedding such as t-SNE takes. Goes
   * with pairs of neighbours.
   */
  readonly input: "images" | "features";
  readonly trains: "everything" | "head" | "last-layer";
  /** Dimensions of the embedding in this stage. */
  readonly outDim: number;
  readonly lastLayer: LastLayerStart;
  /** Of an "mlp" head, at least 1; stays as it was unless the head is new. */
  readonly hiddenLayers: number;
  /** Passes over the images; may be fractional. */
  readonly epochs: number;
  readonly warmupEpochs: number;
  /**
   * In a run with a budget, what the stage gets of the time that is left for steps: a share, 0 … 1, but no more than so
   * many steps. Without, its steps are in proportion to its epochs.
   */
  readonly share?: { readonly ofTime: number; readonly mostSteps: number };
  /** Highest learning rate for a batch of 256 images; it grows in proportion to the batch. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  readonly loss: LossOptions;
  readonly optimizer: OptimizerOptions;
}

export interface RunSettings {
  readonly seed: number;
  /**
   * Seconds that the whole run may take. The epochs of the stages are then only their proportions (but see
   * `share`): how many there are is planned by what the machine does, and changes with it.
   */
  readonly budgetSeconds?: number;
  /** Images in a batch, already fitted to the data set. */
  readonly batchSize: number;
  /**
   * Images of a batch that are in the network at a time, where that is fed images: bounds the memory, for one more pass
   * forwards. The batch holds a whole number of them. Defaults to all. Engines: all but "ort-training".
   */
  readonly microBatch?: number;
  /** Without what each stage sets. */
  readonly network: Omit<NetworkOptions, "outDim" | "hiddenLayers">;
  readonly stages: readonly StageSettings[];
  readonly augmentations: AugmentationPolicyName;
  readonly fit: Fit;
  /** Colour behind transparent pictures and around contained ones, RGB 0 … 255. */
  readonly background: Rgb;
}

/** Batch at which a learning rate is meant. */
const REFERENCE_BATCH = 256;

/** The peak learning rate of a stage in a run. */
export function peakLearningRate(stage: StageSettings, batchSize: number): number {
  return (stage.learningRate * batchSize) / REFERENCE_BATCH;
}

/** The network as a stage sees it. */
export function stageNetwork(settings: RunSettings, stage: StageSettings): NetworkOptions {
  return { ...settings.network, outDim: stage.outDim, hiddenLayers: stage.hiddenLayers };
}
