import assert from "node:assert/strict";
import { test } from "node:test";
import { type Preset, presets } from "../../training/stages/presets.ts";
import type { RunSettings } from "../../training/stages/settings.ts";
import { settingsFor, stageArtifacts } from "../../training/stages/stage-models.ts";

const preset: Preset = presets.quick;
const settings: RunSettings = {
  ...preset,
  seed: 1,
  network: { ...preset.network, width: 0.25, imageSize: preset.imageSize, stem: "cifar" },
};

test("where an engine has no Muon, AdamW takes its place at its own rate; all else stays", () => {
  assert.equal(settingsFor("portable", settings), settings);
  const { stages, ...rest } = settingsFor("ort-training", settings);
  assert.deepEqual({ ...rest, stages: settings.stages }, settings);
  for (const [i, stage] of stages.entries()) {
    const before = settings.stages[i];
    if (before.optimizer.optimizer !== "muon") {
      assert.deepEqual(stage, before);
      continue;
    }
    assert.equal(stage.optimizer.optimizer, "adamw");
    assert.ok(stage.learningRate < before.learningRate);
    assert.deepEqual({ ...stage, optimizer: before.optimizer, learningRate: before.learningRate }, before);
  }
});

test("a stage with Muon has no models in that flavour unless it is replaced", () => {
  const [stage] = settings.stages;
  assert.equal(stage.optimizer.optimizer, "muon");
  assert.throws(() => stageArtifacts(settings, stage, "ort-training", 1000), /Muon/);
  const replaced = settingsFor("ort-training", settings);
  assert.ok(stageArtifacts(replaced, replaced.stages[0], "ort-training", 1000).optimizerModel.length > 0);
});
