import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { learningRateAt, type ScheduleOptions, scheduleNames } from "../../training/optimizers/schedule.ts";

const options = fc
  .record({
    schedule: fc.constantFrom(...scheduleNames),
    learningRate: fc.double({ min: 1e-6, max: 10, noNaN: true }),
    totalSteps: fc.integer({ min: 1, max: 500 }),
    warmup: fc.double({ min: 0, max: 1, noNaN: true }),
    whole: fc.boolean(),
  })
  .map(({ warmup, whole, totalSteps, ...rest }): ScheduleOptions => {
    const warmupSteps = warmup * totalSteps;
    return { ...rest, totalSteps, warmupSteps: whole ? Math.round(warmupSteps) : warmupSteps };
  });

const ratesOf = (o: ScheduleOptions) => Array.from({ length: o.totalSteps }, (_, i) => learningRateAt(i, o));

describe("every schedule", () => {
  test("stays above 0 and never exceeds the peak", () => {
    fc.assert(
      fc.property(options, (o) => {
        for (const [i, rate] of ratesOf(o).entries()) {
          assert.ok(rate > 0 && rate <= o.learningRate, `step ${i}: ${rate}`);
        }
      }),
    );
  });

  test("rises through the warm-up and never after it", () => {
    fc.assert(
      fc.property(options, (o) => {
        const rates = ratesOf(o);
        for (let i = 1; i < rates.length; i++) {
          if (i < o.warmupSteps) assert.ok(rates[i] >= rates[i - 1], `step ${i} warms up`);
          else if (i - 1 >= o.warmupSteps) assert.ok(rates[i] <= rates[i - 1], `step ${i} cools down`);
        }
      }),
    );
  });

  test("warms up in equal parts", () => {
    for (const schedule of scheduleNames) {
      const o = { schedule, learningRate: 0.8, warmupSteps: 4, totalSteps: 10 };
      assert.deepEqual(
        [0, 1, 2, 3].map((i) => learningRateAt(i, o)),
        [0.2, 0.4, 0.6000000000000001, 0.8],
      );
      assert.equal(learningRateAt(4, o), 0.8, "the first step after it is the peak");
    }
  });

  test("a fractional warm-up ends at the peak", () => {
    const o = { schedule: "constant", learningRate: 1, warmupSteps: 2.5, totalSteps: 10 } as const;
    assert.deepEqual(ratesOf(o).slice(0, 4), [0.4, 0.8, 1, 1]);
  });

  test("without a warm-up starts at the peak", () => {
    for (const schedule of scheduleNames) {
      assert.equal(learningRateAt(0, { schedule, learningRate: 3, warmupSteps: 0, totalSteps: 7 }), 3);
    }
  });

  test("may be all warm-up, or a single step", () => {
    for (const schedule of scheduleNames) {
      const allWarmup = { schedule, learningRate: 1, warmupSteps: 5, totalSteps: 5 };
      assert.deepEqual(ratesOf(allWarmup), [0.2, 0.4, 0.6, 0.8, 1]);
      assert.deepEqual(ratesOf({ schedule, learningRate: 1, warmupSteps: 0, totalSteps: 1 }), [1]);
    }
  });
});

describe("after the warm-up", () => {
  const at = (schedule: ScheduleOptions["schedule"], step: number) =>
    learningRateAt(step, { schedule, learningRate: 2, warmupSteps: 10, totalSteps: 110 });
  const near = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);

  test("cosine falls along a half cosine", () => {
    for (let step = 10; step < 110; step++) {
      near(at("cosine", step), 1 + Math.cos((Math.PI * (step - 10)) / 100));
    }
    near(at("cosine", 60), 1);
    assert.ok(at("cosine", 109) < 2e-3, "nearly 0 at the end");
  });

  test("linear falls in a line", () => {
    for (let step = 10; step < 110; step++) near(at("linear", step), 2 * (1 - (step - 10) / 100));
    near(at("linear", 109), 0.02);
  });

  test("constant stays", () => {
    for (let step = 10; step < 110; step++) assert.equal(at("constant", step), 2);
  });
});
