import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openBundle, verifyBundle } from "../../models/bundle/bundle.node.ts";
import { mapInfoSchema } from "../../models/bundle/map-info.ts";
import { includeFolder, writeBundle } from "../../models/bundle/write-bundle.node.ts";
import { UserError } from "../../models/errors.ts";
import { sampleMapInfo } from "../support/map-info.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundle-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fill(dir: string) {
  await writeFile(join(dir, "encoder.onnx"), "encoder bytes");
  await mkdir(join(dir, "thumbnails"));
  await writeFile(join(dir, "thumbnails", "0.webp"), "sheet");
  return sampleMapInfo();
}

async function written(): Promise<string> {
  const target = join(folder, "my map");
  await writeBundle(target, fill);
  return target;
}

const userError = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.match(error.message, pattern);
  assert.doesNotMatch(error.message, /\n/, "one line");
  return true;
};

describe("writing a bundle", () => {
  test("what was written is read: info, files, checksums of files in sub-folders", async () => {
    const target = await written();
    const bundle = await openBundle(target);
    const { files, ...info } = bundle.info;
    assert.deepEqual(info, sampleMapInfo());
    assert.deepEqual(Object.keys(files), ["encoder.onnx", "thumbnails/0.webp"]);
    assert.equal(files["thumbnails/0.webp"].bytes, 5);
    assert.equal(Buffer.from(await bundle.read("encoder.onnx")).toString(), "encoder bytes");
    assert.equal(await readFile(await bundle.locate("thumbnails/0.webp"), "utf8"), "sheet");
    assert.equal(bundle.has("thumbnails/0.webp"), true);
    assert.equal(bundle.has("toString"), false);
    await verifyBundle(target);
    assert.deepEqual(await readdir(folder), ["my map"], "nothing is left beside it");
  });

  test("the target does not exist while it is being filled", async () => {
    const target = join(folder, "a", "b", "map");
    await writeBundle(target, async (dir) => {
      assert.equal(existsSync(target), false);
      return await fill(dir);
    });
    assert.equal(existsSync(join(target, "map.json")), true);
  });

  test("a failure leaves nothing, not even the parent folders made for it", async () => {
    const failing = writeBundle(join(folder, "a", "b", "map"), async (dir) => {
      await fill(dir);
      throw new Error("boom");
    });
    await assert.rejects(failing, /boom/);
    assert.deepEqual(await readdir(folder), []);
  });

  test("info that does not fit the schema is refused and leaves nothing", async () => {
    const target = join(folder, "map");
    const writing = writeBundle(target, async () =>
      sampleMapInfo({ bounds: { min: [Number.NaN], max: [1] } }),
    );
    await assert.rejects(writing);
    assert.deepEqual(await readdir(folder), []);
  });

  test("a full disk is one clear line", {
    skip: !existsSync("/dev/full") && "no /dev/full here",
  }, async () => {
    const writing = writeBundle(join(folder, "map"), async (dir) => {
      await symlink("/dev/full", join(dir, "points.parquet"));
      await writeFile(join(dir, "points.parquet"), Buffer.alloc(100_000));
      return sampleMapInfo();
    });
    await assert.rejects(writing, userError(/cannot write .*map: the disk is full/));
    assert.deepEqual(await readdir(folder), []);
  });

  test("an existing target is refused before anything is done, whatever it is", async () => {
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "empty"));
    await symlink(join(folder, "nowhere"), join(folder, "dangling"));
    for (const name of ["file", "empty", "dangling"]) {
      const writing = writeBundle(join(folder, name), () => assert.fail("must not be filled"));
      await assert.rejects(writing, userError(/exists already/));
    }
  });

  test("a target below a file is refused", async () => {
    await writeFile(join(folder, "file"), "");
    await assert.rejects(writeBundle(join(folder, "file", "map"), fill), userError(/cannot write/));
  });

  test("a folder can be included without leaving its place, and is checksummed", async () => {
    const work = join(folder, "work");
    await mkdir(join(work, "deep"), { recursive: true });
    await writeFile(join(work, "log.jsonl"), "{}\n");
    await writeFile(join(work, "deep", "checkpoint.safetensors"), "weights");
    const target = join(folder, "map");
    await writeBundle(target, async (dir) => {
      await includeFolder(work, join(dir, "training"));
      return sampleMapInfo();
    });
    const { info } = await openBundle(target);
    assert.deepEqual(Object.keys(info.files), ["training/deep/checkpoint.safetensors", "training/log.jsonl"]);
    assert.equal(await readFile(join(work, "deep", "checkpoint.safetensors"), "utf8"), "weights");
  });
});

describe("opening a bundle", () => {
  test("no such folder, a file, and a folder without map.json", async () => {
    await assert.rejects(openBundle(join(folder, "none")), userError(/none: there is no such folder/));
    await writeFile(join(folder, "file"), "");
    await assert.rejects(openBundle(join(folder, "file")), userError(/file: not a folder/));
    await assert.rejects(openBundle(folder), userError(/holds no map\.json/));
  });

  test("damaged JSON, a wrong value and a newer format", async () => {
    const target = await written();
    const path = join(target, "map.json");
    const good = await readFile(path, "utf8");
    const cases: [string, RegExp][] = [
      [good.slice(0, 100), /map\.json is damaged: it is not JSON/],
      ["null", /map\.json is damaged/],
      [good.replace('"imageSize": 32', '"imageSize": "big"'), /damaged at imageSize/],
      [good.replace('"schemaVersion": 1', '"schemaVersion": 2'), /format 2.*update tsimcne/],
    ];
    for (const [content, message] of cases) {
      await writeFile(path, content);
      await assert.rejects(openBundle(target), userError(message));
    }
  });

  test("a missing file, a changed one and a longer one are named", async () => {
    const target = await written();
    const bundle = await openBundle(target);
    await writeFile(join(target, "encoder.onnx"), "ENCODER bytes");
    await assert.rejects(
      bundle.read("encoder.onnx"),
      userError(/encoder\.onnx is damaged: its checksum.*again/),
    );
    await assert.rejects(bundle.locate("encoder.onnx"), userError(/checksum/));
    await appendFile(join(target, "encoder.onnx"), "!");
    await assert.rejects(bundle.read("encoder.onnx"), userError(/encoder\.onnx has 14 bytes instead of 13/));
    await rm(join(target, "encoder.onnx"));
    await assert.rejects(bundle.read("encoder.onnx"), userError(/encoder\.onnx is missing/));
    await assert.rejects(verifyBundle(target), userError(/encoder\.onnx is missing/));
    await assert.rejects(bundle.read("points.parquet"), userError(/no file points\.parquet/));
  });

  test("file names that lead out of the folder are refused", () => {
    const file = { sha256: "0".repeat(64), bytes: 1 };
    const accepts = (name: string) =>
      mapInfoSchema.safeParse({ ...sampleMapInfo(), files: { [name]: file } }).success;
    for (const name of ["../a", "a/../../b", "/etc/passwd", "a\\..\\b", "C:x", "", "a//b", "."]) {
      assert.equal(accepts(name), false, JSON.stringify(name));
    }
    for (const name of ["a", "thumbnails/0.webp", "..a", "training/stage 1/…"])
      assert.equal(accepts(name), true, name);
  });
});
