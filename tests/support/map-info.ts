// A plausible map.json, for tests that need a bundle.

import type { MapInfoWithoutFiles } from "../../models/bundle/map-info.ts";

export function sampleMapInfo(changes: Partial<MapInfoWithoutFiles> = {}): MapInfoWithoutFiles {
  const loss = { kernel: "cauchy", degreesOfFreedom: 1, temperature: 0.5, learnTemperature: false };
  const optimizer = { optimizer: "sgd", momentum: 0.9, weightDecay: 5e-4, clipValue: 4 };
  const stage = {
    pairs: "views",
    input: "images",
    epochs: 10,
    warmupEpochs: 1,
    learningRate: 0.03,
    schedule: "cosine",
    lastLayer: "kept",
    loss,
    optimizer,
  };
  return {
    schemaVersion: 1,
    id: "0b8f6a1e-94a1-4c1b-a1f6-0c6f7b1f2a3d",
    name: "sample",
    createdAt: "2024-05-01T12:00:00.000Z",
    imageSize: 32,
    outDim: 2,
    fit: "cover",
    background: [255, 255, 255],
    kernel: "cauchy",
    network: {
      backbone: "small",
      stem: "cifar",
      width: 1,
      projectionHead: "mlp",
      hiddenDim: 128,
      featureDim: 128,
    },
    stages: [
      { ...stage, name: "pretrain", trains: "everything", outDim: 128 },
      { ...stage, name: "last-layer", trains: "last-layer", outDim: 2, lastLayer: "standard-normal" },
      { ...stage, name: "fine-tune", trains: "everything", outDim: 2, learningRate: 0.00003 },
    ],
    augmentations: "natural",
    batchSize: 64,
    seed: 1,
    classes: ["cat", "dog"],
    counts: { images: 4, skipped: 1, otherFiles: 0 },
    skipped: [{ path: "dog/broken.png", reason: "truncated" }],
    bounds: { min: [-10, -12], max: [9, 11] },
    scores: {},
    versions: { tsimcne: "0.1.0", node: "20.19.0" },
    ...changes,
  };
}
