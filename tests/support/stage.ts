// Stages small enough for a test, and batches for them.

import { buildStage, type StageGraphOptions } from "../../training/artifacts/stage-artifacts.ts";
import type { BackboneName } from "../../training/networks/backbone.ts";
import type { NetworkOptions } from "../../training/networks/network.ts";
import { randomStream } from "../../training/random.ts";

/** The small backbone at a quarter of its width on 8 × 8 images, with an "mlp" head to the plane. */
export const tinyNetwork: NetworkOptions = {
  backbone: "small",
  stem: "cifar",
  width: 0.25,
  imageSize: 8,
  projectionHead: "mlp",
  hiddenDim: 16,
  hiddenLayers: 1,
  outDim: 2,
};

/** Four images, cauchy kernel, SGD, everything trained. */
export const tinyStage: StageGraphOptions = {
  network: tinyNetwork,
  loss: { kernel: "cauchy", degreesOfFreedom: 1, temperature: 0.5, learnTemperature: false },
  optimizer: { optimizer: "sgd", momentum: 0.9, weightDecay: 5e-4, clipValue: 4 },
  batchSize: 4,
  input: "images",
  trains: () => true,
};

export function buildTinyStage(changes: Partial<StageGraphOptions> = {}) {
  return buildStage({ ...tinyStage, ...changes });
}

/** Uniform random pixels in [0, 1): views [2B, 3, S, S]. */
export function randomViews(
  { batchSize, network }: Pick<StageGraphOptions, "batchSize" | "network">,
  seed: number,
): Float32Array {
  const random = randomStream(seed, "views");
  return Float32Array.from({ length: 2 * batchSize * 3 * network.imageSize ** 2 }, () => random.uniform());
}

/** The first stage of the paper's recipe on 32 × 32 images as the engine "cpu" takes it, for benchmarks. @param views in a batch, 2B */
export function paperStage(backbone: BackboneName, views: number): StageGraphOptions {
  return {
    ...tinyStage,
    network: { ...tinyNetwork, backbone, width: 1, imageSize: 32, hiddenDim: 1024, outDim: 128 },
    layout: "pictures-innermost",
    batchSize: views / 2,
  };
}
