// Complete recipes by name. Options of the command line change single values of one.

import type { LossOptions } from "../artifacts/stage-artifacts.ts";
import type { OptimizerOptions } from "../optimizers/optimizer.ts";
import { usual } from "../optimizers/usual.ts";
import type { RunSettings, StageSettings } from "./settings.ts";

/** A recipe for any images: what is left open depends on them or on the user. */
export interface Preset extends Omit<RunSettings, "seed" | "network"> {
  readonly network: Omit<RunSettings["network"], "imageSize" | "stem">;
  readonly imageSize: number;
}

/** To fold the features into two dimensions takes more than one hidden layer; see docs/research.md. */
const MAP_HIDDEN_LAYERS = 3;

/**
 * Of the head. To double its steps is worth a third of what doubling the first stage's is, so it gets a third of their
 * time; beyond so many steps it gains little. See docs/research.md.
 */
const HEAD_SHARE = { ofTime: 1 / 4, mostSteps: 20_000 };

/** Dimensions of the embedding before it becomes a map. */
const PRETRAIN_DIM = 128;

const cauchy: LossOptions = {
  kernel: "cauchy",
  degreesOfFreedom: 1,
  temperature: 0.5,
  learnTemperature: false,
};
const sgd: OptimizerOptions = { optimizer: "sgd", momentum: 0.9, weightDecay: 5e-4, clipValue: 4 };

const common = {
  augmentations: "natural",
  fit: "cover",
  background: [255, 255, 255],
  imageSize: 32,
} as const;

/** The stages of the paper (Böhm et al. 2023, section 4). */
function paperStages(epochs: readonly [number, number, number]): StageSettings[] {
  const stage = {
    pairs: "views",
    input: "images",
    hiddenLayers: 1,
    schedule: "cosine",
    loss: cauchy,
    optimizer: sgd,
  } as const;
  return [
    {
      ...stage,
      name: "pretrain",
      trains: "everything",
      outDim: PRETRAIN_DIM,
      lastLayer: "kept",
      epochs: epochs[0],
      warmupEpochs: 10,
      learningRate: 0.03,
    },
    {
      ...stage,
      name: "last-layer",
      trains: "last-layer",
      outDim: 2,
      lastLayer: "standard-normal",
      epochs: epochs[1],
      warmupEpochs: 0,
      learningRate: 0.03,
    },
    {
      ...stage,
      name: "fine-tune",
      trains: "everything",
      outDim: 2,
      lastLayer: "kept",
      epochs: epochs[2],
      warmupEpochs: 10,
      learningRate: 0.03 / 1000,
    },
  ];
}

/**
 * Learns fast on few images and in little time: SimCLR's loss first, by Muon; then a new head alone brings neighbours
 * in feature space together on the plane, by the Cauchy kernel; then, if it is given epochs, the whole network does so
 * with augmented images. The presets give it none: it made every map worse that was measured.
 */
function shortStages(): StageSettings[] {
  const shared = { momentum: 0.9, clipValue: 4 };
  const muon: OptimizerOptions = { ...shared, optimizer: "muon", weightDecay: usual.muon.weightDecay };
  // For a head, whose layers are large and whose steps are small, Muon's own arithmetic would take longest.
  const adamw: OptimizerOptions = { ...shared, optimizer: "adamw", weightDecay: usual.adamw.weightDecay };
  const stage = { pairs: "views", input: "images", schedule: "cosine" } as const;
  return [
    {
      ...stage,
      name: "pretrain",
      trains: "everything",
      outDim: PRETRAIN_DIM,
      lastLayer: "kept",
      hiddenLayers: 1,
      loss: { ...cauchy, kernel: "cosine", temperature: 0.2 },
      epochs: 1,
      optimizer: muon,
      warmupEpochs: 1 / 20,
      learningRate: 0.04,
    },
    {
      ...stage,
      name: "head",
      pairs: "neighbours",
      input: "features",
      trains: "head",
      outDim: 2,
      lastLayer: "new-head",
      hiddenLayers: MAP_HIDDEN_LAYERS,
      loss: cauchy,
      optimizer: adamw,
      epochs: 1,
      warmupEpochs: 1 / 50,
      share: HEAD_SHARE,
      learningRate: 1e-3,
    },
    {
      ...stage,
      name: "fine-tune",
      pairs: "neighbours",
      trains: "everything",
      outDim: 2,
      lastLayer: "kept",
      hiddenLayers: MAP_HIDDEN_LAYERS,
      loss: cauchy,
      optimizer: adamw,
      epochs: 0,
      warmupEpochs: 0,
      learningRate: 1e-4,
    },
  ];
}

const MINUTE = 60;

/**
 * The recipe that does most with little. Its epochs are the budget's.
 * @param width of the network: in much time a wider one learns more, in little the narrow one sees more images
 */
function short(minutes: number, width: number) {
  return {
    ...common,
    batchSize: 256,
    network: { backbone: "small", width, projectionHead: "mlp", hiddenDim: 512 },
    stages: shortStages(),
    budgetSeconds: minutes * MINUTE,
  } as const;
}

export const presets = {
  /** Five minutes. */
  quick: short(5, 1),
  /** An hour. */
  standard: short(60, 2),
  /** A night. */
  thorough: short(8 * 60, 2),
  /** The paper's numbers: about ten hours on a data-centre GPU for 50,000 images. */
  paper: {
    ...common,
    batchSize: 1024,
    network: { backbone: "resnet18", width: 1, projectionHead: "mlp", hiddenDim: 1024 },
    stages: paperStages([1000, 50, 450]),
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

const timed = ["quick", "standard", "thorough"] as const satisfies readonly PresetName[];

/** The preset whose own time is nearest to so many seconds, by their ratio; "quick" where nothing is said of the time. */
export function presetForTime(seconds: number = presets.quick.budgetSeconds): PresetName {
  const away = (name: (typeof timed)[number]) => Math.abs(Math.log(presets[name].budgetSeconds / seconds));
  return timed.reduce((a, b) => (away(b) < away(a) ? b : a));
}
