import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../models/errors.ts";
import { augmentationPolicies } from "../../training/augmentations/policy.ts";
import { renderViews } from "../../training/augmentations/views.ts";
import type { EpochPlan, ViewLoader } from "../../training/dataset/dataset.ts";
import { openViewLoader } from "../../training/dataset/loader.ts";
import { permutation, randomStream } from "../../training/random.ts";

const SIZE = 8;
const LENGTH = SIZE * SIZE * 3;
const COUNT = 40;
const random = randomStream("pictures");
const pictures = Uint8Array.from({ length: COUNT * LENGTH }, () => random.integer(256));

/** All pictures in random order, in batches of six and a smaller last one. */
function plan(epoch: number): EpochPlan {
  const order = permutation(COUNT, randomStream("order", epoch));
  const starts = Array.from({ length: Math.ceil(COUNT / 6) }, (_, i) => i * 6);
  return { stage: 1, epoch, batches: starts.map((start) => order.slice(start, start + 6)) };
}

describe("openViewLoader", { timeout: 60_000 }, () => {
  let folder: string;
  const settings = (file = "pixels.bin") => ({
    pixelsFile: path.join(folder, file),
    imageSize: SIZE,
    seed: 11,
    policy: augmentationPolicies["oriented-free"],
    fill: [1, 2, 3] as const,
  });

  /** Opens a loader, and closes it whatever happens. */
  async function withLoader(use: (loader: ViewLoader) => Promise<void>, file?: string): Promise<void> {
    const loader = openViewLoader(settings(file));
    try {
      await use(loader);
    } finally {
      await loader.close();
    }
  }

  function expected(indices: Uint32Array, stage: number, epoch: number): Float32Array {
    const images = new Uint8Array(indices.length * LENGTH);
    indices.forEach((index, i) => {
      images.set(pictures.subarray(index * LENGTH, (index + 1) * LENGTH), i * LENGTH);
    });
    const { seed, policy, fill } = settings();
    const out = new Float32Array(images.length);
    renderViews(images, indices, { seed, policy, fill, size: SIZE, stage, epoch }, out);
    return out;
  }

  async function assertEpoch(loader: ViewLoader, epochPlan: EpochPlan): Promise<void> {
    let i = 0;
    for await (const views of loader.epoch(epochPlan)) {
      assert.deepEqual(views, expected(epochPlan.batches[i++], epochPlan.stage, epochPlan.epoch));
    }
    assert.equal(i, epochPlan.batches.length);
  }

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "tsimcne-loader-"));
    await writeFile(path.join(folder, "pixels.bin"), pictures);
    await writeFile(path.join(folder, "short.bin"), pictures.subarray(0, pictures.length - 1));
  });
  after(() => rm(folder, { recursive: true }));

  test("hands out the views of each batch, in order, epoch after epoch", () =>
    withLoader(async (loader) => {
      await assertEpoch(loader, plan(0));
      await assertEpoch(loader, plan(1));
      await assertEpoch(loader, { ...plan(1), stage: 2 });
      await assertEpoch(loader, { stage: 2, epoch: 2, batches: [] });
    }));

  test("a slow consumer gets the same, and the arrays stay its own", () =>
    withLoader(async (loader) => {
      const kept: Float32Array[] = [];
      for await (const views of loader.epoch(plan(0))) {
        await sleep(10);
        kept.push(views);
      }
      kept.forEach((views, i) => {
        assert.deepEqual(views, expected(plan(0).batches[i], 1, 0));
      });
    }));

  test("an epoch left early does not leak into the next", () =>
    withLoader(async (loader) => {
      for await (const _ of loader.epoch(plan(0))) break;
      await assertEpoch(loader, plan(3));
      for await (const _ of loader.epoch(plan(4))) break;
      await sleep(50);
      await assertEpoch(loader, plan(5));
    }));

  test("two epochs at once are refused, and the first goes on", () =>
    withLoader(async (loader) => {
      const first = loader.epoch(plan(0));
      await first.next();
      await assert.rejects(loader.epoch(plan(1)).next(), /still under way/);
      assert.deepEqual((await first.next()).value, expected(plan(0).batches[1], 1, 0));
    }));

  test("a missing file is a user's error, with its name", () =>
    withLoader(async (loader) => {
      await assert.rejects(assertEpoch(loader, plan(0)), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /absent\.bin.*ENOENT/);
        return true;
      });
    }, "absent.bin"));

  test("a file that is too short fails at the picture it lacks, and the loader stays usable", () =>
    withLoader(async (loader) => {
      const lastPicture = { stage: 1, epoch: 0, batches: [Uint32Array.of(0), Uint32Array.of(COUNT - 1)] };
      const epoch = loader.epoch(lastPicture);
      assert.deepEqual((await epoch.next()).value, expected(Uint32Array.of(0), 1, 0));
      await assert.rejects(epoch.next(), /short\.bin.*ends before picture 39/);
      await assertEpoch(loader, { stage: 1, epoch: 0, batches: [Uint32Array.of(3, 1)] });
    }, "short.bin"));

  test("closing twice is fine; a closed loader refuses, also while it is waited for", async () => {
    const loader = openViewLoader(settings());
    const waiting = assert.rejects(loader.epoch(plan(0)).next(), /closed/);
    await Promise.all([loader.close(), waiting]);
    await loader.close();
    await assert.rejects(loader.epoch(plan(0)).next(), /closed/);
  });
});
