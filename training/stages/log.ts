// What a run records about itself, one JSON object a line.

/** Means over the steps since the record before. */
export interface LogRecord {
  /** From 1. */
  readonly stage: number;
  /** Passes over the images done in this stage, fractional. */
  readonly epoch: number;
  /** Steps done in this stage. */
  readonly step: number;
  readonly loss: number;
  readonly alignment: number;
  readonly uniformity: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Since the run began or was resumed. */
  readonly seconds: number;
  /** Loss of a fixed batch of views with running statistics; at the end of an epoch. */
  readonly evalLoss?: number;
}

/** Lines of a log as records; a last line that was cut off by a crash is left out. */
export function parseLog(text: string): LogRecord[] {
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as LogRecord];
    } catch {
      return [];
    }
  });
}

/** The records of everything up to a checkpoint: what came after it will be done, and recorded, again. */
export function recordsUntil(records: readonly LogRecord[], stage: number, step: number): LogRecord[] {
  return records.filter((record) => record.stage < stage || (record.stage === stage && record.step <= step));
}
