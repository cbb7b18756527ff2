// A run with a budget ends in time, whatever the machine does. The machine here is a simulated one: its clock moves by
// what each step takes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Costs, fitStages, secondsLeft, withEpochs } from "../../training/stages/budget.ts";
import { planStage } from "../../training/stages/plan.ts";
import { presets } from "../../training/stages/presets.ts";
import { Timekeeper } from "../../training/stages/timekeeper.ts";

const sizes = { imageCount: 10_000, batchSize: 100 };
const { stages } = presets.quick;
const costs: Costs = { step: [0.3, 0.02, 0.5], after: [8, 0, 20] };
const total = ({ stages, between }: { stages: number[]; between: number }) =>
  stages.reduce((a, b) => a + b, 0) + between;

/**
 * Runs a machine that is as much slower than `costs` as `pace` says, and besides, in all but steps, as `between` says;
 * returns when it ends and the epochs done.
 */
function simulate(
  {
    budgetSeconds,
    reading = 0,
    between = 1,
    size = sizes,
  }: { budgetSeconds: number; reading?: number; between?: number; size?: typeof sizes },
  pace: (seconds: number) => number,
): { seconds: number; epochs: number[] } {
  let now = reading;
  const work = (seconds: number) => {
    now += seconds * pace(now);
  };
  const keeper = new Timekeeper({
    ...size,
    stages,
    start: { costs },
    budgetSeconds,
    clock: () => now,
  });
  for (const i of stages.keys()) {
    const plan = () => planStage(keeper.stages[i], size.imageCount, size.batchSize);
    const began = now;
    for (let step = 1; step <= plan().totalSteps; step++) {
      work(costs.step[i]);
      keeper.measured({ stage: i, step }, (now - began) / step);
    }
    const ended = now;
    work(costs.after[i] * between);
    if (i + 1 < stages.length) keeper.passed(i, now - ended);
  }
  return { seconds: now, epochs: keeper.stages.map(({ epochs }) => epochs) };
}

describe("a plan", () => {
  for (const seconds of [60, 300, 3600]) {
    test(`fills ${seconds} seconds, with the epochs in the paper's proportions`, () => {
      const { stages } = presets.paper;
      const fitted = fitStages(stages, costs, sizes, seconds);
      assert.ok(Math.abs(total(secondsLeft(fitted, costs, sizes)) - seconds) < 1e-6);
      for (const [i, { epochs }] of fitted.entries()) {
        assert.ok(Math.abs(epochs / fitted[0].epochs - stages[i].epochs / stages[0].epochs) < 1e-9);
      }
    });

    test(`fills ${seconds} seconds, of which the head gets its share`, () => {
      const fitted = fitStages(stages, costs, sizes, seconds);
      const plan = secondsLeft(fitted, costs, sizes);
      assert.ok(Math.abs(total(plan) - seconds) < 1e-6);
      const { ofTime, mostSteps } = stages[1].share!;
      const wanted = Math.min(ofTime * (seconds - plan.between), mostSteps * costs.step[1]);
      assert.ok(Math.abs(plan.stages[1] - wanted) < 1e-6, `${plan.stages[1]} s instead of ${wanted}`);
      assert.equal(plan.stages[2], 0, "a stage without epochs stays without");
    });
  }

  test("gives the head no more steps than its most, however long the run", () => {
    const { epochs } = fitStages(stages, costs, sizes, 100_000)[1];
    assert.equal((epochs * sizes.imageCount) / sizes.batchSize, stages[1].share!.mostSteps);
  });

  test("made anew in the middle leaves what is done as it is", () => {
    const before = fitStages(stages, costs, sizes, 300);
    const position = { stage: 1, step: 150 };
    const fitted = fitStages(before, costs, sizes, 200, position);
    assert.deepEqual(fitted[0], before[0]);
    assert.ok(fitted[1].epochs > before[1].epochs);
    assert.ok(Math.abs(total(secondsLeft(fitted, costs, sizes, position)) - 200) < 1e-6);
    const late = fitStages(before, costs, sizes, 0, position);
    assert.equal(late[1].epochs, 1.5, "with no time left the stage ends here");
  });

  test("made anew in the first stage shares out anew", () => {
    const position = { stage: 0, step: 40 };
    const before = fitStages(stages, costs, sizes, 300);
    const fitted = fitStages(before, costs, sizes, 400, position);
    assert.ok(fitted[0].epochs > before[0].epochs);
    const { stages: left, between } = secondsLeft(fitted, costs, sizes, position);
    assert.ok(Math.abs(total({ stages: left, between }) - 400) < 1e-6);
    const whole = 400 - between + position.step * costs.step[0];
    assert.ok(Math.abs(left[1] - stages[1].share!.ofTime * whole) < 1e-6, "of what is done, too");
    const [late] = fitStages(before, costs, sizes, 0, position);
    assert.equal(late.epochs, 0.4, "with no time left the stage ends here");
  });

  test("keeps the share of the warm-up", () => {
    const [stage] = stages;
    const other = withEpochs(stage, 3);
    assert.equal(other.epochs, 3);
    assert.ok(Math.abs(other.warmupEpochs / 3 - stage.warmupEpochs / stage.epochs) < 1e-12);
  });
});

describe("a run with a budget ends within a tenth of it", () => {
  const paces: [string, (seconds: number) => number][] = [
    ["a machine as fast as measured", () => 1],
    ["half as fast throughout", () => 2],
    ["twice as fast throughout", () => 0.5],
    ["slower from the middle on", (seconds) => (seconds < 300 ? 1 : 1.8)],
    ["faster from the middle on", (seconds) => (seconds < 300 ? 1.8 : 1)],
    ["up and down", (seconds) => 1 + 0.5 * Math.sin(seconds / 20)],
  ];
  for (const [name, pace] of paces) {
    test(name, () => {
      const { seconds, epochs } = simulate({ budgetSeconds: 600, reading: 40 }, pace);
      assert.ok(Math.abs(seconds - 600) < 60, `${seconds} s`);
      assert.ok(epochs[0] > 1 && epochs[1] > epochs[0], `${epochs}`);
    });
  }

  for (const between of [0.5, 1, 2.5]) {
    test(`where neighbours and map take ${between} times what the trial told`, () => {
      const { seconds, epochs } = simulate({ budgetSeconds: 300, reading: 10, between }, () => 1.2);
      assert.ok(Math.abs(seconds - 300) < 6, `${seconds} s`);
      assert.ok(epochs[0] > 1 && epochs[1] > epochs[0], `${epochs}`);
    });
  }

  test("of few images", () => {
    const { seconds } = simulate({ budgetSeconds: 600, size: { imageCount: 30, batchSize: 30 } }, () => 1.3);
    assert.ok(Math.abs(seconds - 600) < 60, `${seconds} s`);
  });

  test("but trains every stage where all else takes longer than it may", () => {
    const { seconds, epochs } = simulate({ budgetSeconds: 60, reading: 70 }, () => 1);
    assert.ok(epochs[0] > 0.05 && epochs[1] > 0.1, `${epochs}`);
    const trained =
      total(
        secondsLeft(
          stages.map((stage, i) => withEpochs(stage, epochs[i])),
          costs,
          sizes,
        ),
      ) - 28;
    assert.ok(trained > 0.25 * 60 - costs.step[0], `a quarter of the budget is trained, not ${trained} s`);
    assert.ok(seconds < 70 + 28 + 60, `${seconds} s`);
  });

  test("with time to spare where reading took most of it, even on a machine that slows down", () => {
    const { epochs } = simulate({ budgetSeconds: 120, reading: 80 }, () => 3);
    assert.ok(epochs[0] > 0.05 && epochs[1] > 0.05, `${epochs}`);
  });
});

test("a run that is taken up goes on with its plan and the time it had left", () => {
  let now = 0;
  const options = { ...sizes, stages, budgetSeconds: 600, clock: () => now };
  const first = new Timekeeper({ ...options, start: { costs } });
  now = 200;
  const { plan } = first;
  assert.equal(plan.spentSeconds, 200);
  now = 5;
  const second = new Timekeeper({ ...options, start: plan });
  assert.deepEqual(second.plan.epochs, plan.epochs);
  assert.equal(second.plan.spentSeconds, 205);
});

test("a run that is stopped late ends no later for it", () => {
  let now = 0;
  const options = { ...sizes, stages, budgetSeconds: 600, clock: () => now };
  const first = new Timekeeper({ ...options, start: { costs } });
  now = 560;
  const position = { stage: 1, step: 3000 };
  first.measured(position, costs.step[1]);
  const { plan } = first;
  now = 0;
  const second = new Timekeeper({ ...options, start: plan });
  second.measured(position, costs.step[1]);
  const { epochs } = second.stages[1];
  const left = (epochs * sizes.imageCount) / sizes.batchSize - position.step;
  const ends = plan.spentSeconds + left * costs.step[1] + costs.after[1] + costs.after[2];
  assert.ok(Math.abs(ends - 600) < 1, `${ends} s`);
});

test("a run that is taken up tells what is left by the pace the machine had last", () => {
  let now = 0;
  const options = { ...sizes, stages, budgetSeconds: 600, clock: () => now };
  const first = new Timekeeper({ ...options, start: { costs } });
  now = 100;
  first.measured({ stage: 0, step: 1 }, 3 * costs.step[0]);
  const { plan } = first;
  now = 0;
  const second = new Timekeeper({ ...options, start: plan });
  assert.ok(
    Math.abs(second.outlook().between - 3 * (costs.after[0] + costs.after[1] + costs.after[2])) < 1e-9,
  );
  assert.deepEqual(second.outlook(), first.outlook());
});
