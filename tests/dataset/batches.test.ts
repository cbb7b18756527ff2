import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UserError } from "../../models/errors.ts";
import { epochBatches, fitBatchSize, wholeMicroBatches } from "../../training/dataset/batches.ts";
import { randomStream } from "../../training/random.ts";

describe("fitBatchSize", () => {
  test("keeps the wanted size where there are images enough", () => {
    assert.equal(fitBatchSize(50000, 512), 512);
    assert.equal(fitBatchSize(2048, 512), 512);
  });

  test("fits small data sets", () => {
    assert.equal(fitBatchSize(2, 512), 2);
    assert.equal(fitBatchSize(3, 512), 3);
    assert.equal(fitBatchSize(20, 128), 20);
    assert.equal(fitBatchSize(250, 512), 250);
    assert.equal(fitBatchSize(250, 128), 125, "not one batch of 128 that leaves half of the images out");
  });

  test("is between 2 and the wanted size, never above the count, and leaves at most a fifth out", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5000 }), fc.integer({ min: 2, max: 1024 }), (count, wanted) => {
        const size = fitBatchSize(count, wanted);
        assert.ok(size >= 2 && size <= wanted && size <= count);
        assert.ok(count % size <= Math.max(1, count / 5), `${count % size} of ${count} left out`);
      }),
    );
  });

  test("needs two images", () => {
    assert.throws(() => fitBatchSize(1, 128), UserError);
    assert.throws(() => fitBatchSize(0, 128), /at least 2 images are needed, and there are 0/);
    assert.throws(() => fitBatchSize(100, 1), UserError);
  });
});

test("wholeMicroBatches takes off what is less than a micro-batch, and leaves smaller batches alone", () => {
  assert.equal(wholeMicroBatches(1024, 256), 1024);
  assert.equal(wholeMicroBatches(1000, 256), 768);
  assert.equal(wholeMicroBatches(256, 256), 256);
  assert.equal(wholeMicroBatches(100, 256), 100);
});

describe("epochBatches", () => {
  test("cuts a shuffled epoch into full batches, each image at most once", () => {
    const batches = epochBatches(103, 10, randomStream(1));
    assert.deepEqual(
      batches.map((batch) => batch.length),
      Array(10).fill(10),
    );
    const drawn = batches.flatMap((batch) => [...batch]);
    assert.equal(new Set(drawn).size, 100);
    assert.ok(drawn.every((index) => index < 103));
    assert.notDeepEqual(
      drawn,
      [...drawn].sort((a, b) => a - b),
      "shuffled",
    );
  });

  test("leaves out others in each epoch", () => {
    const left = (epoch: number) => {
      const drawn = new Set(epochBatches(15, 10, randomStream(1, epoch)).flatMap((batch) => [...batch]));
      return Array.from({ length: 15 }, (_, i) => i).filter((i) => !drawn.has(i));
    };
    assert.notDeepEqual(left(0), left(1));
  });

  test("keeps an incomplete batch that is the only one", () => {
    const batches = epochBatches(5, 8, randomStream(1));
    assert.deepEqual(
      batches.map((batch) => [...batch].sort()),
      [[0, 1, 2, 3, 4]],
    );
  });

  test("depends on the random stream alone", () => {
    assert.deepEqual(epochBatches(50, 8, randomStream(7, 3)), epochBatches(50, 8, randomStream(7, 3)));
    assert.notDeepEqual(epochBatches(50, 8, randomStream(7, 3)), epochBatches(50, 8, randomStream(7, 4)));
  });
});
