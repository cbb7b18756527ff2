import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { permutation, type Random, randomStream } from "../training/random.ts";

const sample = (random: Random, count = 8) => Array.from({ length: count }, () => random.uniform());

describe("streams", () => {
  const key = fc.oneof(fc.integer({ min: 0, max: 2 ** 40 }), fc.string({ maxLength: 8 }));
  const keys = fc.array(key, { minLength: 1, maxLength: 4 });

  test("the same keys give the same numbers", () => {
    fc.assert(
      fc.property(keys, (k) => assert.deepEqual(sample(randomStream(...k)), sample(randomStream(...k)))),
    );
  });

  test("other keys, another order, another split or another kind of key give other numbers", () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        assert.notDeepEqual(sample(randomStream(...a)), sample(randomStream(...b)));
      }),
    );
    const alike = [
      ["ab", "c"],
      ["a", "bc"],
      ["c", "ab"],
      [1, 2],
      [2, 1],
      ["1", 2],
      [12],
      [1, 2, 0],
      [2 ** 32 + 1, 2],
    ];
    const starts = new Set(alike.map((k) => sample(randomStream(...k)).join()));
    assert.equal(starts.size, alike.length);
  });

  test("neighbouring keys are uncorrelated", () => {
    const count = 4000;
    const [a, b] = [1, 2].map((i) => sample(randomStream(7, "stream", i), count));
    const covariance = a.reduce((sum, x, i) => sum + (x - 0.5) * (b[i] - 0.5), 0) / count;
    assert.ok(Math.abs(12 * covariance) < 4 / Math.sqrt(count), `correlation ${12 * covariance}`);
    // The first draw of successive streams, as a batch of images uses it.
    const firsts = Array.from({ length: count }, (_, i) => randomStream(7, "first", i).uniform());
    const lagged = firsts.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (firsts[i] - 0.5), 0) / count;
    assert.ok(Math.abs(12 * lagged) < 4 / Math.sqrt(count), `correlation ${12 * lagged} of first draws`);
    const mean = firsts.reduce((sum, x) => sum + x, 0) / count;
    assert.ok(Math.abs(mean - 0.5) < 4 * Math.sqrt(1 / 12 / count), `mean ${mean} of first draws`);
  });
});

describe("distributions", () => {
  const count = 20_000;
  const draws = (next: (random: Random) => number) => {
    const random = randomStream("distribution");
    return Array.from({ length: count }, () => next(random));
  };
  const moment = (values: readonly number[], power: number, about = 0) =>
    values.reduce((sum, x) => sum + (x - about) ** power, 0) / values.length;

  test("uniform lies in [0, 1) with the right mean and variance", () => {
    const values = draws((r) => r.uniform());
    assert.ok(values.every((x) => x >= 0 && x < 1));
    assert.ok(Math.abs(moment(values, 1) - 1 / 2) < 0.01);
    assert.ok(Math.abs(moment(values, 2, 0.5) - 1 / 12) < 0.003);
  });

  test("between lies between", () => {
    const values = draws((r) => r.between(-3, 5));
    assert.ok(values.every((x) => x >= -3 && x < 5));
    assert.ok(Math.abs(moment(values, 1) - 1) < 0.08);
  });

  test("integer gives each value equally often and no other", () => {
    const counts = new Map<number, number>();
    for (const x of draws((r) => r.integer(7))) counts.set(x, (counts.get(x) ?? 0) + 1);
    assert.deepEqual([...counts.keys()].sort(), [0, 1, 2, 3, 4, 5, 6]);
    for (const n of counts.values()) assert.ok(Math.abs(n - count / 7) < 4 * Math.sqrt(count / 7), `${n}`);
  });

  test("normal is finite and has the moments of N(0, 1)", () => {
    const values = draws((r) => r.normal());
    assert.ok(values.every(Number.isFinite));
    assert.ok(Math.abs(moment(values, 1)) < 0.03);
    assert.ok(Math.abs(moment(values, 2) - 1) < 0.05);
    assert.ok(Math.abs(moment(values, 3)) < 0.1);
    assert.ok(Math.abs(moment(values, 4) - 3) < 0.3);
  });
});

describe("permutation", () => {
  test("holds each number once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer(), (n, seed) => {
        const sorted = [...permutation(n, randomStream(seed))].sort((a, b) => a - b);
        assert.deepEqual(sorted, [...Array(n).keys()]);
      }),
    );
  });

  test("gives every order of three equally often", () => {
    const random = randomStream("orders");
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = permutation(3, random).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    assert.equal(counts.size, 6);
    for (const [order, n] of counts) assert.ok(Math.abs(n - 1000) < 120, `${order}: ${n}`);
  });
});
