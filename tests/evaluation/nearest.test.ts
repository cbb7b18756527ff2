import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nearest } from "../../models/neighbours.ts";
import { nearestNeighbours, searchInWorkers } from "../../training/evaluation/nearest.node.ts";
import { unitVectors } from "../../training/evaluation/nearest.ts";
import { randomStream } from "../../training/random.ts";

function cloud(count: number, dim: number, offset = 0): Float32Array {
  const random = randomStream("cloud", count, dim);
  return Float32Array.from({ length: count * dim }, () => offset + random.normal());
}

const itself = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe("nearest neighbours of many", () => {
  for (const dim of [2, 5, 64, 300]) {
    test(`${dim} dimensions, found in workers, equal those of the direct search`, async () => {
      const points = cloud(700, dim);
      const options = { dim, k: 12, exclude: itself(300) };
      const queries = points.slice(0, 300 * dim);
      assert.deepEqual(
        await searchInWorkers({ queries, points, options }),
        nearest(queries, points, options),
      );
    });
  }

  test("a cloud far from the origin is searched as exactly", async () => {
    const points = cloud(500, 8, 10_000);
    const options = { dim: 8, k: 10 };
    assert.deepEqual(
      await searchInWorkers({ queries: points, points, options }),
      nearest(points, points, options),
    );
  });

  test("repeated points: the first of them come first", async () => {
    const points = Float32Array.from({ length: 100 * 6 }, (_, at) => Math.floor(Math.floor(at / 6) / 5));
    for (const k of [5, 3]) {
      const found = await searchInWorkers({ queries: points, points, options: { dim: 6, k } });
      for (let i = 0; i < 100; i++) {
        const first = Math.floor(i / 5) * 5;
        assert.deepEqual(
          Array.from(found.indices.subarray(i * k, i * k + k)),
          [0, 1, 2, 3, 4].slice(0, k).map((j) => first + j),
        );
      }
    }
  });

  test("fewer points than k, and nobody but oneself", async () => {
    const points = cloud(4, 5);
    const few = await searchInWorkers({
      queries: points,
      points,
      options: { dim: 5, k: 50, exclude: itself(4) },
    });
    assert.deepEqual(few, nearest(points, points, { dim: 5, k: 50, exclude: itself(4) }));
    assert.equal(few.k, 3);
    const one = cloud(1, 5);
    const none = await searchInWorkers({
      queries: one,
      points: one,
      options: { dim: 5, k: 3, exclude: [0] },
    });
    assert.equal(none.indices.length, 0);
  });

  test("cosine compares directions only", async () => {
    const points = cloud(50, 7);
    const stretched = points.map((value, at) => value * (1 + Math.floor(at / 7)));
    const found = await nearestNeighbours(stretched, stretched, { dim: 7, k: 5, metric: "cosine" });
    const unit = unitVectors(points, 7);
    assert.deepEqual(found.indices, nearest(unit, unit, { dim: 7, k: 5 }).indices);
  });

  test("a large search runs off the main thread and gives the same", async () => {
    const points = cloud(6000, 16);
    const queries = points.slice(0, 2000 * 16);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const found = await nearestNeighbours(queries, points, { dim: 16, k: 3 });
    clearInterval(timer);
    assert.ok(ticks > 5, "the event loop stayed free");
    const some = nearest(queries.subarray(0, 160), points, { dim: 16, k: 3 });
    assert.deepEqual(found.indices.subarray(0, 30), some.indices);
  });

  test("what goes wrong in the worker is told", async () => {
    const points = cloud(4, 5);
    await assert.rejects(searchInWorkers({ queries: points, points, options: { dim: 5, k: 0 } }), RangeError);
  });
});
