// How the layers of a head start: as layers again, that give what was asked for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { principalAxes, project } from "../../models/principal-axes.ts";
import type { Weights } from "../../training/networks/model.ts";
import { randomStream } from "../../training/random.ts";
import { centredLayer, principalAxesLayer } from "../../training/stages/starting-layers.ts";

const [inputs, dim, count] = [6, 5, 500];
const random = randomStream("layer");
const normal = (n: number, mean = 0) => Float32Array.from({ length: n }, () => random.normal() + mean);
const old: Weights = { "head.2.weight": normal(dim * inputs), "head.2.bias": normal(dim) };

function run(layer: Weights, x: Float32Array): number[] {
  const [weight, bias] = [layer["head.2.weight"], layer["head.2.bias"]];
  return Array.from(bias, (b, o) => x.reduce((sum, value, i) => sum + value * weight[o * inputs + i], b));
}

function rowsOf(vectors: Float32Array): Float32Array[] {
  return Array.from({ length: count }, (_, r) => vectors.subarray(r * inputs, (r + 1) * inputs));
}

test("a last layer from principal axes gives the old outputs' projections, times one factor", () => {
  const hidden = normal(count * inputs);
  const rows = rowsOf(hidden);
  const embedding = Float32Array.from(rows.flatMap((h) => run(old, h)));
  const layer = principalAxesLayer("head.2", old, embedding, 2);
  const placed = rows.map((h) => run(layer, h));
  const { axes, mean, deviations } = principalAxes(embedding, dim);
  const projections = project({ mean, axes: axes.subarray(0, 2 * dim) }, embedding);
  const factor = Math.hypot(...placed.map(([x]) => x)) / Math.sqrt(count) / deviations[0];
  for (const [r, point] of placed.entries()) {
    for (const [o, value] of point.entries()) {
      const expected = projections[r * 2 + o] * factor;
      assert.ok(Math.abs(value - expected) < 1e-4, `${value} instead of ${expected}`);
    }
  }
});

test("a centred layer gives what the old one gives of inputs less their mean", () => {
  const vectors = normal(count * inputs, 3);
  const layer = { ...old, ...centredLayer("head.2", old, vectors) };
  const mean = Array.from(
    { length: inputs },
    (_, i) => rowsOf(vectors).reduce((sum, x) => sum + x[i], 0) / count,
  );
  for (const x of rowsOf(vectors)) {
    const expected = run(
      old,
      x.map((value, i) => value - mean[i]),
    );
    for (const [o, value] of run(layer, x).entries()) {
      assert.ok(Math.abs(value - expected[o]) < 1e-4, `${value} instead of ${expected[o]}`);
    }
  }
});
