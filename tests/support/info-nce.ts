// InfoNCE in double precision, as plainly as the method states it.

import type { KernelOptions } from "../../training/losses/kernels.ts";

export type Point = readonly number[];

export interface InfoNceValue {
  readonly loss: number;
  readonly alignment: number;
  readonly uniformity: number;
}

const dot = (x: Point, y: Point) => x.reduce((sum, value, k) => sum + value * y[k], 0);

/** log q(x, y). */
export function logAffinity(x: Point, y: Point, options: KernelOptions, temperature: number): number {
  const { kernel, degreesOfFreedom: nu } = options;
  if (kernel === "cosine") return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)) / temperature;
  const d2 = x.reduce((sum, value, k) => sum + (value - y[k]) ** 2, 0);
  if (kernel === "gaussian") return -((temperature * Math.sqrt(d2)) ** 2);
  if (kernel === "student-t") return (-(nu + 1) / 2) * Math.log1p(d2 / nu);
  return -Math.log1p(d2);
}

function logSumExp(values: readonly number[]): number {
  const highest = Math.max(...values);
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** a[i] and b[i] are the embeddings of the two views of image i. */
export function infoNceReference(
  a: readonly Point[],
  b: readonly Point[],
  options: KernelOptions,
  temperature: number,
): InfoNceValue {
  const s = (x: Point, y: Point) => logAffinity(x, y, options, temperature);
  const except = (points: readonly Point[], i: number) => points.filter((_, j) => j !== i);
  const alignment = mean(a.map((_, i) => s(a[i], b[i])));
  const fromB = mean(
    b.map((bi, i) => logSumExp([...a.map((aj) => s(bi, aj)), ...except(b, i).map((bj) => s(bi, bj))])),
  );
  const fromA = mean(
    a.map((ai, i) => logSumExp([...except(a, i).map((aj) => s(ai, aj)), ...b.map((bj) => s(ai, bj))])),
  );
  const uniformity = (fromB + fromA) / 2;
  return { loss: uniformity - alignment, alignment, uniformity };
}
