// Learning rate over the steps of a stage.

/** What the rate does after the warm-up: falls along a half cosine to 0, falls in a line to 0, or stays. */
export type ScheduleName = "cosine" | "linear" | "constant";

export const scheduleNames: readonly ScheduleName[] = ["cosine", "linear", "constant"];

export interface ScheduleOptions {
  readonly schedule: ScheduleName;
  /** The highest rate. */
  readonly learningRate: number;
  /** Steps of linear warm-up from 0; may be fractional. */
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** Rate of step 0 … totalSteps − 1. Positive from the first step on: warm-up reaches 1/warmupSteps of the peak there. */
export function learningRateAt(step: number, options: ScheduleOptions): number {
  const { schedule, learningRate, warmupSteps, totalSteps } = options;
  if (step < warmupSteps) return learningRate * Math.min(1, (step + 1) / warmupSteps);
  if (schedule === "constant") return learningRate;
  const progress = (step - warmupSteps) / Math.max(totalSteps - warmupSteps, 1);
  return learningRate * (schedule === "cosine" ? (1 + Math.cos(Math.PI * progress)) / 2 : 1 - progress);
}
