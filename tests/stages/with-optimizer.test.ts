import assert from "node:assert/strict";
import { test } from "node:test";
import { optimizerNames } from "../../training/optimizers/optimizer.ts";
import { presets } from "../../training/stages/presets.ts";
import { withOptimizer } from "../../training/stages/with-optimizer.ts";

const stages = [...presets.quick.stages, ...presets.paper.stages];

test("another optimizer gets its own rate and weight decay; all else of the stage stays", () => {
  for (const stage of stages) {
    for (const name of optimizerNames) {
      const changed = withOptimizer(stage, name);
      assert.equal(changed.optimizer.optimizer, name);
      const { optimizer, learningRate } = stage;
      assert.deepEqual({ ...changed, optimizer, learningRate }, stage);
      if (name === optimizer.optimizer) assert.equal(changed, stage);
    }
  }
});

test("there and back again is the same rate", () => {
  for (const stage of stages) {
    for (const name of optimizerNames) {
      const back = withOptimizer(withOptimizer(stage, name), stage.optimizer.optimizer);
      assert.ok(Math.abs(back.learningRate / stage.learningRate - 1) < 1e-12);
    }
  }
});

test("a weight decay that is given is kept", () => {
  for (const stage of stages) {
    for (const name of optimizerNames.filter((each) => each !== stage.optimizer.optimizer)) {
      assert.equal(withOptimizer(stage, name, 0.7).optimizer.weightDecay, 0.7);
    }
  }
});
