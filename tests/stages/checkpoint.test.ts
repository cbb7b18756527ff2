import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../training/stages/checkpoint.ts";
import { presets } from "../../training/stages/presets.ts";
import { DiskRunFolder } from "../../training/stages/run-folder.node.ts";
import type { RunSettings } from "../../training/stages/settings.ts";
import { buildTinyStage } from "../support/stage.ts";
import { temporaryFolder } from "../support/temporary.ts";

const models = buildTinyStage();
const state = { values: initialValues(models, 3), step: 42 };
const { imageSize, network, ...recipe } = presets.quick;
const settings: RunSettings = { ...recipe, seed: 1, network: { ...network, imageSize, stem: "cifar" } };

describe("a checkpoint", () => {
  test("brings back every value and the step", () => {
    const back = decodeCheckpoint(models, encodeCheckpoint(models, state));
    assert.equal(back.step, 42);
    assert.deepEqual(Object.keys(back.values).sort(), Object.keys(state.values).sort());
    for (const [name, value] of Object.entries(back.values))
      assert.deepEqual(value, state.values[name], name);
  });

  test("that is damaged, or of another network, is refused", () => {
    const bytes = encodeCheckpoint(models, state);
    const refused = { name: "UserError" };
    assert.throws(() => decodeCheckpoint(models, bytes.subarray(0, bytes.length - 8)), refused);
    const other = buildTinyStage({ batchSize: 2, trains: (name) => name.startsWith("head.") });
    assert.throws(() => decodeCheckpoint(models, encodeCheckpoint(other, state)), refused);
  });
});

describe("a run folder", () => {
  const identity = { settings, images: "abc" };

  test("keeps models, checkpoint and log; the log is cut back", async () => {
    const target = join(await temporaryFolder(), "map");
    const folder = await DiskRunFolder.create(target, identity);
    await folder.writeModels("1-pretrain", models);
    assert.equal(await folder.readCheckpoint("1-pretrain", models), undefined);
    await folder.writeCheckpoint("1-pretrain", models, state);
    assert.equal((await folder.readCheckpoint("1-pretrain", models))?.step, 42);
    for (const step of [1, 2, 3]) await folder.appendLog({ ...record, step });
    await folder.cutLog(1, 2);
    const log = await (await DiskRunFolder.resume(target, identity)).readLog();
    assert.deepEqual(
      log.map(({ step }) => step),
      [1, 2],
    );
    const file = join(folder.path, "1-pretrain", "checkpoint.safetensors");
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    await assert.rejects(() => folder.readCheckpoint("1-pretrain", models), {
      name: "UserError",
      message: /checkpoint/,
    });
  });

  test("is not started twice, and resumed by the same run only", async () => {
    const target = join(await temporaryFolder(), "map");
    await assert.rejects(() => DiskRunFolder.resume(target, identity), /no unfinished run/);
    await DiskRunFolder.create(target, identity);
    await assert.rejects(() => DiskRunFolder.create(target, identity), /--resume/);
    const changed = { ...settings, network: { ...settings.network, hiddenDim: 7 } };
    await assert.rejects(
      () => DiskRunFolder.resume(target, { settings: changed, images: "abc" }),
      /network\.hiddenDim was 512 and is now 7/,
    );
    await assert.rejects(
      () => DiskRunFolder.resume(target, { settings, images: "abd" }),
      /images have changed/,
    );
  });

  test("on a full disk: one line that says so, and nothing half-written", async (t) => {
    const mount = join(await temporaryFolder(), "full");
    mkdirSync(mount);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", mount]);
    if (mounted.status !== 0) return t.skip("needs the right to mount a small file system");
    try {
      const folder = await DiskRunFolder.create(join(mount, "map"), identity);
      await folder.writeModels("1-pretrain", { ...models, trainingModel: new Uint8Array(100_000) });
      assert.fail("it had room");
    } catch (error) {
      assert.match((error as Error).message, /cannot write .*: the disk is full; .*--resume/);
      const files = readdirSync(mount, { recursive: true, encoding: "utf8" });
      assert.deepEqual(
        files.filter((name) => name.endsWith(".tmp")),
        [],
      );
    } finally {
      spawnSync("umount", [mount]);
    }
  });

  const record = {
    stage: 1,
    step: 0,
    epoch: 0,
    loss: 1,
    alignment: 0,
    uniformity: 1,
    learningRate: 0.1,
    imagesPerSecond: 5,
    seconds: 1,
  };
});
