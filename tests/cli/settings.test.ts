// Every option of a recipe changes the settings it is meant to change, and nothing else.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import yargs from "yargs";
import { withRecipeOptions } from "../../cli/options.ts";
import { type RecipeOptions, runSettings, wantedBatchSize } from "../../cli/settings.ts";

const settingsOf = (options: Partial<RecipeOptions>) => {
  const whole: RecipeOptions = { seed: 1, ...options };
  return runSettings(whole, wantedBatchSize(whole));
};

/** What differs between two settings, as "stages.0.epochs". */
function differences(a: unknown, b: unknown, path = ""): string[] {
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return Object.is(a, b) ? [] : [path];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) =>
    differences((a as never)[key], (b as never)[key], path === "" ? key : `${path}.${key}`),
  );
}

const stages = (key: string, which = [0, 1, 2]) => which.map((i) => `stages.${i}.${key}`);

const table: {
  option: string;
  given: Partial<RecipeOptions>;
  changes: string[];
  base?: Partial<RecipeOptions>;
}[] = [
  {
    option: "epochs",
    base: { epochs: [5, 5, 5] },
    given: { epochs: [1, 2, 3] },
    changes: [...stages("epochs"), ...stages("warmupEpochs", [0, 1])],
  },
  { option: "budget", given: { budget: 600 }, changes: ["budgetSeconds"] },
  { option: "warmup", given: { warmup: [7, 8, 9] }, changes: stages("warmupEpochs") },
  { option: "learning-rate", given: { learningRate: [7, 8, 9] }, changes: stages("learningRate") },
  { option: "batch-size", given: { batchSize: 77 }, changes: ["batchSize"] },
  { option: "micro-batch", given: { microBatch: 64 }, changes: ["microBatch"] },
  { option: "backbone", given: { backbone: "resnet18" }, changes: ["network.backbone"] },
  { option: "width", given: { width: 0.5 }, changes: ["network.width"] },
  { option: "stem", given: { stem: "imagenet" }, changes: ["network.stem"] },
  { option: "projection-head", given: { projectionHead: "linear" }, changes: ["network.projectionHead"] },
  { option: "hidden-dim", given: { hiddenDim: 7 }, changes: ["network.hiddenDim"] },
  { option: "image-size", given: { imageSize: 48 }, changes: ["network.imageSize"] },
  { option: "image-size", given: { imageSize: 64 }, changes: ["network.imageSize", "network.stem"] },
  { option: "out-dim", given: { outDim: 3 }, changes: stages("outDim", [1, 2]) },
  { option: "kernel", given: { kernel: "gaussian" }, changes: stages("loss.kernel") },
  { option: "temperature", given: { temperature: 0.7 }, changes: stages("loss.temperature") },
  {
    option: "learn-temperature",
    given: { learnTemperature: true },
    changes: stages("loss.learnTemperature"),
  },
  {
    option: "degrees-of-freedom",
    base: { kernel: "student-t" },
    given: { kernel: "student-t", degreesOfFreedom: 5 },
    changes: stages("loss.degreesOfFreedom"),
  },
  {
    option: "optimizer",
    given: { optimizer: "sgd" },
    changes: [
      ...stages("optimizer.optimizer"),
      ...stages("optimizer.weightDecay"),
      ...stages("learningRate"),
    ],
  },
  {
    option: "optimizer",
    base: { learningRate: [1, 2, 3], weightDecay: 0.3 },
    given: { learningRate: [1, 2, 3], weightDecay: 0.3, optimizer: "adam" },
    changes: stages("optimizer.optimizer"),
  },
  {
    option: "momentum",
    base: { optimizer: "sgd" },
    given: { optimizer: "sgd", momentum: 0.5 },
    changes: stages("optimizer.momentum"),
  },
  { option: "weight-decay", given: { weightDecay: 0.3 }, changes: stages("optimizer.weightDecay") },
  { option: "clip", given: { clip: 1 }, changes: stages("optimizer.clipValue") },
  { option: "schedule", given: { schedule: "linear" }, changes: stages("schedule") },
  { option: "augmentations", given: { augmentations: "oriented-free" }, changes: ["augmentations"] },
  { option: "fit", given: { fit: "contain" }, changes: ["fit"] },
  { option: "background", given: { background: "#ffff00" }, changes: ["background.2"] },
  { option: "seed", given: { seed: 2 }, changes: ["seed"] },
];

describe("recipe options", () => {
  for (const { option, base = {}, given, changes } of table) {
    test(`--${option} ${Object.values(given).at(-1)}`, () => {
      assert.deepEqual(differences(settingsOf(base), settingsOf(given)).sort(), [...changes].sort());
    });
  }

  test("the table covers all of them", () => {
    const known = Object.keys(
      (
        withRecipeOptions(yargs([])) as unknown as { getOptions(): { key: Record<string, unknown> } }
      ).getOptions().key,
    );
    const covered = new Set([...table.map(({ option }) => option), "preset", "help", "version"]);
    assert.deepEqual(
      known.filter((name) => !covered.has(name)),
      [],
    );
  });

  test("--epochs stands instead of the preset's budget, and keeps the share of the warm-up unless --warmup is given", () => {
    assert.equal(settingsOf({}).budgetSeconds, 300);
    const byEpochs = settingsOf({ epochs: [2, 4, 0] });
    assert.equal(byEpochs.budgetSeconds, undefined);
    assert.equal(byEpochs.stages[0].warmupEpochs, 0.1);
    assert.equal(settingsOf({ epochs: [2, 4, 0], warmup: [1, 1, 1] }).stages[0].warmupEpochs, 1);
    assert.equal(settingsOf({ preset: "paper" }).budgetSeconds, undefined, "the paper's numbers exactly");
  });

  test("--preset is another recipe", () => {
    assert.notDeepEqual(settingsOf({ preset: "paper" }), settingsOf({}));
    assert.notDeepEqual(settingsOf({ preset: "standard" }), settingsOf({}));
  });

  test("a budget begins from the preset for about that time, unless another is asked for", () => {
    const minute = 60;
    for (const [minutes, preset] of [
      [1, "quick"],
      [15, "quick"],
      [20, "standard"],
      [120, "standard"],
      [180, "thorough"],
      [5000, "thorough"],
    ] as const) {
      const budget = minutes * minute;
      assert.deepEqual(settingsOf({ budget }), settingsOf({ preset, budget }), `${minutes} min`);
    }
    assert.deepEqual(settingsOf({}), settingsOf({ preset: "quick" }));
    const hour = settingsOf({ budget: 60 * minute });
    assert.equal(
      differences(hour, settingsOf({ preset: "quick", budget: 60 * minute })).join(),
      "network.width",
    );
  });

  test("the width of a preset is not that of another backbone", () => {
    assert.equal(settingsOf({ preset: "standard", backbone: "resnet18" }).network.width, 1);
    assert.equal(settingsOf({ preset: "standard", backbone: "resnet18", width: 2 }).network.width, 2);
    assert.notEqual(settingsOf({ preset: "standard" }).network.width, 1);
  });

  test("the optimizer that all stages have anyway changes nothing", () => {
    const paper = settingsOf({ preset: "paper" });
    assert.deepEqual(settingsOf({ preset: "paper", optimizer: "sgd" }), paper);
  });

  test("what no stage would heed is refused", () => {
    const refused: Partial<RecipeOptions>[] = [
      { kernel: "cauchy", temperature: 1 },
      { kernel: "cauchy", learnTemperature: true },
      { degreesOfFreedom: 3 },
      { optimizer: "adam", momentum: 0.5 },
      { projectionHead: "linear", hiddenDim: 3 },
    ];
    for (const options of refused) assert.throws(() => settingsOf(options), { name: "UsageError" });
  });
});
