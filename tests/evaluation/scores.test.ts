import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { majority } from "../../models/majority.ts";
import * as knn from "../../training/evaluation/knn.ts";
import { nearestNeighbours as findNearest } from "../../training/evaluation/nearest.node.ts";
import * as recall from "../../training/evaluation/recall.ts";
import { silhouette } from "../../training/evaluation/silhouette.ts";
import { permutation, randomStream } from "../../training/random.ts";

type Given<Options> = Omit<Options, "findNearest">;

const heldOutKnn = (
  test: knn.LabelledVectors,
  training: knn.LabelledVectors,
  options: Given<knn.KnnOptions>,
) => knn.heldOutKnn(test, training, { ...options, findNearest });
const paperKnn = (map: knn.LabelledVectors, options: Given<knn.KnnOptions> & { seed: number }) =>
  knn.paperKnn(map, { ...options, findNearest });
const neighbourRecall = (inputs: Given<recall.RecallInputs>) =>
  recall.neighbourRecall({ ...inputs, findNearest });

interface Case {
  dim: number;
  points: number[][];
  labels: (string | null)[];
}

/** Points with whole coordinates, so that distances tie often. */
const labelled: fc.Arbitrary<Case> = fc
  .record({ dim: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 2, max: 40 }) })
  .chain(({ dim, count }) =>
    fc.record({
      dim: fc.constant(dim),
      points: fc.array(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: dim, maxLength: dim }), {
        minLength: count,
        maxLength: count,
      }),
      labels: fc.array(fc.constantFrom("a", "b", "c", null), { minLength: count, maxLength: count }),
    }),
  );

const flat = (points: number[][]) => Float32Array.from(points.flat());
const distance = (a: number[], b: number[]) =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function clusters(count: number, classes: number, spread: number) {
  const random = randomStream("clusters", count, classes);
  const points = Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * (i % classes)) / classes;
    return [10 * Math.cos(angle) + spread * random.normal(), 10 * Math.sin(angle) + spread * random.normal()];
  });
  return { points, labels: Array.from({ length: count }, (_, i) => `class ${i % classes}`) };
}

describe("kNN accuracy", () => {
  function naive(test: Case, training: Case, k: number): number {
    const known = training.points
      .map((point, i) => ({ point, label: training.labels[i] }))
      .filter((p) => p.label !== null);
    const asked = test.points
      .map((point, i) => ({ point, label: test.labels[i] }))
      .filter((p) => p.label !== null);
    return mean(
      asked.map(({ point, label }) => {
        const near = known
          .map((other, i) => ({ ...other, i, d: distance(point, other.point) }))
          .sort((x, y) => x.d - y.d || x.i - y.i)
          .slice(0, k)
          .map((other) => other.label);
        const count = (wanted: string | null) => near.filter((l) => l === wanted).length;
        const most = Math.max(...near.map(count));
        return near.find((l) => count(l) === most) === label ? 1 : 0;
      }),
    );
  }

  test("held-out equals the plain definition", async () => {
    await fc.assert(
      fc.asyncProperty(labelled, labelled, fc.integer({ min: 1, max: 20 }), async (a, b, k) => {
        fc.pre(a.dim === b.dim && a.labels.some((l) => l !== null) && b.labels.some((l) => l !== null));
        const vectors = (c: Case) => ({ vectors: flat(c.points), labels: c.labels });
        const score = await heldOutKnn(vectors(a), vectors(b), { dim: a.dim, k });
        assert.ok(Math.abs(score!.accuracy - naive(a, b, k)) < 1e-12);
      }),
    );
  });

  test("a vote that ties goes to the label met first", () => {
    assert.equal(majority([4, 7, 7, 4, 1]), 4);
    assert.equal(majority([1, 7, 4, 4, 7]), 7);
    assert.equal(majority([3]), 3);
  });

  test("paper: a sixth is tested, at most 10,000, by all the others; well-separated classes give 1", async () => {
    for (const [count, queries] of [
      [6, 1],
      [600, 100],
      [66_000, 10_000],
    ]) {
      const { points, labels } = clusters(count, 3, 0.2);
      const score = await paperKnn({ vectors: flat(points), labels }, { dim: 2, seed: 1 });
      assert.deepEqual([score!.queries, score!.references], [queries, count - queries]);
      if (count > 6) assert.equal(score!.accuracy, 1);
    }
  });

  test("paper: labels that have nothing to do with the points give chance", async () => {
    const { points } = clusters(3000, 4, 1);
    const random = randomStream("labels");
    const labels = points.map(() => String(random.integer(4)));
    const score = await paperKnn({ vectors: flat(points), labels }, { dim: 2, seed: 2 });
    assert.ok(Math.abs(score!.accuracy - 0.25) < 0.08, String(score!.accuracy));
  });

  test("paper: the same seed splits the same way, another seed another way", async () => {
    const { points, labels } = clusters(2000, 5, 6);
    const score = async (seed: number) =>
      (await paperKnn({ vectors: flat(points), labels }, { dim: 2, seed }))!.accuracy;
    assert.equal(await score(1), await score(1));
    assert.notEqual(await score(1), await score(2));
  });

  test("without labels there is no score", async () => {
    const vectors = Float32Array.of(0, 1);
    assert.equal(await paperKnn({ vectors, labels: [null, "a"] }, { dim: 1, seed: 1 }), undefined);
    const [none, some] = [
      { vectors, labels: [null, undefined] },
      { vectors, labels: ["a", "b"] },
    ];
    assert.equal(await heldOutKnn(none, some, { dim: 1 }), undefined);
    assert.equal(await heldOutKnn(some, none, { dim: 1 }), undefined);
  });
});

describe("silhouette", () => {
  function naive({ points, labels }: Case): number | undefined {
    const known = points.map((point, i) => ({ point, label: labels[i] })).filter((p) => p.label !== null);
    const classes = [...new Set(known.map((p) => p.label))];
    if (classes.length < 2) return undefined;
    return mean(
      known.map((p) => {
        const own = known.filter((q) => q !== p && q.label === p.label);
        if (own.length === 0) return 0;
        const a = mean(own.map((q) => distance(p.point, q.point)));
        const others = classes.filter((c) => c !== p.label);
        const b = Math.min(
          ...others.map((c) =>
            mean(known.filter((q) => q.label === c).map((q) => distance(p.point, q.point))),
          ),
        );
        return Math.max(a, b) === 0 ? 0 : (b - a) / Math.max(a, b);
      }),
    );
  }

  test("equals the plain definition", () => {
    fc.assert(
      fc.property(labelled, (given) => {
        const score = silhouette(flat(given.points), given.labels, { dim: given.dim, seed: 1 });
        const expected = naive(given);
        assert.equal(score === undefined, expected === undefined);
        if (score)
          assert.ok(Math.abs(score.silhouette - expected!) < 1e-9, `${score.silhouette} ${expected}`);
      }),
    );
  });

  test("does not depend on the order of the images, nor on where the map lies or how large it is", () => {
    fc.assert(
      fc.property(labelled, fc.integer(), fc.integer({ min: -3, max: 3 }), (given, seed, by) => {
        const order = Array.from(permutation(given.points.length, randomStream(seed)));
        const moved = order.map((i) => given.points[i].map((value) => 4 * value + by));
        const a = silhouette(flat(given.points), given.labels, { dim: given.dim, seed: 1 });
        const b = silhouette(
          flat(moved),
          order.map((i) => given.labels[i]),
          { dim: given.dim, seed: 1 },
        );
        assert.ok(a === b || Math.abs(a!.silhouette - b!.silhouette) < 1e-9);
      }),
    );
  });

  test("well-separated classes are near 1; a sample of many images tells about the same as all", () => {
    const { points, labels } = clusters(900, 3, 0.05);
    assert.ok(silhouette(flat(points), labels, { dim: 2, seed: 1 })!.silhouette > 0.98);
    const wide = clusters(12_000, 3, 3);
    const sampled = silhouette(flat(wide.points), wide.labels, { dim: 2, seed: 1 })!;
    const fewer = silhouette(flat(wide.points.slice(0, 6000)), wide.labels.slice(0, 6000), {
      dim: 2,
      seed: 1,
    })!;
    assert.equal(sampled.images, 10_000);
    assert.ok(
      Math.abs(sampled.silhouette - fewer.silhouette) < 0.01,
      `${sampled.silhouette} ${fewer.silhouette}`,
    );
  });
});

describe("recall of the feature-space neighbours", () => {
  test("a map that is the features has recall 1; one that has nothing to do with them has chance", async () => {
    const random = randomStream("recall");
    const features = Float32Array.from({ length: 600 * 2 }, () => random.normal());
    const inputs = { features, featureDim: 2, metric: "euclidean", dim: 2, seed: 1 } as const;
    assert.deepEqual(await neighbourRecall({ ...inputs, coordinates: features }), {
      recall: 1,
      k: 15,
      images: 600,
    });
    const other = Float32Array.from({ length: 600 * 2 }, () => random.normal());
    const { recall } = (await neighbourRecall({ ...inputs, coordinates: other }))!;
    assert.ok(Math.abs(recall - 15 / 599) < 0.02, String(recall));
  });

  test("equals the plain definition, by the cosine", async () => {
    const random = randomStream("recall", 2);
    const features = Array.from({ length: 60 }, () => Array.from({ length: 5 }, () => random.normal()));
    const map = Array.from({ length: 60 }, () => [random.normal(), random.normal()]);
    const cosine = (a: number[], b: number[]) =>
      -a.reduce((sum, value, i) => sum + value * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
    const near = (rows: number[][], i: number, far: (a: number[], b: number[]) => number) =>
      rows
        .map((row, j) => ({ j, d: far(rows[i], row) }))
        .filter(({ j }) => j !== i)
        .sort((a, b) => a.d - b.d)
        .slice(0, 15)
        .map(({ j }) => j);
    const expected = mean(
      map.map((_, i) => {
        const onMap = near(map, i, distance);
        return near(features, i, cosine).filter((j) => onMap.includes(j)).length / 15;
      }),
    );
    const found = await neighbourRecall({
      features: flat(features),
      featureDim: 5,
      coordinates: flat(map),
      dim: 2,
      seed: 1,
    });
    assert.ok(Math.abs(found!.recall - expected) < 1e-9);
  });

  test("a handful of images, and a single one", async () => {
    const features = Float32Array.of(1, 2, 3);
    const inputs = { featureDim: 1, dim: 1, seed: 1 };
    assert.deepEqual(await neighbourRecall({ ...inputs, features, coordinates: features }), {
      recall: 1,
      k: 2,
      images: 3,
    });
    const one = Float32Array.of(1);
    assert.equal(await neighbourRecall({ ...inputs, features: one, coordinates: one }), undefined);
  });
});
