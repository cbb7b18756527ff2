// Whole training steps against PyTorch: network, loss, gradients, clipping, optimizer, running statistics.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { decodeSafetensors, encodeSafetensors } from "../../models/safetensors.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildStage, type StageGraphOptions } from "../../training/artifacts/stage-artifacts.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { backbones } from "../../training/networks/backbone.ts";
import { lengthOf } from "../support/close.ts";
import { pythonWith } from "../support/python.ts";
import { randomViews, tinyStage } from "../support/stage.ts";

const pythonWithTorch = pythonWith("torch");

const SCRIPT = fileURLToPath(new URL("../support/pytorch/train_steps.py", import.meta.url));
const STEPS = 10;

const network = { ...tinyStage.network, hiddenDim: 64, outDim: 2, imageSize: 16 };
const small = { ...tinyStage, batchSize: 16, network: { ...network, width: 1 } };
const resnet18 = {
  ...small,
  network: { ...network, backbone: "resnet18", width: 0.25, outDim: 128 },
} as const;
const adamw = { optimizer: "adamw", momentum: 0.9, weightDecay: 0.05, clipValue: 4 } as const;
const innermost = { layout: "pictures-innermost" } as const;
const cosine = { ...tinyStage.loss, kernel: "cosine" } as const;
// So tight that most gradients meet it.
const clipped = { ...tinyStage.optimizer, clipValue: 1e-3 };

interface Case {
  readonly name: string;
  readonly options: StageGraphOptions;
  readonly rate: number;
}

const cases: readonly Case[] = [
  { name: "small network, cauchy, SGD", options: small, rate: 0.01 },
  {
    name: "small network, cauchy, SGD, most gradients clipped",
    options: { ...small, optimizer: clipped },
    rate: 0.1,
  },
  { name: "ResNet-18 at a quarter of its width, cauchy, SGD", options: resnet18, rate: 2e-4 },
  { name: "the small network, pictures innermost", options: { ...small, ...innermost }, rate: 0.01 },
  { name: "ResNet-18, pictures innermost", options: { ...resnet18, ...innermost }, rate: 2e-4 },
  { name: "small network, cosine, AdamW", options: { ...small, loss: cosine, optimizer: adamw }, rate: 1e-3 },
];

/** Losses, and the final value of each weight and statistic, by name. */
interface Run {
  readonly losses: readonly number[];
  readonly values: Readonly<Record<string, Float32Array>>;
}

describe(`${STEPS} steps equal PyTorch's`, {
  skip: pythonWithTorch === undefined && "no python3 here has torch and numpy",
}, () => {
  for (const { name, options, rate } of cases) {
    test(name, async () => {
      const rates = Array.from({ length: STEPS }, (_, i) => (rate * (i + 1)) / STEPS);
      const [ours, theirs] = await Promise.all([onnxRun(options, rates), torchRun(options, rates)]);
      ours.losses.forEach((loss, i) => {
        const error = Math.abs(loss - theirs.losses[i]) / Math.abs(theirs.losses[i]);
        assert.ok(error < 1e-4, `loss of step ${i}: ${loss}, PyTorch has ${theirs.losses[i]}`);
      });
      const start = initialValues(buildStage(options), 1);
      for (const [name, expected] of Object.entries(theirs.values)) {
        // Two parts in a hundred of the way the value has come, and a few units in its last place.
        const difference = lengthOf(ours.values[name].map((v, i) => v - expected[i]));
        const way = lengthOf(expected.map((v, i) => v - start[name][i]));
        const allowed = 0.02 * way + 1e-6 * lengthOf(expected);
        assert.ok(difference <= allowed, `${name} is off by ${difference}, having come ${way}`);
      }
    });
  }
});

async function onnxRun(options: StageGraphOptions, rates: readonly number[]): Promise<Run> {
  const stage = buildStage(options);
  const engine = new ThreadEngine();
  try {
    await engine.load(stage, { values: initialValues(stage, 1), step: 0 });
    const losses: number[] = [];
    for (const [i, rate] of rates.entries()) {
      losses.push((await engine.step(randomViews(options, i), rate)).loss);
    }
    return { losses, values: (await engine.state()).values };
  } finally {
    await engine.close();
  }
}

async function torchRun(options: StageGraphOptions, rates: readonly number[]): Promise<Run> {
  const stage = buildStage(options);
  const initial = initialValues(stage, 1);
  const known = [...stage.weights, ...stage.statistics];
  const start = Object.fromEntries([
    ...known.map(({ name, shape }) => [name, { dtype: "float32", shape, data: initial[name] }]),
    ...rates.map((_, i) => [
      `views.${i}`,
      { dtype: "float32", shape: stage.viewsShape, data: randomViews(options, i) },
    ]),
  ]);
  const { depths, stemStride } = backbones[options.network.backbone];
  const channels = new Map(known.map(({ name, shape }) => [name, shape[0]]));
  const job = {
    depths,
    stemStride,
    widths: depths.map((_, group) => channels.get(`backbone.layer${group + 1}.0.conv2.weight`)),
    hiddenDim: options.network.hiddenDim,
    outDim: options.network.outDim,
    kernel: options.loss.kernel,
    temperature: options.loss.temperature,
    optimizer: options.optimizer,
    rates,
  };
  const folder = mkdtempSync(join(tmpdir(), "pytorch-"));
  try {
    const names = ["job.json", "start.safetensors", "result.safetensors"];
    const [jobFile, startFile, resultFile] = names.map((name) => join(folder, name));
    writeFileSync(jobFile, JSON.stringify(job));
    writeFileSync(startFile, encodeSafetensors(start));
    await promisify(execFile)(pythonWithTorch!, [SCRIPT, jobFile, startFile, resultFile]);
    const { losses, ...final } = decodeSafetensors(readFileSync(resultFile)).tensors;
    return {
      losses: [...losses.data],
      values: Object.fromEntries(known.map(({ name }) => [name, final[name].data as Float32Array])),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
