import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { randomStream } from "../../training/random.ts";
import { thinned } from "../../web-demo/thin.ts";

function cloud(count: number, width: number) {
  const random = randomStream("thin", count);
  const at = Float64Array.from({ length: 2 * count }, () => random.uniform() * width - width / 4);
  return { images: Array.from({ length: count }, (_, i) => i), at };
}

const overlap = (at: ArrayLike<number>, i: number, j: number, side: number) =>
  Math.abs(at[2 * i] - at[2 * j]) < side && Math.abs(at[2 * i + 1] - at[2 * j + 1]) < side;

describe("thinned pictures", () => {
  const side = 30;
  const { images, at } = cloud(3000, 800);
  const chosen = thinned(images, at, side);

  test("do not cover each other, and leave no room for another", () => {
    for (const [n, i] of chosen.entries()) {
      for (const j of chosen.slice(n + 1)) assert.ok(!overlap(at, i, j, side), `${i} covers ${j}`);
    }
    const taken = new Set(chosen);
    for (const i of images) {
      if (!taken.has(i))
        assert.ok(
          chosen.some((j) => overlap(at, i, j, side)),
          `${i} has room`,
        );
    }
  });

  test("stay the same when the map moves", () => {
    const moved = at.map((value) => value + 137.5);
    assert.deepEqual(thinned(images, moved, side), chosen);
  });

  test("mostly stay when zooming in, and get more", () => {
    const closer = new Set(
      thinned(
        images,
        at.map((value) => value * 1.3),
        side,
      ),
    );
    assert.ok(closer.size > chosen.length);
    const kept = chosen.filter((i) => closer.has(i)).length;
    assert.ok(kept > 0.7 * chosen.length, `${kept} of ${chosen.length}`);
  });

  test("of nothing are none; of one spot, one", () => {
    assert.deepEqual(thinned([], [], side), []);
    assert.equal(thinned([7, 8, 9], [5, 5, 5, 5, 5, 5], side).length, 1);
  });
});
