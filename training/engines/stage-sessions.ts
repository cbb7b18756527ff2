// The sessions of a stage and the values that go round between them, for any ONNX Runtime that has the interface of
// onnxruntime-common. Where a device has a memory of its own the values stay there.

import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Runtime } from "../../models/runtime.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";
import { Graph, serialize } from "../graph/index.ts";
import { type BatchGradients, NEXT, release, scalarOf, type Values, WholeBatch } from "./batch-gradients.ts";
import { type RunningStage, readStepResult, type StepResult, type TrainingState } from "./engine.ts";
import { MicroBatches } from "./micro-batches.ts";

type Shapes = ReadonlyMap<string, readonly number[]>;

export class StageSessions implements RunningStage {
  readonly #artifacts: StageModels;
  readonly #runtime: Runtime;
  readonly #shapes: Shapes;
  readonly #gradients: BatchGradients;
  readonly #optimizer: InferenceSession;
  readonly #copying: { host?: InferenceSession; device?: InferenceSession } = {};
  readonly #values: Values;
  #step: number;

  private constructor(
    artifacts: StageModels,
    runtime: Runtime,
    sessions: { gradients: BatchGradients; optimizer: InferenceSession },
    shapes: Shapes,
    state: TrainingState,
  ) {
    this.#artifacts = artifacts;
    this.#runtime = runtime;
    this.#gradients = sessions.gradients;
    this.#optimizer = sessions.optimizer;
    this.#shapes = shapes;
    this.#step = state.step;
    this.#values = Object.fromEntries(
      [...shapes].map(([name, shape]) => {
        const value = state.values[name];
        if (!value) throw new Error(`the training state lacks ${name}`);
        return [name, this.#tensor(value, shape)];
      }),
    );
  }

  static async open(artifacts: StageModels, runtime: Runtime, state: TrainingState): Promise<StageSessions> {
    const { trained, moments, statistics, micro } = artifacts;
    const shapes = new Map([...artifacts.weights, ...statistics].map((w) => [w.name, w.shape]));
    for (const name of trained) {
      for (const moment of moments) shapes.set(`${name}.${moment}`, shapes.get(name)!);
    }
    const gradients = micro
      ? await MicroBatches.open(artifacts, micro, runtime)
      : await WholeBatch.open(artifacts, runtime);
    const optimizer = await runtime.createSession(artifacts.optimizerModel, {
      onDevice: trained
        .flatMap((name) => [name, ...moments.map((moment) => `${name}.${moment}`)])
        .map((name) => name + NEXT),
    });
    const sessions = new StageSessions(artifacts, runtime, { gradients, optimizer }, shapes, state);
    if (runtime.hasDeviceMemory) sessions.#advance(await sessions.#copies("device"));
    return sessions;
  }

  /** One update from views [2B, 3, S, S]. */
  async step(views: Float32Array, learningRate: number): Promise<StepResult> {
    const { trained, moments, statistics } = this.#artifacts;
    const results = await this.#gradients.train(views, this.#networkValues());
    const feeds: Values = {
      learning_rate: this.#tensor(Float32Array.of(learningRate), []),
      step: this.#tensor(Float32Array.of(this.#step + 1), []),
    };
    for (const name of trained) {
      feeds[name] = this.#values[name];
      feeds[`${name}.grad`] = results[`${name}.grad`];
      for (const moment of moments) feeds[`${name}.${moment}`] = this.#values[`${name}.${moment}`];
    }
    this.#advance(await this.#optimizer.run(feeds));
    for (const name of trained) release(results[`${name}.grad`]);
    this.#advance(Object.fromEntries(statistics.map(({ name }) => [name + NEXT, results[name + NEXT]])));
    this.#step++;
    return readStepResult((output) => scalarOf(results[output]));
  }

  /** Loss of views [2B, 3, S, S] by the evaluation model. */
  async evaluate(views: Float32Array): Promise<number> {
    return await this.#gradients.evaluate(views, this.#networkValues());
  }

  /** A copy of the present state. */
  async state(): Promise<TrainingState> {
    const names = Object.keys(this.#values);
    const onHost = this.#runtime.hasDeviceMemory ? await this.#copies("host") : undefined;
    const data = (name: string) => (onHost?.[name + NEXT] ?? this.#values[name]).data as Float32Array;
    return { values: Object.fromEntries(names.map((name) => [name, data(name).slice()])), step: this.#step };
  }

  async close(): Promise<void> {
    for (const value of Object.values(this.#values)) release(value);
    await this.#gradients.close();
    for (const session of [this.#optimizer, ...Object.values(this.#copying)]) await session.release();
  }

  #advance(results: Values): void {
    for (const [name, value] of Object.entries(results)) {
      const own = name.slice(0, -NEXT.length);
      release(this.#values[own]);
      this.#values[own] = value;
    }
  }

  /** All values in the memory of the host, or of the device, by a graph that hands them on. */
  async #copies(where: "host" | "device"): Promise<Values> {
    const graph = new Graph("copy");
    for (const [name, shape] of this.#shapes) graph.output(name + NEXT, graph.input(name, "float32", shape));
    const onDevice = where === "device" ? [...this.#shapes.keys()].map((name) => name + NEXT) : [];
    // Stays open: what lies on the device goes with the session that put it there.
    this.#copying[where] ??= await this.#runtime.createSession(serialize(graph), { onDevice });
    return await this.#copying[where].run(this.#values);
  }

  #networkValues(): Values {
    const { weights, statistics } = this.#artifacts;
    return Object.fromEntries([...weights, ...statistics].map(({ name }) => [name, this.#values[name]]));
  }

  #tensor(data: Float32Array, shape: readonly number[]): Tensor {
    return new this.#runtime.Tensor("float32", data, shape);
  }
}
