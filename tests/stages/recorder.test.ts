// What a stage writes into the log: enough for a curve, and never so much that it takes the time of training.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LogRecord } from "../../training/stages/log.ts";
import { Recorder } from "../../training/stages/recorder.ts";

/** The log of a stage. */
async function logOf(stepsPerEpoch: number, totalSteps: number): Promise<LogRecord[]> {
  const log: LogRecord[] = [];
  const append = async (record: LogRecord) => {
    log.push(record);
  };
  const plan = { stepsPerEpoch, totalSteps, warmupSteps: 0 };
  const recorder = new Recorder({ stage: 1, batchSize: 4, began: performance.now(), append });
  for (let step = 1; step <= totalSteps; step++) {
    recorder.add(step, 0.1, { loss: step, alignment: -1, uniformity: 1 });
    await recorder.writeIfDue(plan);
    if (step % stepsPerEpoch === 0 || step === totalSteps) await recorder.endEpoch(async () => 7, plan);
  }
  return log;
}

const steps = (log: readonly LogRecord[]) => log.map(({ step }) => step);
const evaluated = (log: readonly LogRecord[]) => steps(log.filter(({ evalLoss }) => evalLoss === 7));

describe("the log of a stage", () => {
  test("has about twenty records an epoch, an evaluation at the end of each and of the stage", async () => {
    const log = await logOf(400, 1000);
    assert.deepEqual(
      steps(log),
      Array.from({ length: 50 }, (_, i) => 20 * (i + 1)),
    );
    assert.deepEqual(evaluated(log), [400, 800, 1000]);
  });

  test("means are over the steps since the record before", async () => {
    const log = await logOf(400, 1000);
    assert.equal(log[1].loss, 30.5);
    assert.equal(log[1].epoch, 0.1);
  });

  for (const [stepsPerEpoch, first] of [
    [1, [10, 20, 30]],
    [2, [10, 20, 30]],
    [3, [12, 21, 30]],
    [7, [14, 21, 35]],
  ] as const) {
    test(`evaluates every tenth step or so where an epoch has ${stepsPerEpoch}`, async () => {
      const log = await logOf(stepsPerEpoch, 2000);
      assert.deepEqual(evaluated(log).slice(0, 3), first);
      assert.equal(evaluated(log).at(-1), 2000);
      assert.ok(evaluated(log).length <= 200 && log.length <= 400, `${log.length} records`);
    });
  }

  test("a short stage has a curve too", async () => {
    assert.deepEqual(evaluated(await logOf(1, 3)), [1, 2, 3]);
    assert.deepEqual(steps(await logOf(5, 5)), [1, 2, 3, 4, 5]);
  });
});
