// Work beside the training: when it is due.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SideWork } from "../../training/stages/side-work.ts";

describe("work beside the training", () => {
  let now = 100;
  const clock = () => now;
  const taking = (seconds: number) => async () => {
    now += seconds;
  };

  test("is due at once, unless it is to wait", () => {
    assert.ok(new SideWork({ share: 1 / 10, pause: 2, clock }).due);
    const waiting = new SideWork({ share: 1 / 10, pause: 2, wait: 5, clock });
    assert.ok(!waiting.due);
    now += 5;
    assert.ok(waiting.due);
  });

  for (const [took, pause] of [
    [0.1, 2],
    [1, 10],
  ]) {
    test(`that took ${took} s pauses for ${pause} s: a share of the time, and no more often than it may`, async () => {
      const work = new SideWork({ share: 1 / 10, pause: 2, clock });
      await work.time(taking(took));
      now += pause - 0.01;
      assert.ok(!work.due);
      now += 0.02;
      assert.ok(work.due);
    });
  }
});
