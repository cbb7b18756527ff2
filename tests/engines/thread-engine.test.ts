import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import type { StageArtifacts } from "../../training/artifacts/stage-artifacts.ts";
import type { TrainingState } from "../../training/engines/engine.ts";
import { ThreadEngine } from "../../training/engines/thread-engine.ts";
import { runModel } from "../support/session.ts";
import { buildTinyStage, randomViews, tinyStage } from "../support/stage.ts";

const stage = buildTinyStage();
const start: TrainingState = { values: initialValues(stage, 1), step: 0 };
const batch = (seed: number) => randomViews(tinyStage, seed);

const open: ThreadEngine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});

async function engineAt(state: TrainingState, artifacts: StageArtifacts = stage): Promise<ThreadEngine> {
  const engine = new ThreadEngine();
  open.push(engine);
  await engine.load(artifacts, state);
  return engine;
}

async function trained(engine: ThreadEngine, from: number, to: number) {
  const losses: number[] = [];
  for (let i = from; i < to; i++) losses.push((await engine.step(batch(i), 0.02)).loss);
  return { losses, state: await engine.state() };
}

describe("a stage on the engine", () => {
  test("starts from the state it is given, and hands it back unchanged", async () => {
    const engine = await engineAt({ ...start, step: 5 });
    assert.deepEqual(await engine.state(), { ...start, step: 5 });
  });

  test("a step returns what the training model says, moves what is trained and counts", async () => {
    const engine = await engineAt(start);
    const result = await engine.step(batch(1), 0.02);
    const shapes = [...stage.weights, ...stage.statistics];
    const inputs = shapes.map(({ name, shape }) => [name, { shape, data: start.values[name] }]);
    const views = { shape: stage.viewsShape, data: batch(1) };
    const expected = await runModel(stage.trainingModel, { views, ...Object.fromEntries(inputs) });
    for (const name of ["loss", "alignment", "uniformity"] as const) {
      assert.equal(result[name], expected[name].data[0], name);
    }
    const state = await engine.state();
    assert.equal(state.step, 1);
    assert.deepEqual(Object.keys(state.values).sort(), Object.keys(start.values).sort());
    for (const name of Object.keys(start.values)) {
      assert.notDeepEqual(state.values[name], start.values[name], `${name} has moved`);
    }
    for (const { name } of stage.statistics) {
      assert.deepEqual(state.values[name], expected[`${name}.next`].data, name);
    }
  });

  test("a rate of 0 leaves the weights", async () => {
    const engine = await engineAt(start);
    await engine.step(batch(1), 0);
    const { values } = await engine.state();
    for (const { name } of stage.weights) assert.deepEqual(values[name], start.values[name], name);
  });

  test("evaluation changes nothing", async () => {
    const engine = await engineAt(start);
    const { state: before } = await trained(engine, 0, 2);
    const loss = await engine.evaluate(batch(9));
    assert.ok(Number.isFinite(loss));
    assert.equal(await engine.evaluate(batch(9)), loss);
    assert.deepEqual(await engine.state(), before);
  });

  test("the state is a copy", async () => {
    const engine = await engineAt(start);
    const state = await engine.state();
    state.values["head.2.bias"].fill(99);
    assert.deepEqual((await engine.state()).values["head.2.bias"], start.values["head.2.bias"]);
  });

  test("calls that are made at once are done in order", async () => {
    const engine = await engineAt(start);
    const [first, between, second] = await Promise.all([
      engine.step(batch(0), 0.02),
      engine.state(),
      engine.step(batch(1), 0.02),
    ]);
    assert.equal(between.step, 1);
    const { losses } = await trained(await engineAt(start), 0, 2);
    assert.deepEqual([first.loss, second.loss], losses);
  });

  test("leaves the event loop free", async () => {
    const engine = await engineAt(start);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await trained(engine, 0, 20);
    clearInterval(timer);
    assert.ok(turns > 20, `${turns} turns in 20 steps`);
  });

  test("may be followed by another", async () => {
    const engine = await engineAt(start);
    await engine.step(batch(0), 0.02);
    const second = buildTinyStage({ trains: (name) => name.startsWith("head.2.") });
    await engine.load(second, { values: initialValues(second, 1, (await engine.state()).values), step: 0 });
    const before = await engine.state();
    await engine.step(batch(1), 0.02);
    const { values } = await engine.state();
    assert.deepEqual(values["head.0.weight"], before.values["head.0.weight"]);
    assert.notDeepEqual(values["head.2.weight"], before.values["head.2.weight"]);
  });
});

describe("the same, bit for bit", () => {
  for (const optimizer of ["sgd", "adamw"] as const) {
    const artifacts = buildTinyStage({ optimizer: { ...tinyStage.optimizer, optimizer } });
    const from = { values: initialValues(artifacts, 1), step: 0 };

    test(`two runs from one state with ${optimizer}`, async () => {
      const one = await trained(await engineAt(from, artifacts), 0, 6);
      const two = await trained(await engineAt(from, artifacts), 0, 6);
      assert.deepEqual(two, one);
      assert.equal(new Set(one.losses).size, 6, "the losses differ from step to step");
    });

    test(`a run that is stopped and goes on in another engine with ${optimizer}`, async () => {
      const whole = await trained(await engineAt(from, artifacts), 0, 6);
      const half = await trained(await engineAt(from, artifacts), 0, 3);
      const rest = await trained(await engineAt(half.state, artifacts), 3, 6);
      assert.deepEqual([...half.losses, ...rest.losses], whole.losses);
      assert.deepEqual(rest.state, whole.state);
    });
  }
});

describe("failures", () => {
  test("a batch of the wrong size is refused, and the engine goes on", async () => {
    const engine = await engineAt(start);
    await assert.rejects(engine.step(new Float32Array(7), 0.02), /size|length|shape|dims/i);
    await assert.rejects(engine.evaluate(new Float32Array(7)), /size|length|shape|dims/i);
    assert.equal((await engine.state()).step, 0);
    const { losses } = await trained(engine, 0, 2);
    assert.deepEqual(losses, (await trained(await engineAt(start), 0, 2)).losses);
  });

  test("a state that lacks a value is refused by its name, and nothing is loaded then", async () => {
    const engine = await engineAt(start);
    const { "head.0.bias.momentum": _, ...values } = start.values;
    await assert.rejects(engine.load(stage, { values, step: 0 }), /lacks head\.0\.bias\.momentum/);
    await assert.rejects(engine.step(batch(0), 0.02), /no stage is loaded/);
    await engine.load(stage, start);
    await engine.step(batch(0), 0.02);
  });

  test("a damaged model is refused", async () => {
    const engine = await engineAt(start);
    const trainingModel = stage.trainingModel.slice(0, 1000);
    await assert.rejects(engine.load({ ...stage, trainingModel }, start), /model|protobuf/i);
  });

  test("a step before a stage is loaded is refused", async () => {
    const engine = new ThreadEngine();
    open.push(engine);
    await assert.rejects(engine.step(batch(0), 0.02), /no stage is loaded/);
  });

  test("when its thread ends, waiting calls and all later ones are rejected", async () => {
    const started = once(process, "worker");
    const engine = await engineAt(start);
    const [worker] = (await started) as [Worker];
    worker.postMessage(null); // what it does not understand ends it
    const waiting = [engine.step(batch(0), 0.02), engine.state()].map((call) =>
      assert.rejects(call, /engine cpu: it has stopped/),
    );
    await Promise.all(waiting);
    await assert.rejects(engine.step(batch(1), 0.02), /engine cpu: it has stopped/);
  });

  test("a closed engine rejects waiting and later calls, and may be closed twice", async () => {
    const engine = await engineAt(start);
    const waiting = assert.rejects(engine.step(batch(0), 0.02), /the engine is closed/);
    await engine.close();
    await waiting;
    await assert.rejects(engine.state(), /the engine is closed/);
    await engine.close();
  });
});
