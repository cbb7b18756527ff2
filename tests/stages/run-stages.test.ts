// Partners in feature space, and whole runs over all stages with an engine in a thread.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { principalAxes } from "../../models/principal-axes.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { openDataset, type StoredDataset } from "../../training/dataset/stored-dataset.ts";
import { type Engine, EngineError } from "../../training/engines/engine.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { nearestNeighbours as findNearest } from "../../training/evaluation/nearest.node.ts";
import { randomStream } from "../../training/random.ts";
import { embedDataset } from "../../training/stages/embed-dataset.ts";
import { measureFeatureSpace } from "../../training/stages/feature-space.ts";
import { planStage } from "../../training/stages/plan.ts";
import { type Preset, type PresetName, presets } from "../../training/stages/presets.ts";
import { DiskRunFolder } from "../../training/stages/run-folder.node.ts";
import { Diverged, Interrupted, runStages, stageFolder } from "../../training/stages/run-stages.ts";
import { type RunSettings, stageNetwork } from "../../training/stages/settings.ts";
import { stageArtifacts } from "../../training/stages/stage-models.ts";
import type { Plan, Timekeeper } from "../../training/stages/timekeeper.ts";
import { temporaryFolder } from "../support/temporary.ts";

const SIZE = 8;
const COUNT = 40;
const folder = await temporaryFolder();

/** Pictures of four colours, with some noise. */
function dataset(count = COUNT): StoredDataset {
  const random = randomStream("four colours");
  const colors = [
    [230, 40, 40],
    [40, 200, 60],
    [40, 60, 220],
    [220, 210, 40],
  ];
  const pixels = new Uint8Array(count * SIZE * SIZE * 3);
  for (let i = 0; i < pixels.length; i++) {
    const picture = Math.floor(i / (SIZE * SIZE * 3));
    pixels[i] = colors[picture % 4][i % 3] + random.integer(30) - 15;
  }
  const pixelsFile = join(folder, `${count}.raw`);
  writeFileSync(pixelsFile, pixels);
  const paths = Array.from({ length: count }, (_, i) => `${i}.png`);
  return openDataset({
    imageSize: SIZE,
    paths,
    labels: undefined,
    skipped: [],
    otherFiles: 0,
    fill: [128, 128, 128],
    pixelsFile,
  });
}

function tinySettings(preset: PresetName, epochs: readonly number[]): RunSettings {
  const { network, imageSize: _, budgetSeconds: __, ...recipe }: Preset = presets[preset];
  return {
    ...recipe,
    seed: 1,
    batchSize: 8,
    network: { ...network, backbone: "small", width: 0.25, hiddenDim: 16, imageSize: SIZE, stem: "cifar" },
    stages: recipe.stages.map((stage, i) => ({ ...stage, epochs: epochs[i], warmupEpochs: 0 })),
  };
}

/** The same engine, until it has made so many steps. */
function losing(engine: Engine, steps: number): Engine {
  let left = steps;
  return {
    flavour: engine.flavour,
    load: (artifacts, state) => engine.load(artifacts, state),
    async step(views, learningRate) {
      if (left-- === 0) throw new EngineError("webgpu", "the device was lost");
      return await engine.step(views, learningRate);
    },
    evaluate: (views) => engine.evaluate(views),
    state: () => engine.state(),
    loadEncoder: (encoder) => engine.loadEncoder(encoder),
    encode: (images, count) => engine.encode(images, count),
    close: () => engine.close(),
  };
}

/** A new engine, closed whatever happens. */
async function withEngine<T>(use: (engine: ThreadEngine) => Promise<T>): Promise<T> {
  const engine = new ThreadEngine();
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

describe("the feature space", () => {
  test("partners are of a kind, never oneself, and follow from their keys", () =>
    withEngine(async (engine) => {
      const settings = tinySettings("quick", [1, 1, 1]);
      const weights = initialValues(stageArtifacts(settings, settings.stages[0], "portable", COUNT), 1);
      const encoder = buildEncoder(weights, stageNetwork(settings, settings.stages[0]));
      const space = await measureFeatureSpace(engine, encoder, dataset(), findNearest);
      const all = Uint32Array.from({ length: COUNT }, (_, i) => i);
      const partners = space.partners(all, { seed: 1, stage: 2, epoch: 0 });
      for (const [i, partner] of partners.entries()) {
        assert.notEqual(partner, i);
        assert.equal(partner % 4, i % 4, "the same colour");
      }
      assert.deepEqual(space.partners(all, { seed: 1, stage: 2, epoch: 0 }), partners);
      assert.notDeepEqual(space.partners(all, { seed: 1, stage: 2, epoch: 1 }), partners);
      const one = space.rows(Uint32Array.of(3));
      assert.deepEqual(space.rows(Uint32Array.of(5, 3)).subarray(one.length), one);
      const pair = await measureFeatureSpace(engine, encoder, dataset(2), findNearest);
      assert.deepEqual(
        pair.partners(Uint32Array.of(0, 1), { seed: 1, stage: 1, epoch: 0 }),
        Uint32Array.of(1, 0),
      );
    }));
});

describe("a run over all stages", () => {
  for (const preset of ["quick", "paper"] as const) {
    test(`${preset}: each stage changes what it trains and nothing else, and is evaluated`, () =>
      withEngine(async (engine) => {
        const settings = tinySettings(preset, [6, 6, 6]);
        const target = join(folder, preset);
        const run = await DiskRunFolder.create(target, { settings, images: "" });
        await runStages({ settings, dataset: dataset(), engine, folder: run, findNearest });
        const ends = await Promise.all(
          settings.stages.map(async (stage, i) => {
            const artifacts = stageArtifacts(settings, stage, "portable", COUNT);
            return {
              artifacts,
              values: (await run.readCheckpoint(stageFolder(i, stage), artifacts))!.values,
            };
          }),
        );
        for (const [i, { artifacts, values }] of ends.entries()) {
          if (i === 0) continue;
          const { name, input } = settings.stages[i];
          let changed = 0;
          for (const { name: weight } of [...artifacts.weights, ...artifacts.statistics]) {
            const before = ends[i - 1].values[weight];
            if (!before || before.length !== values[weight].length) continue;
            if (before.every((value, k) => value === values[weight][k])) continue;
            changed++;
            const statistic = input === "images" && weight.includes("running_");
            assert.ok(artifacts.trained.includes(weight) || statistic, `stage ${name}: ${weight}`);
          }
          assert.ok(changed > 0, `stage ${name} changes nothing`);
        }
        const log = await run.readLog();
        for (const stage of [1, 2, 3]) {
          const losses = log.filter((r) => r.stage === stage && r.evalLoss !== undefined);
          assert.equal(losses.length, 6, "an evaluation at the end of each epoch");
          if (stage === 2) assert.ok(losses.at(-1)!.evalLoss! < losses[0].evalLoss!, JSON.stringify(losses));
        }
      }));
  }

  test("stopped in the middle of an epoch and taken up, the weights are the same bit for bit", async () => {
    const settings = tinySettings("quick", [2, 2, 2]);
    const whole = await DiskRunFolder.create(join(folder, "whole"), { settings, images: "" });
    const options = { settings, dataset: dataset(), findNearest };
    const expected = await withEngine((engine) => runStages({ ...options, engine, folder: whole }));
    for (const [stage, step] of [
      [1, 3],
      [2, 7],
      [3, 1],
    ]) {
      const run = await DiskRunFolder.create(join(folder, `stopped-${stage}`), { settings, images: "" });
      const controller = new AbortController();
      const onStep = (progress: { stage: number; step: number }) => {
        if (progress.stage === stage && progress.step === step) controller.abort();
      };
      await assert.rejects(
        withEngine((engine) =>
          runStages({ ...options, engine, folder: run, onStep, signal: controller.signal }),
        ),
        Interrupted,
      );
      const resumed = await withEngine((engine) => runStages({ ...options, engine, folder: run }));
      for (const { name } of stageArtifacts(settings, settings.stages[2], "portable", COUNT).weights) {
        assert.deepEqual(resumed.weights[name], expected.weights[name], `${name}, stopped in stage ${stage}`);
      }
    }
  });

  test("an engine that is lost costs what was done since the last minute, and nothing of the result", async () => {
    const settings = tinySettings("quick", [3, 1, 1]);
    const whole = await DiskRunFolder.create(join(folder, "never lost"), { settings, images: "" });
    const options = { settings, dataset: dataset(), findNearest };
    const expected = await withEngine((engine) => runStages({ ...options, engine, folder: whole }));
    const run = await DiskRunFolder.create(join(folder, "lost"), { settings, images: "" });
    let seconds = 0;
    await assert.rejects(
      withEngine((engine) =>
        runStages({
          ...options,
          engine: losing(engine, 9),
          folder: run,
          clock: () => seconds,
          onStep({ step }) {
            if (step === 2 || step === 7) seconds += 61;
          },
        }),
      ),
      /engine webgpu: the device was lost/,
    );
    let first: number | undefined;
    const resumed = await withEngine((engine) =>
      runStages({
        ...options,
        engine,
        folder: run,
        onStep({ step }) {
          first ??= step;
        },
      }),
    );
    assert.equal(first, 8, "it goes on in the midst of the second epoch");
    assert.deepEqual(resumed, expected);
  });

  for (const [when, batchSize] of [
    ["in the midst of an epoch", 8],
    ["with the last step of an epoch", COUNT],
  ] as const) {
    test(`a loss that is no number ${when} ends it, and no checkpoint is lost to that`, () =>
      withEngine(async (engine) => {
        const tiny = tinySettings("quick", [2, 1, 1]);
        const stages = tiny.stages.map((stage) => ({ ...stage, learningRate: 1e30 }));
        const settings = { ...tiny, stages, batchSize };
        const run = await DiskRunFolder.create(join(folder, `diverged-${batchSize}`), {
          settings,
          images: "",
        });
        await assert.rejects(
          runStages({ settings, dataset: dataset(), engine, folder: run, findNearest }),
          (error) =>
            error instanceof Diverged &&
            /diverged: in stage 1 \(pretrain\), step [12], the loss is NaN$/.test(error.message),
        );
        const artifacts = stageArtifacts(settings, stages[0], "portable", COUNT);
        const kept = (await run.readCheckpoint(stageFolder(0, stages[0]), artifacts))!;
        assert.equal(kept.step, 0);
        for (const [name, values] of Object.entries(kept.values))
          assert.ok(values.every(Number.isFinite), name);
      }));
  }

  test("a new head starts with the images spread around the origin, and leaves the backbone alone", () =>
    withEngine(async (engine) => {
      const settings = tinySettings("quick", [1, 0, 0]);
      const run = await DiskRunFolder.create(join(folder, "new head"), { settings, images: "" });
      const { weights } = await runStages({ settings, dataset: dataset(), engine, folder: run, findNearest });
      const [pretrain, head] = settings.stages;
      const artifacts = stageArtifacts(settings, pretrain, "portable", COUNT);
      const before = (await run.readCheckpoint(stageFolder(0, pretrain), artifacts))!.values;
      for (const name of Object.keys(before).filter((name) => name.startsWith("layer")))
        assert.deepEqual(weights[name] ?? before[name], before[name], name);
      const layers = Object.keys(weights).filter((name) => /^head.*weight$/.test(name));
      assert.deepEqual(layers.sort(), ["head.0.weight", "head.2.weight", "head.4.weight", "head.6.weight"]);
      assert.notDeepEqual(weights["head.0.weight"], before["head.0.weight"], "it is new");
      const encoder = buildEncoder(weights, stageNetwork(settings, head));
      const { embedding } = await embedDataset(engine, encoder, dataset());
      const { mean, deviations } = principalAxes(embedding, 2);
      assert.ok(Math.abs(deviations[0] - 0.3) < 0.001, `${deviations}`);
      assert.ok(Math.hypot(...mean) < 0.001, `${mean}`);
    }));

  test("a stage without epochs is passed over", () =>
    withEngine(async (engine) => {
      const settings = tinySettings("quick", [1, 0, 0]);
      const run = await DiskRunFolder.create(join(folder, "short"), { settings, images: "" });
      const { weights } = await runStages({ settings, dataset: dataset(), engine, folder: run, findNearest });
      assert.equal(weights["head.6.bias"].length, 2);
    }));

  test("with a budget: it plans, keeps the plan with the checkpoint, and goes on with it", () =>
    withEngine(async (engine) => {
      const settings = { ...tinySettings("quick", [2, 4, 0]), budgetSeconds: 6 };
      const options = { settings, dataset: dataset(), engine, findNearest };
      const run = await DiskRunFolder.create(join(folder, "budget"), { settings, images: "" });
      const controller = new AbortController();
      const plans: Plan[] = [];
      const onPlan = (keeper: Timekeeper) => plans.push(keeper.plan);
      const onStep = ({ step }: { step: number }) => {
        if (step === 4) controller.abort();
      };
      const { signal } = controller;
      await assert.rejects(runStages({ ...options, folder: run, onStep, onPlan, signal }), Interrupted);
      const kept = (await run.readPlan())!;
      assert.ok(kept.spentSeconds > plans[0].spentSeconds);
      const done = await runStages({ ...options, folder: run, onPlan });
      const { epochs: planned, costs, endSeconds } = plans[1];
      assert.deepEqual(
        { planned, costs },
        { planned: kept.epochs, costs: kept.costs },
        "no second plan is made",
      );
      assert.equal(endSeconds, plans[0].endSeconds, "nor another end");
      const { spentSeconds, epochs } = (await run.readPlan())!;
      assert.ok(spentSeconds > kept.spentSeconds);
      assert.deepEqual(
        done.settings.stages.map((stage) => stage.epochs),
        epochs,
      );
      assert.ok(epochs[0] > 0 && epochs[1] > 0 && epochs[2] === 0, `${epochs}`);
      const steps = (await run.readLog()).filter((record) => record.stage === 1).at(-1)!.step;
      const { stepsPerEpoch } = planStage(settings.stages[0], COUNT, settings.batchSize);
      assert.equal(steps, Math.round(epochs[0] * stepsPerEpoch), "the epochs told are those that were done");
    }));

  test("with a budget: a stage begins with the steps that the stage before has left it", () =>
    withEngine(async (engine) => {
      const settings = { ...tinySettings("quick", [2, 4, 0]), budgetSeconds: 8 };
      const run = await DiskRunFolder.create(join(folder, "less time"), { settings, images: "" });
      const began = performance.now();
      let [lost, atFirst] = [0, 0];
      const head: { step: number; totalSteps: number }[] = [];
      await runStages({
        settings,
        dataset: dataset(),
        engine,
        findNearest,
        folder: run,
        clock: () => lost + (performance.now() - began) / 1000,
        onPlan: ({ stages }) => {
          atFirst = planStage(stages[1], COUNT, settings.batchSize).totalSteps;
        },
        onStep: ({ stage, step, totalSteps }) => {
          if (stage === 2) head.push({ step, totalSteps });
          else if (step === 2) lost = 8;
        },
      });
      assert.ok(head[0].totalSteps < atFirst / 2, `${head[0].totalSteps} of ${atFirst}`);
      for (const { step, totalSteps } of head) assert.ok(step <= totalSteps, `${step}/${totalSteps}`);
    }));
});
