// What is done with a finished map: embed, evaluate, plot; and `tsimcne artifacts`.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { decodePoints, type MapPoints } from "../../models/points.ts";
import { decodeSafetensors } from "../../models/safetensors.ts";
import { openOrtTraining } from "../../training/engines/runtime-ort-training.ts";
import { TINY, tsimcne } from "../support/command.ts";
import { readModel } from "../support/onnx-file.ts";
import { classPicture, writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const cache = at("cache");
const map = at("map");
let points: MapPoints;

/** Checksums of all files of a folder. */
function snapshot(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(dir, name)).isFile())
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(dir, name)))
          .digest("hex")}`,
    );
}

before(async () => {
  await writeClassFolder(at("images"), 100);
  const { code, stderr } = await tsimcne(["train", at("images"), "--out", map, ...TINY], cache);
  assert.equal(code, 0, stderr);
  points = await decodePoints(readFileSync(join(map, "points.parquet")));
});

test("ONNX Runtime keeps no id of the machine, and reports nothing", () => {
  assert.deepEqual(readdirSync(cache), ["tsimcne"]);
});

describe("embed", () => {
  test("training images land on their own points, in order; the map does not change", async () => {
    const unchanged = snapshot(map);
    const { code, stdout, stderr } = await tsimcne(["embed", map, at("images")], cache);
    assert.equal(code, 0, stderr);
    const { results, errors, map: named } = JSON.parse(stdout);
    assert.equal(named.name, "map");
    assert.deepEqual(errors, []);
    assert.deepEqual(
      results.map(({ path }: { path: string }) => path),
      points.paths,
    );
    const { coordinates } = points;
    const extent = (axis: number) => {
      const values = Array.from(coordinates).filter((_, i) => i % 2 === axis);
      return Math.max(...values) - Math.min(...values);
    };
    const diagonal = Math.hypot(extent(0), extent(1));
    for (const [i, { embedding, novelty }] of results.entries()) {
      const distance = Math.hypot(embedding[0] - coordinates[2 * i], embedding[1] - coordinates[2 * i + 1]);
      assert.ok(distance <= 1e-4 * diagonal, `${points.paths[i]} is off by ${distance}`);
      assert.ok(novelty >= 0 && novelty <= 1);
    }
    assert.deepEqual(snapshot(map), unchanged);
  });

  test("one image alone lands where it lands among a hundred, bit for bit", async () => {
    const all = JSON.parse((await tsimcne(["embed", map, at("images")], cache)).stdout).results;
    for (const i of [0, 57, 99]) {
      const { stdout } = await tsimcne(["embed", map, at("images", points.paths[i])], cache);
      const [alone] = JSON.parse(stdout).results;
      assert.deepEqual(alone.embedding, all[i].embedding);
      assert.equal(alone.novelty, all[i].novelty);
    }
  });

  test("many, which threads of their own place, land where few do, in order; broken ones are listed", async () => {
    const copies = 7;
    for (let copy = 0; copy < copies; copy++) {
      cpSync(at("images"), at("many", String(copy)), { recursive: true });
      writeFileSync(at("many", String(copy), "broken.png"), "text");
    }
    const few = JSON.parse((await tsimcne(["embed", map, at("images")], cache)).stdout).results;
    const { code, stdout, stderr } = await tsimcne(["embed", map, at("many")], cache);
    assert.equal(code, 0, stderr);
    const { results, errors } = JSON.parse(stdout);
    const expected = Array.from({ length: copies }, (_, copy) =>
      few.map((placed: { path: string }) => ({ ...placed, path: `${copy}/${placed.path}` })),
    );
    assert.deepEqual(results, expected.flat());
    assert.deepEqual(
      errors.map(({ path }: { path: string }) => path),
      Array.from({ length: copies }, (_, copy) => `${copy}/broken.png`),
    );
    const strict = await tsimcne(["embed", map, at("many"), "--strict"], cache);
    assert.equal(strict.code, 1);
    assert.match(strict.stderr, /broken\.png: not an image/);
  });

  test("what cannot be placed is listed; with --strict it fails; with nothing placed too", async () => {
    mkdirSync(at("mixed"));
    writeFileSync(at("mixed", "a.png"), await classPicture(1, 500));
    writeFileSync(at("mixed", "b.png"), "text");
    writeFileSync(at("mixed", 'c, "quoted".png'), await classPicture(2, 501));
    const { code, stdout, stderr } = await tsimcne(["embed", map, at("mixed")], cache);
    assert.equal(code, 0);
    const { results, errors } = JSON.parse(stdout);
    assert.equal(results.length, 2);
    assert.deepEqual(errors, [{ path: "b.png", reason: "not an image (text)" }]);
    assert.match(stderr, /"b.png" was not placed/);
    const strict = await tsimcne(["embed", map, at("mixed"), "--strict"], cache);
    assert.equal(strict.code, 1);
    assert.equal(strict.stdout, "");
    assert.equal((await tsimcne(["embed", map, at("mixed", "b.png")], cache)).code, 1);
  });

  test("CSV and Parquet hold the same as JSON", async () => {
    const json = JSON.parse((await tsimcne(["embed", map, at("mixed")], cache)).stdout).results;
    const csv = await tsimcne(["embed", map, at("mixed"), "--format", "csv"], cache);
    const lines = csv.stdout.trimEnd().split("\r\n");
    assert.equal(lines[0], "path,x,y,novelty");
    assert.equal(lines[1], ["a.png", ...json[0].embedding, json[0].novelty].join());
    assert.ok(lines[2].startsWith('"c, ""quoted"".png",'));
    const parquet = ["--format", "parquet", "--out", at("mixed.parquet")];
    assert.equal((await tsimcne(["embed", map, at("mixed"), ...parquet], cache)).code, 0);
    const table = await decodePoints(readFileSync(at("mixed.parquet")));
    assert.deepEqual(
      Array.from(table.coordinates),
      json.flatMap(({ embedding }: { embedding: number[] }) => embedding),
    );
    assert.equal((await tsimcne(["embed", map, at("mixed"), "--format", "parquet"], cache)).code, 2);
    const nowhere = await tsimcne(["embed", map, at("mixed"), "--out", at("no", "such.json")], cache);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /cannot write .*such\.json/);
  });
});

describe("evaluate", () => {
  test("prints the map's scores, and with labelled images the held-out score", async () => {
    await writeClassFolder(at("test"), 40);
    const alone = await tsimcne(["evaluate", map], cache);
    assert.match(alone.stdout, /paper protocol: \d+\.\d %/);
    const { code, stdout } = await tsimcne(["evaluate", map, at("test"), "--json"], cache);
    assert.equal(code, 0);
    const { knnHeldOut } = JSON.parse(stdout).scores;
    assert.equal(knnHeldOut.queries, 40);
    assert.equal(knnHeldOut.references, 100);
    const unlabelled = await tsimcne(["evaluate", map, at("mixed")], cache);
    assert.equal(unlabelled.code, 1);
    assert.match(unlabelled.stderr, /no image has a label/);
    mkdirSync(at("all-broken", "class"), { recursive: true });
    writeFileSync(at("all-broken", "class", "1.png"), "text");
    const broken = await tsimcne(["evaluate", map, at("all-broken")], cache);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /none of the images with a label could be placed/);
  });
});

describe("--strict", () => {
  before(async () => {
    await writeClassFolder(at("one-broken"), 8);
    writeFileSync(at("one-broken", "bad.png"), "text");
    const listed = points.paths.slice(0, 8).map((path) => `${join("images", path)},kind\n`);
    writeFileSync(at("one-missing.csv"), `path,label\n${listed.join("")}bad.png,kind\n`);
  });

  for (const images of ["one-broken", "one-missing.csv"]) {
    const commands: Record<string, string[]> = {
      train: [at(images), "--out", at("strict"), ...TINY],
      embed: [map, at(images)],
      evaluate: [map, at(images)],
    };
    for (const [command, args] of Object.entries(commands)) {
      test(`${command} fails at the image that cannot be used of ${images}, and without it goes on`, async () => {
        const strict = await tsimcne([command, ...args, "--strict", "--quiet"], cache);
        assert.match(strict.stderr, /^tsimcne: bad\.png: .+ \(without --strict, it is skipped\)\n$/);
        assert.equal(strict.stdout, "");
        assert.equal(strict.code, 1);
        const { code, stderr } = await tsimcne([command, ...args], cache);
        assert.match(stderr, /"bad\.png"/);
        assert.equal(code, 0, stderr);
        rmSync(at("strict"), { recursive: true, force: true });
      });
    }
  }
});

describe("plot", () => {
  test("draws PNG, SVG and HTML by the file's name", async () => {
    for (const show of ["pictures", "points"]) {
      for (const format of ["png", "svg", "html"]) {
        const out = at(`${show}.${format}`);
        const { code, stderr } = await tsimcne(["plot", map, "--out", out, "--show", show], cache);
        assert.equal(code, 0, stderr);
        if (format !== "html") assert.ok((await sharp(out).metadata()).width! > 1000);
        else assert.match(readFileSync(out, "utf8"), /<canvas/);
      }
    }
    assert.notDeepEqual(readFileSync(at("pictures.png")), readFileSync(at("points.png")));
    assert.equal((await tsimcne(["plot", map, "--out", at("map.bmp")], cache)).code, 2);
  });
});

describe("a damaged map", () => {
  const commands: Record<string, (dir: string) => string[]> = {
    "encoder.onnx": (dir) => ["embed", dir, at("mixed")],
    "preprocess.onnx": (dir) => ["embed", dir, at("mixed")],
    "features.safetensors": (dir) => ["embed", dir, at("mixed")],
    "points.parquet": (dir) => ["plot", dir, "--out", at("x.png")],
    "thumbnails/0.webp": (dir) => ["plot", dir, "--out", at("x.png")],
    "map.json": (dir) => ["evaluate", dir],
  };
  for (const [file, command] of Object.entries(commands)) {
    test(`${file} changed or missing: one line names it`, async () => {
      const dir = at("damaged", file.replaceAll("/", "-"));
      cpSync(map, dir, { recursive: true });
      const bytes = readFileSync(join(dir, file));
      bytes[bytes.length >> 1] ^= 255;
      writeFileSync(join(dir, file), bytes);
      const changed = await tsimcne(command(dir), cache);
      rmSync(join(dir, file));
      const missing = await tsimcne(command(dir), cache);
      for (const { code, stdout, stderr } of [changed, missing]) {
        assert.equal(code, 1);
        assert.equal(stdout, "");
        assert.equal(stderr.trim().split("\n").length, 1, stderr);
        assert.ok(stderr.includes(file), stderr);
      }
    });
  }
});

describe("artifacts", () => {
  test("are three models and a checkpoint that any ONNX Runtime can train with", async () => {
    const out = at("artifacts");
    const { code, stderr } = await tsimcne(["artifacts", "--out", out, ...TINY, "--batch-size", "4"], cache);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(out).sort(), [
      "checkpoint.safetensors",
      "eval_model.onnx",
      "optimizer_model.onnx",
      "training_model.onnx",
    ]);
    const training = await InferenceSession.create(join(out, "training_model.onnx"));
    const { tensors } = decodeSafetensors(readFileSync(join(out, "checkpoint.safetensors")));
    const feeds: Record<string, Tensor> = {};
    for (const name of training.inputNames.filter((input) => input !== "views")) {
      const { data, shape } = tensors[name];
      feeds[name] = new Tensor("float32", data as Float32Array, shape);
    }
    feeds.views = new Tensor("float32", new Float32Array(8 * 3 * 16 * 16).map(Math.random), [8, 3, 16, 16]);
    const { loss } = await training.run(feeds);
    assert.ok(Number.isFinite((loss.data as Float32Array)[0]));
    for (const name of ["eval_model.onnx", "optimizer_model.onnx"])
      await InferenceSession.create(join(out, name));
    assert.equal((await tsimcne(["artifacts", "--out", out], cache)).code, 1, "it exists");
  });

  test("--micro-batch: two models more", async () => {
    const out = at("micro-artifacts");
    const args = ["artifacts", "--out", out, ...TINY, "--batch-size", "9", "--micro-batch", "4", "--json"];
    const { code, stdout, stderr } = await tsimcne(args, cache);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).viewsShape, [16, 3, 16, 16]);
    for (const name of ["embedding_model.onnx", "loss_model.onnx"])
      await InferenceSession.create(join(out, name));
  });

  test("--flavour ort-training: what ONNX Runtime's own TrainingSession loads and trains", async () => {
    const out = at("official");
    const args = ["artifacts", "--flavour", "ort-training", "--image-count", "40", "--out", out, ...TINY];
    const { code, stderr } = await tsimcne([...args, "--batch-size", "4", "--optimizer", "adamw"], cache);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(out).sort(), [
      "checkpoint",
      "eval_model.onnx",
      "optimizer_model.onnx",
      "training_model.onnx",
    ]);
    const runtime = await openOrtTraining();
    const file = (name: string) => new Uint8Array(readFileSync(join(out, name)));
    const session = await runtime.createTrainingSession({
      checkpointState: file("checkpoint"),
      trainModel: file("training_model.onnx"),
      evalModel: file("eval_model.onnx"),
      optimizerModel: file("optimizer_model.onnx"),
    });
    const { inputs } = readModel(file("eval_model.onnx"));
    const statistics = Object.entries(inputs).filter(([name]) => name.includes("running_"));
    const feeds = Object.fromEntries(
      statistics.map(([name, { shape }]) => {
        const value = new Float32Array(Number(shape[0])).fill(name.endsWith("var") ? 1 : 0);
        return [name, new runtime.Tensor("float32", value, shape as number[])];
      }),
    );
    const random = Float32Array.from({ length: 8 * 3 * 16 * 16 }, Math.random);
    const views = () => new runtime.Tensor("float32", random.slice(), [8, 3, 16, 16]);
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const { loss } = await session.runTrainStep({ views: views(), ...feeds });
      losses.push((loss.data as Float32Array)[0]);
      await session.runOptimizerStep();
      await session.lazyResetGrad();
    }
    assert.ok(losses.at(-1)! < losses[0], `the loss falls on the same batch: ${losses}`);
    await session.release();
  });
});
