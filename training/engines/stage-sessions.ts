// The three sessions of a stage and the values that go round between them, for any ONNX Runtime that has the
// interface of onnxruntime-common.

import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Runtime } from "../../models/runtime.ts";
import type { StageModels } from "../artifacts/stage-artifacts.ts";
import type { StepResult, TrainingState } from "./engine.ts";

type Values = Record<string, Tensor>;

export class StageSessions {
  readonly #artifacts: StageModels;
  readonly #runtime: Runtime;
  readonly #training: InferenceSession;
  readonly #optimizer: InferenceSession;
  #evaluation: InferenceSession | undefined;
  readonly #values: Values;
  #step: number;

  private constructor(
    artifacts: StageModels,
    runtime: Runtime,
    sessions: { training: InferenceSession; optimizer: InferenceSession },
    state: TrainingState,
  ) {
    this.#artifacts = artifacts;
    this.#runtime = runtime;
    this.#training = sessions.training;
    this.#optimizer = sessions.optimizer;
    this.#step = state.step;
    const shapes = new Map([...artifacts.weights, ...artifacts.statistics].map((w) => [w.name, w.shape]));
    for (const name of artifacts.trained) {
      for (const moment of artifacts.moments) shapes.set(`${name}.${moment}`, shapes.get(name)!);
    }
    this.#values = Object.fromEntries(
      [...shapes].map(([name, shape]) => {
        const value = state.values[name];
        if (!value) throw new Error(`the training state lacks ${name}`);
        return [name, this.#tensor(value, shape)];
      }),
    );
  }

  static async open(artifacts: StageModels, runtime: Runtime, state: TrainingState): Promise<StageSessions> {
    const training = await runtime.createSession(artifacts.trainingModel);
    const optimizer = await runtime.createSession(artifacts.optimizerModel);
    return new StageSessions(artifacts, runtime, { training, optimizer }, state);
  }

  /** One update from views [2B, 3, S, S]. */
  async step(views: Float32Array, learningRate: number): Promise<StepResult> {
    const { trained, moments, statistics } = this.#artifacts;
    const results = await this.#training.run({ views: this.#viewsTensor(views), ...this.#networkValues() });
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
    this.#advance(
      Object.fromEntries(statistics.map(({ name }) => [`${name}.next`, results[`${name}.next`]])),
    );
    this.#step++;
    const number = (name: string) => (results[name].data as Float32Array)[0];
    return { loss: number("loss"), alignment: number("alignment"), uniformity: number("uniformity") };
  }

  /** Loss of views [2B, 3, S, S] by the evaluation model. */
  async evaluate(views: Float32Array): Promise<number> {
    this.#evaluation ??= await this.#runtime.createSession(this.#artifacts.evalModel);
    const { loss } = await this.#evaluation.run(
      { views: this.#viewsTensor(views), ...this.#networkValues() },
      ["loss"],
    );
    return (loss.data as Float32Array)[0];
  }

  /** A copy of the present state. */
  state(): TrainingState {
    const values = Object.entries(this.#values).map(([name, t]) => [name, (t.data as Float32Array).slice()]);
    return { values: Object.fromEntries(values), step: this.#step };
  }

  async close(): Promise<void> {
    for (const session of [this.#training, this.#optimizer, this.#evaluation]) await session?.release();
  }

  #advance(results: Values): void {
    for (const [name, value] of Object.entries(results)) this.#values[name.slice(0, -".next".length)] = value;
  }

  #networkValues(): Values {
    const { weights, statistics } = this.#artifacts;
    return Object.fromEntries([...weights, ...statistics].map(({ name }) => [name, this.#values[name]]));
  }

  #viewsTensor(views: Float32Array): Tensor {
    return this.#tensor(views, this.#artifacts.viewsShape);
  }

  #tensor(data: Float32Array, shape: readonly number[]): Tensor {
    return new this.#runtime.Tensor("float32", data, shape);
  }
}
