// Sums up the steps of a stage from one record of the log to the next.

import type { StepResult } from "../engines/engine.ts";
import type { LogRecord } from "./log.ts";
import type { StagePlan } from "./plan.ts";

/** An epoch adds this many records to the log, with an evaluation at its end, … */
const RECORDS = 20;
/** … but with few images an epoch is a step or two: then so many steps lie between two evaluations, … */
const STEPS_BETWEEN = 10;

export interface RecorderOptions {
  /** From 1. */
  readonly stage: number;
  readonly batchSize: number;
  /** When the run began or was resumed, by `performance.now()`. */
  readonly began: number;
  readonly append: (record: LogRecord) => Promise<void>;
}

export class Recorder {
  readonly #options: RecorderOptions;
  #sums = { loss: 0, alignment: 0, uniformity: 0 };
  #count = 0;
  #since = performance.now();
  #last = { step: 0, learningRate: 0, imagesPerSecond: 0 };

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /**
   * Adds a step.
   * @param step steps done in this stage, this one included
   * @returns images a second since the record before
   */
  add(step: number, learningRate: number, result: StepResult): number {
    for (const key of ["loss", "alignment", "uniformity"] as const) this.#sums[key] += result[key];
    this.#count++;
    const seconds = (performance.now() - this.#since) / 1000;
    const imagesPerSecond = (this.#count * this.#options.batchSize) / Math.max(seconds, 1e-9);
    this.#last = { step, learningRate, imagesPerSecond };
    return imagesPerSecond;
  }

  /** Waits for work that is no part of training and does not count as its time. */
  async aside(work: () => void | Promise<void>): Promise<void> {
    const began = performance.now();
    await work();
    this.#since += performance.now() - began;
  }

  /** Writes a record if one is due within the epoch; the last step of an epoch is recorded by `endEpoch`. */
  async writeIfDue({ totalSteps, stepsPerEpoch }: StagePlan): Promise<void> {
    const { step } = this.#last;
    const every = Math.max(stepsBetween(totalSteps), Math.floor(stepsPerEpoch / RECORDS));
    const ends = step % stepsPerEpoch === 0 || step >= totalSteps;
    if (step % every === 0 && !ends) await this.#write(stepsPerEpoch);
  }

  /** To be called after the last step of an epoch: evaluates and writes a record if that is due. */
  async endEpoch(evaluate: () => Promise<number>, { totalSteps, stepsPerEpoch }: StagePlan): Promise<void> {
    const { step } = this.#last;
    if (step % stepsBetween(totalSteps) < stepsPerEpoch || step >= totalSteps)
      await this.#write(stepsPerEpoch, await evaluate());
  }

  async #write(stepsPerEpoch: number, evalLoss?: number): Promise<void> {
    const { stage, began, append } = this.#options;
    const { step, learningRate, imagesPerSecond } = this.#last;
    const count = Math.max(this.#count, 1);
    await append({
      stage,
      epoch: step / stepsPerEpoch,
      step,
      loss: this.#sums.loss / count,
      alignment: this.#sums.alignment / count,
      uniformity: this.#sums.uniformity / count,
      learningRate,
      imagesPerSecond,
      seconds: (performance.now() - began) / 1000,
      ...(evalLoss === undefined ? {} : { evalLoss }),
    });
    this.#sums = { loss: 0, alignment: 0, uniformity: 0 };
    this.#count = 0;
    this.#since = performance.now();
  }
}

/** … or fewer in a stage that is so short that it would have hardly a record. */
function stepsBetween(totalSteps: number): number {
  return Math.min(STEPS_BETWEEN, Math.ceil(totalSteps / RECORDS));
}
