// Keeps a run to its time: the machine's pace changes while it runs, so what is left is planned anew after each step.

import { BEGINNING, type Costs, fitStages, type Position, secondsLeft, withEpochs } from "./budget.ts";
import type { StageSettings } from "./settings.ts";

/**
 * Training gets at least this share of the budget, and each stage of its first plan, whatever all else takes: too
 * late is better than no map.
 */
const LEAST_SHARE = 0.25;

/** What a run keeps of its plan, so that it can be resumed. */
export interface Plan {
  /** Epochs of each stage as planned last. */
  readonly epochs: readonly number[];
  readonly costs: Costs;
  /** From the beginning of the run, without the time in which it was stopped. */
  readonly spentSeconds: number;
  /** When the run is to end, counted in the same way. */
  readonly endSeconds: number;
}

export interface TimekeeperOptions {
  readonly stages: readonly StageSettings[];
  /** What a trial has measured, or the plan of a run that is taken up. */
  readonly start: Pick<Plan, "costs"> & Partial<Plan>;
  readonly imageCount: number;
  readonly batchSize: number;
  readonly budgetSeconds: number;
  /** Seconds that this process has worked on the run. */
  readonly clock: () => number;
}

export class Timekeeper {
  readonly #options: TimekeeperOptions;
  readonly #end: number;
  readonly #first: readonly StageSettings[];
  /** As the machine's pace was last. */
  #costs: Costs;
  #stages: readonly StageSettings[];

  constructor(options: TimekeeperOptions) {
    const { start, budgetSeconds, stages } = options;
    const { costs, epochs } = start;
    this.#options = options;
    this.#costs = costs;
    const { between } = secondsLeft(stages, costs, options);
    const least = this.#spent() + between + LEAST_SHARE * budgetSeconds;
    this.#end = start.endSeconds ?? Math.max(budgetSeconds, least);
    this.#stages = epochs
      ? stages.map((stage, i) => withEpochs(stage, epochs[i]))
      : this.#fitted(stages, BEGINNING);
    this.#first = this.#stages;
  }

  /** With the epochs planned last. */
  get stages(): readonly StageSettings[] {
    return this.#stages;
  }

  get plan(): Plan {
    const epochs = this.#stages.map(({ epochs }) => epochs);
    return { epochs, costs: this.#costs, spentSeconds: this.#spent(), endSeconds: this.#end };
  }

  /** What is left to do as planned, in seconds: each stage, all between and after them. */
  outlook(): { stages: number[]; between: number } {
    return secondsLeft(this.#stages, this.#costs, this.#options);
  }

  /**
   * Plans what is left anew.
   * @param secondsPerStep measured in the present stage; the steps of the others are taken to be as much slower or
   * faster, and during the first stage all else, too
   */
  measured(position: Position, secondsPerStep: number): void {
    const { step, after } = this.#costs;
    const slowdown = secondsPerStep / step[position.stage];
    // Later it is better known: see `passed`.
    this.#costs = {
      step: scaled(step, slowdown),
      after: position.stage === 0 ? scaled(after, slowdown) : after,
    };
    this.#planAnew(position);
  }

  /**
   * Plans what is left anew, between two stages.
   * @param stage that has ended
   * @param seconds since then, until the next one began; what is done after the others is taken to be as much slower
   * or faster
   */
  passed(stage: number, seconds: number): void {
    const { step, after } = this.#costs;
    if (after[stage] === 0) return;
    this.#costs = { step, after: scaled(after, seconds / after[stage]) };
    this.#planAnew({ stage: stage + 1, step: 0 });
  }

  #planAnew(position: Position): void {
    const fitted = this.#fitted(this.#stages, position);
    this.#stages = fitted.map((stage, i) => {
      const least = LEAST_SHARE * this.#first[i].epochs;
      return i < position.stage || stage.epochs >= least ? stage : withEpochs(stage, least);
    });
  }

  #fitted(stages: readonly StageSettings[], position: Position): readonly StageSettings[] {
    return fitStages(stages, this.#costs, this.#options, this.#end - this.#spent(), position);
  }

  #spent(): number {
    return (this.#options.start.spentSeconds ?? 0) + this.#options.clock();
  }
}

function scaled(seconds: readonly number[], by: number): readonly number[] {
  return seconds.map((each) => each * by);
}
