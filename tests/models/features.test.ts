import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Matrix, SVD } from "ml-matrix";
import { UserError } from "../../models/errors.ts";
import {
  type Aspect,
  compactDim,
  compactFeatures,
  compactQueries,
  type EncoderOutputs,
} from "../../models/features.ts";
import { decodeFeatures, encodeFeatures } from "../../models/features-file.ts";
import { nearest } from "../../models/neighbours.ts";
import { decodeSafetensors, encodeSafetensors } from "../../models/safetensors.ts";
import { randomStream } from "../../training/random.ts";

/** Features like those of a network: not negative, a few directions that matter, in `clusters` groups. */
function networkFeatures(count: number, dim: number, clusters = 5): Float32Array {
  const random = randomStream("features", count, dim);
  const centers = Array.from({ length: clusters * dim }, () => Math.max(0, random.normal()));
  return Float32Array.from({ length: count * dim }, (_, at) => {
    const [i, j] = [Math.floor(at / dim), at % dim];
    return Math.max(0, centers[(i % clusters) * dim + j] + (0.5 * random.normal()) / (1 + j / 20));
  });
}

function unitRows(features: Float32Array, dim: number): number[][] {
  return Array.from({ length: features.length / dim }, (_, i) => {
    const row = Array.from(features.subarray(i * dim, (i + 1) * dim));
    const norm = Math.hypot(...row);
    return row.map((value) => (norm > 0 ? value / norm : 0));
  });
}

function centered(features: Float32Array, dim: number): Matrix {
  return new Matrix(unitRows(features, dim)).center("column");
}

/** Statistics of channels on very different scales. */
function channelStatistics(count: number, dim: number): Float32Array {
  const random = randomStream("statistics", count, dim);
  return Float32Array.from(
    { length: count * dim },
    (_, at) => 0.3 + (random.normal() * 10) / (1 + (at % dim) ** 2),
  );
}

const outputs = (count: number, featureDim: number, statisticsDim = 12): EncoderOutputs => ({
  features: networkFeatures(count, featureDim),
  statistics: channelStatistics(count, statisticsDim),
});

const rowsOf = ({ features, statistics }: EncoderOutputs, count: number, from: number, to: number) => ({
  features: features.slice((from * features.length) / count, (to * features.length) / count),
  statistics: statistics.slice((from * statistics.length) / count, (to * statistics.length) / count),
});

/** Sum of squares that the axes keep, as a share of what the best axes of that number keep. */
function keptShare(features: Float32Array, { inputDim, dim, basis }: Aspect): number {
  const rows = centered(features, inputDim);
  const axes = new Matrix(
    Array.from({ length: dim }, (_, a) => {
      const axis = Array.from(basis.subarray(a * inputDim, (a + 1) * inputDim));
      return axis.map((value) => value / Math.hypot(...axis));
    }),
  );
  const kept = rows.mmul(axes.transpose()).norm("frobenius") ** 2;
  const singular = new SVD(rows, { autoTranspose: true }).diagonal.sort((a, b) => b - a);
  const best = singular.slice(0, dim).reduce((sum, value) => sum + value * value, 0);
  return kept / best;
}

/** Mean distance of each row to its nearest ten, itself left out. */
function spacing(vectors: Float32Array, dim: number): number {
  const exclude = Int32Array.from({ length: vectors.length / dim }, (_, i) => i);
  const { distances } = nearest(vectors, vectors, { dim, k: 10, exclude });
  return distances.reduce((sum, value) => sum + value, 0) / distances.length;
}

/** The columns from … to of [N, dim]. */
function columns(vectors: ArrayLike<number>, dim: number, from: number, to: number): Float32Array {
  return Float32Array.from(vectors).filter((_, at) => at % dim >= from && at % dim < to);
}

describe("compact features", () => {
  test("the axes are the principal axes", () => {
    for (const [count, dim] of [
      [200, 8],
      [60, 40],
      [30, 100],
      [400, 300],
    ]) {
      const given = outputs(count, dim);
      const share = keptShare(given.features, compactFeatures(given, count).compaction.content);
      assert.ok(Math.abs(share - 1) < 1e-5, `${count} ${dim}: ${share}`);
    }
  });

  test("at most 64 bytes an image, whatever the network", () => {
    for (const dim of [3, 64, 65, 512]) {
      const { compaction, codes } = compactFeatures(outputs(100, dim, dim), 100);
      assert.ok(compactDim(compaction) <= Math.min(64, 2 * dim));
      assert.equal(codes.length, 100 * compactDim(compaction));
    }
  });

  test("what an image shows and how it looks count alike, and no statistic by its size", () => {
    const given = outputs(500, 64);
    const { compaction, codes } = compactFeatures(given, 500);
    const dim = compactDim(compaction);
    const { content } = compaction;
    const ratio =
      spacing(columns(codes, dim, 0, content.dim), content.dim) /
      spacing(columns(codes, dim, content.dim, dim), dim - content.dim);
    assert.ok(ratio > 0.9 && ratio < 1.1, `ratio ${ratio}`);
    const blownUp = {
      ...given,
      statistics: given.statistics.map((value, at) => value * (at % 12 < 6 ? 100 : 1)),
    };
    const other = compactFeatures(blownUp, 500);
    const [before, after] = [{ compaction, codes }, other].map((all) => {
      const { dim } = all.compaction.content;
      return spacing(columns(all.codes, compactDim(all.compaction), 0, dim), dim);
    });
    assert.ok(Math.abs(after / before - 1) < 0.35, `${before} and ${after}`);
  });

  test("distances between codes follow the distances between normalised features, if looks are all alike", () => {
    const [count, dim] = [300, 128];
    const features = networkFeatures(count, dim);
    const statistics = new Float32Array(count * 4).fill(0.5);
    const { compaction, codes } = compactFeatures({ features, statistics }, count);
    const exact = Float32Array.from(unitRows(features, dim).flat());
    const k = 10;
    const options = { k, exclude: Int32Array.from({ length: count }, (_, i) => i) };
    const among = nearest(exact, exact, { dim, ...options }).indices;
    const compact = Float32Array.from(codes);
    const found = nearest(compact, compact, { dim: compactDim(compaction), ...options }).indices;
    let same = 0;
    for (let i = 0; i < count; i++) {
      const expected = new Set(among.subarray(i * k, (i + 1) * k));
      same += found.subarray(i * k, (i + 1) * k).filter((index) => expected.has(index)).length;
    }
    assert.ok(same / (count * k) > 0.8, `${same / (count * k)} of the neighbours found`);
  });

  test("an image that shows the usual and looks unusual is far away", () => {
    const given = outputs(200, 32);
    const { compaction, codes } = compactFeatures(given, 200);
    const dim = compactDim(compaction);
    const one = rowsOf(given, 200, 3, 4);
    const strange = { ...one, statistics: one.statistics.map((value) => value + 30) };
    const points = Float32Array.from(codes);
    const distanceOf = (outputs: EncoderOutputs) =>
      nearest(compactQueries(compaction, outputs), points, { dim, k: 1 }).distances[0];
    assert.equal(distanceOf(one), 0);
    assert.ok(distanceOf(strange) > 3 * spacing(points, dim));
  });

  test("a training image asked for alone has exactly its own codes", () => {
    const given = outputs(50, 96);
    const { compaction, codes } = compactFeatures(given, 50);
    const dim = compactDim(compaction);
    const alone = compactQueries(compaction, rowsOf(given, 50, 7, 8));
    // deepEqual would tell −0 from 0.
    assert.deepEqual(Int8Array.from(alone), codes.slice(7 * dim, 8 * dim));
  });

  test("the length of a feature vector does not matter, and distance beyond the codes' range is kept", () => {
    const given = { features: networkFeatures(50, 10, 1), statistics: channelStatistics(50, 4) };
    const { compaction } = compactFeatures(given, 50);
    const timesFour = { ...given, features: given.features.map((value) => value * 4) };
    assert.deepEqual(compactQueries(compaction, timesFour), compactQueries(compaction, given));
    const opposite = compactQueries(compaction, {
      ...given,
      features: given.features.map((value) => -value),
    });
    assert.ok(Math.max(...opposite.map(Math.abs)) > 127);
  });

  test("two images, equal images and images without any feature", () => {
    for (const [count, features] of [
      [2, networkFeatures(2, 16)],
      [3, new Float32Array(48).fill(1)],
      [3, new Float32Array(48)],
    ] as const) {
      const { compaction, codes } = compactFeatures({ features, statistics: features }, count);
      for (const { basis, mean, dim } of [compaction.content, compaction.looks]) {
        assert.ok([...basis, ...mean].every(Number.isFinite));
        assert.ok(dim >= 1);
      }
      assert.ok([compaction.scale, ...codes].every(Number.isFinite));
    }
  });

  test("features.safetensors comes back exactly", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 1, max: 80 }), (count, featureDim) => {
        const { compaction, codes } = compactFeatures(outputs(count, featureDim), count);
        const features = { ...compaction, count, codes, distanceQuantiles: new Float32Array(1001).fill(2) };
        assert.deepEqual(decodeFeatures(encodeFeatures(features)), features);
      }),
      { numRuns: 20 },
    );
  });

  test("damaged files are UserErrors", () => {
    assert.throws(() => decodeFeatures(new Uint8Array(10)), UserError);
    assert.throws(() => decodeFeatures(encodeSafetensors({})), /content\.basis is missing/);
    const { compaction, codes } = compactFeatures(outputs(4, 6), 4);
    const features = { ...compaction, count: 4, codes, distanceQuantiles: new Float32Array(3) };
    const { tensors } = decodeSafetensors(encodeFeatures(features));
    const broken = { ...tensors, codes: { dtype: "int8", shape: [4, 1], data: new Int8Array(4) } as const };
    assert.throws(() => decodeFeatures(encodeSafetensors(broken)), /do not fit together/);
  });
});
