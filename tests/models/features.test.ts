import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Matrix, SVD } from "ml-matrix";
import { UserError } from "../../models/errors.ts";
import {
  type Compaction,
  compactFeatures,
  compactQueries,
  decodeFeatures,
  encodeFeatures,
} from "../../models/features.ts";
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

/** Sum of squares that the basis keeps, as a share of what the best basis of that size keeps. */
function keptShare(features: Float32Array, { featureDim, dim, basis }: Compaction): number {
  const rows = centered(features, featureDim);
  const axes = new Matrix(
    Array.from({ length: dim }, (_, a) => Array.from(basis.subarray(a * featureDim, (a + 1) * featureDim))),
  );
  const kept = rows.mmul(axes.transpose()).norm("frobenius") ** 2;
  const singular = new SVD(rows, { autoTranspose: true }).diagonal.sort((a, b) => b - a);
  const best = singular.slice(0, dim).reduce((sum, value) => sum + value * value, 0);
  return kept / best;
}

describe("compact features", () => {
  test("the axes are the principal axes, for few features exactly, for many within 0.2 % of the variance", () => {
    for (const [count, dim] of [
      [200, 8],
      [60, 72],
      [30, 100],
    ]) {
      const features = networkFeatures(count, dim);
      assert.ok(
        Math.abs(keptShare(features, compactFeatures(features, dim).compaction) - 1) < 1e-5,
        `${count} ${dim}`,
      );
    }
    const features = networkFeatures(400, 300);
    assert.ok(keptShare(features, compactFeatures(features, 300).compaction) > 0.998);
  });

  test("at most 64 bytes an image, whatever the network", () => {
    for (const dim of [3, 64, 65, 512]) {
      const { compaction, codes } = compactFeatures(networkFeatures(100, dim), dim);
      assert.ok(compaction.dim <= Math.min(64, dim));
      assert.equal(codes.length, 100 * compaction.dim);
    }
  });

  test("distances between codes follow the distances between normalised features", () => {
    const [count, dim] = [300, 128];
    const features = networkFeatures(count, dim);
    const { compaction, codes } = compactFeatures(features, dim);
    const exact = Float32Array.from(unitRows(features, dim).flat());
    const k = 10;
    const options = { k, exclude: Int32Array.from({ length: count }, (_, i) => i) };
    const among = nearest(exact, exact, { dim, ...options }).indices;
    const compact = Float32Array.from(codes);
    const found = nearest(compact, compact, { dim: compaction.dim, ...options }).indices;
    let same = 0;
    for (let i = 0; i < count; i++) {
      const expected = new Set(among.subarray(i * k, (i + 1) * k));
      same += found.subarray(i * k, (i + 1) * k).filter((index) => expected.has(index)).length;
    }
    assert.ok(same / (count * k) > 0.9, `${same / (count * k)} of the neighbours found`);
  });

  test("a training image asked for alone has exactly its own codes", () => {
    const features = networkFeatures(50, 96);
    const { compaction, codes } = compactFeatures(features, 96);
    const alone = compactQueries(compaction, features.slice(7 * 96, 8 * 96));
    // deepEqual would tell −0 from 0.
    assert.deepEqual(Int8Array.from(alone), codes.slice(7 * compaction.dim, 8 * compaction.dim));
  });

  test("the length of a feature vector does not matter, and distance beyond the codes' range is kept", () => {
    const features = networkFeatures(50, 10, 1);
    const { compaction } = compactFeatures(features, 10);
    assert.deepEqual(
      compactQueries(
        compaction,
        features.map((value) => value * 4),
      ),
      compactQueries(compaction, features),
    );
    const opposite = compactQueries(
      compaction,
      features.map((value) => -value),
    );
    assert.ok(Math.max(...opposite.map(Math.abs)) > 127);
  });

  test("two images, equal images and images without any feature", () => {
    for (const features of [networkFeatures(2, 16), new Float32Array(48).fill(1), new Float32Array(48)]) {
      const { compaction, codes } = compactFeatures(features, 16);
      assert.ok([...compaction.basis, ...compaction.mean, compaction.scale, ...codes].every(Number.isFinite));
      assert.ok(compaction.dim >= 1);
    }
  });

  test("features.safetensors comes back exactly", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.integer({ min: 1, max: 80 }), (count, featureDim) => {
        const { compaction, codes } = compactFeatures(networkFeatures(count, featureDim), featureDim);
        const features = { ...compaction, count, codes, distanceQuantiles: new Float32Array(1001).fill(2) };
        assert.deepEqual(decodeFeatures(encodeFeatures(features)), features);
      }),
      { numRuns: 20 },
    );
  });

  test("damaged files are UserErrors", () => {
    assert.throws(() => decodeFeatures(new Uint8Array(10)), UserError);
    assert.throws(() => decodeFeatures(encodeSafetensors({})), /basis is missing/);
    const { compaction, codes } = compactFeatures(networkFeatures(4, 6), 6);
    const features = { ...compaction, count: 4, codes, distanceQuantiles: new Float32Array(3) };
    const { tensors } = decodeSafetensors(encodeFeatures(features));
    const broken = { ...tensors, codes: { dtype: "int8", shape: [4, 1], data: new Int8Array(4) } as const };
    assert.throws(() => decodeFeatures(encodeSafetensors(broken)), /do not fit together/);
  });
});
