import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mapInOrder } from "../../models/in-order.ts";

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function collect<Result>(results: AsyncIterable<Result>): Promise<Result[]> {
  const all: Result[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe("mapInOrder", () => {
  test("yields in the order of the items, with at most so many at a time", async () => {
    let running = 0;
    let most = 0;
    const results = mapInOrder([30, 1, 20, 1, 1, 10], 3, async (wait, index) => {
      most = Math.max(most, ++running);
      await sleep(wait);
      running--;
      return index;
    });
    assert.deepEqual(await collect(results), [0, 1, 2, 3, 4, 5]);
    assert.equal(most, 3);
    assert.deepEqual(await collect(mapInOrder([], 3, async () => 1)), []);
  });

  test("ends at the first error, begins nothing more, and waits for what was begun", async () => {
    const begun: number[] = [];
    let ended = 0;
    const results = mapInOrder([0, 1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      await sleep(item === 2 ? 20 : 1);
      ended++;
      if (item === 1) throw new Error("one");
    });
    await assert.rejects(collect(results), /^Error: one$/);
    assert.deepEqual(begun, [0, 1, 2]);
    assert.equal(ended, 3);
  });
});
