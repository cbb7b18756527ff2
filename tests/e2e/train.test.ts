// `tsimcne train` from a folder to a map, stopped and resumed, on few and on awkward images.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import sharp from "sharp";
import { openBundle, verifyBundle } from "../../models/bundle/bundle.node.ts";
import { decodePoints, type MapPoints } from "../../models/points.ts";
import { bundlePictures } from "../../models/thumbnails.node.ts";
import { builtCommand } from "../support/built.ts";
import { type Outcome, start, TINY, tsimcne } from "../support/command.ts";
import { writeAwkwardFolder } from "../support/images.ts";
import { writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const cache = at("cache");
const images = at("images");
const paths = await writeClassFolder(images, 64);

const train = (source: string, out: string, ...more: string[]) =>
  tsimcne(["train", source, "--out", out, ...TINY, ...more], cache);

async function pointsOf(map: string): Promise<MapPoints> {
  return await decodePoints(await readFile(join(map, "points.parquet")));
}

function assertFailed({ code, stdout, stderr }: Outcome, message: RegExp, expected = 1): void {
  assert.equal(code, expected, stderr);
  assert.equal(stdout, "");
  const lines = stderr.trim().split("\n");
  assert.match(lines.at(-1)!, message);
  assert.doesNotMatch(stderr, /\n\s+at /, "no stack trace");
}

describe("a run", () => {
  test("goes through all stages and leaves a complete map; labels and order are the source's", async () => {
    const { code, stdout, stderr } = await train(images, at("map"), "--json");
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assert.equal(result.images, 64);
    assert.ok(result.scores.knnPaper.accuracy >= 0);
    for (const stage of ["stage 1 pretrain", "stage 2 head", "stage 3 fine-tune"])
      assert.ok(stderr.includes(stage));
    assert.doesNotMatch(stderr, /\r/, "plain lines when piped");

    await verifyBundle(at("map"));
    const { info } = await openBundle(at("map"));
    for (const name of [
      "preprocess.onnx",
      "encoder.onnx",
      "points.parquet",
      "features.safetensors",
      "thumbnails/0.webp",
      "map.png",
      "report.html",
      "training/log.jsonl",
      ...["1-pretrain", "2-head", "3-fine-tune"].flatMap((stage) =>
        ["training_model.onnx", "eval_model.onnx", "optimizer_model.onnx", "checkpoint.safetensors"].map(
          (file) => `training/${stage}/${file}`,
        ),
      ),
    ]) {
      assert.ok(info.files[name], name);
    }
    const points = await pointsOf(at("map"));
    assert.deepEqual(points.paths, paths);
    assert.deepEqual(
      points.labels,
      paths.map((path) => path.split("/")[0]),
    );
    assert.deepEqual(info.classes, ["class 0", "class 1", "class 2", "class 3"]);
    assert.ok(!existsSync(at("map.unfinished")));
  });

  test("its thumbnails show more than it learns from, where the images do", async () => {
    await mkdir(at("fine"));
    // Stripes that nothing is left of at 16 × 16.
    const stripes = Buffer.from(Uint8Array.from({ length: 128 * 128 }, (_, i) => (i % 8 < 4 ? 40 : 220)));
    for (let i = 0; i < 12; i++) {
      const picture = sharp(stripes, { raw: { width: 128, height: 128, channels: 1 } });
      await picture.png().toFile(at("fine", `${i}.png`));
    }
    const { code, stderr } = await train(at("fine"), at("map-fine"));
    assert.equal(code, 0, stderr);
    const bundle = await openBundle(at("map-fine"));
    assert.equal(bundle.info.imageSize, 16);
    assert.equal(bundle.info.thumbnailSize, 96);
    const { size, read } = bundlePictures(bundle);
    const thumbnail = new Uint8Array(size * size * 3);
    await read(11, thumbnail);
    const [least, most] = [Math.min(...thumbnail), Math.max(...thumbnail)];
    assert.ok(size === 96 && least < 80 && most > 180, `${least} to ${most}`);
    const small = await openBundle(at("map"));
    assert.equal(small.info.thumbnailSize, 16, "images of 16 × 16 have no more to show");
  });

  test("same seed, same points bit for bit; another seed, others", async () => {
    await train(images, at("again"));
    await train(images, at("other"), "--seed", "2");
    const [map, again, other] = [
      await pointsOf(at("map")),
      await pointsOf(at("again")),
      await pointsOf(at("other")),
    ];
    assert.deepEqual(again.coordinates, map.coordinates);
    assert.deepEqual(again.novelty, map.novelty);
    assert.notDeepEqual(other.coordinates, map.coordinates);
  });
});

describe("a run that is stopped", () => {
  const long = ["--epochs", "6,4,6", "--batch-size", "4"];

  /** Whether a run has done two epochs of a stage, and is in the midst of the next. */
  function inThirdEpoch(out: string, stage: number): boolean {
    const log = `${out}.unfinished/log.jsonl`;
    return existsSync(log) && readFileSync(log, "utf8").includes(`"stage":${stage},"epoch":2.`);
  }

  /** Starts a run and signals it in the middle of an epoch of a stage. */
  async function stopped(out: string, signal: NodeJS.Signals, stage: number): Promise<Outcome> {
    const { child, ended } = start(["train", images, "--out", out, ...TINY, ...long], cache);
    while (!inThirdEpoch(out, stage)) {
      assert.equal(child.exitCode, null, "the run ended before it could be stopped");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill(signal);
    return await ended;
  }

  before(async () => {
    assert.equal((await train(images, at("whole"), ...long)).code, 0);
  });

  for (const stage of [1, 3]) {
    test(`killed in stage ${stage} and resumed, it ends in the same points bit for bit`, async () => {
      const out = at(`killed-${stage}`);
      assert.equal((await stopped(out, "SIGKILL", stage)).code, null);
      assert.ok(!existsSync(out));
      assertFailed(await train(images, out, ...long), /unfinished.*--resume/);
      const resumed = await train(images, out, ...long, "--resume");
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.deepEqual((await pointsOf(out)).coordinates, (await pointsOf(at("whole"))).coordinates);
    });
  }

  test("SIGHUP without a terminal, as under nohup, stops nothing", async () => {
    const out = at("detached");
    const { code, stderr } = await stopped(out, "SIGHUP", 1);
    assert.equal(code, 0, stderr);
    assert.deepEqual((await pointsOf(out)).coordinates, (await pointsOf(at("whole"))).coordinates);
  });

  const script = spawnSync("script", ["--version"]).status === 0;
  describe("because its terminal is closed", { skip: script ? false : "needs script" }, () => {
    /** Starts a run in a terminal of its own and closes that in the midst of it. @returns the exit code */
    async function leftAlone(out: string, whenClosed: (run: number) => void): Promise<number> {
      const [pid, code] = [`${out}.pid`, `${out}.code`];
      const command = [process.execPath, builtCommand(), "train", images, "--out", out, ...TINY, ...long];
      const shell = `trap "" HUP; ${command.join(" ")} & echo $! > ${pid}; wait $!; echo $? > ${code}`;
      const environment = { ...process.env, XDG_CACHE_HOME: cache };
      const terminal = spawn("script", ["-qec", shell, "/dev/null"], { env: environment });
      await until("the third epoch", () => inThirdEpoch(out, 1));
      terminal.kill("SIGKILL");
      whenClosed(Number(readFileSync(pid, "utf8")));
      await until("the run has ended", () => existsSync(code) && readFileSync(code, "utf8") !== "");
      return Number(readFileSync(code, "utf8"));
    }

    test("it saves its state when the shell says so", async () => {
      const out = at("closed");
      assert.equal(await leftAlone(out, (run) => process.kill(run, "SIGHUP")), 130);
      const resumed = await train(images, out, ...long, "--resume");
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.deepEqual((await pointsOf(out)).coordinates, (await pointsOf(at("whole"))).coordinates);
    });

    test("it goes on when the shell does not", async () => {
      const out = at("disowned");
      assert.equal(await leftAlone(out, () => {}), 0);
      assert.deepEqual((await pointsOf(out)).coordinates, (await pointsOf(at("whole"))).coordinates);
    });
  });

  test("Ctrl-C saves the state and says how to go on; other settings or images are refused", async () => {
    const out = at("interrupted");
    const outcome = await stopped(out, "SIGINT", 1);
    assertFailed(outcome, /--resume/, 130);
    assertFailed(
      await train(images, out, ...long, "--resume", "--seed", "9"),
      /other settings: seed was 1 and is now 9/,
    );
    const fewer = at("fewer");
    await writeClassFolder(fewer, 60);
    assertFailed(await train(fewer, out, ...long, "--resume"), /images have changed/);
    const resumed = await train(images, out, ...long, "--resume");
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual((await pointsOf(out)).coordinates, (await pointsOf(at("whole"))).coordinates);
    assertFailed(await train(images, at("nothing"), "--resume"), /no unfinished run/);
  });
});

describe("--micro-batch", () => {
  test("trains on batches of whole micro-batches", async () => {
    const cut = ["--batch-size", "12", "--micro-batch", "5"];
    const { code, stderr } = await train(images, at("map-micro"), ...cut);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /batches of 10 instead of 12, for 64 images in micro-batches of 5/);
    const { info } = await openBundle(at("map-micro"));
    await verifyBundle(at("map-micro"));
    assert.equal(info.batchSize, 10);
    for (const model of ["embedding_model.onnx", "loss_model.onnx"]) {
      assert.ok(info.files[`training/1-pretrain/${model}`], model);
      assert.ok(!info.files[`training/2-head/${model}`], "features are no images");
    }
  });

  test("is refused for an engine that has none, before the images are read", async () => {
    const micro = ["--engine", "ort-training", "--micro-batch", "4"];
    assertFailed(
      await train(images, at("map-ort-micro"), ...micro),
      /has no micro-batches: leave out --micro-batch/,
    );
  });
});

describe("few images", () => {
  for (const count of [2, 20, 250]) {
    test(`${count} make a map, with a note on the batch`, async () => {
      const few = at(`few-${count}`);
      await writeClassFolder(few, count);
      const { code, stderr } = await train(few, at(`map-${count}`), "--batch-size", "128");
      assert.equal(code, 0, stderr);
      assert.match(stderr, /batches of \d+ instead of 128/);
      assert.equal((await pointsOf(at(`map-${count}`))).count, count);
    });
  }

  test("one, or none, is told in a line, and nothing is left behind", async () => {
    await writeClassFolder(at("one"), 1);
    await mkdir(at("none"), { recursive: true });
    assertFailed(await train(at("one"), at("map-one")), /at least 2 images/);
    assertFailed(await train(at("none"), at("map-none")), /no images/);
    const left = (await readdir(folder)).filter((name) => /^\.?map-(one|none)/.test(name));
    assert.deepEqual(left, []);
  });
});

describe("awkward images", () => {
  test("load right or are skipped with a reason, on the terminal and in map.json", async () => {
    const awkward = at("awkward");
    const { load, skip } = await writeAwkwardFolder(awkward);
    const out = join(awkward, "map"); // the output folder lies inside the image folder
    const { code, stderr } = await train(awkward, out);
    assert.equal(code, 0, stderr);
    const { info } = await openBundle(out);
    assert.equal(info.counts.images, load.length);
    assert.deepEqual((await pointsOf(out)).paths.toSorted(), [...load].sort());
    for (const { path, reason } of skip) {
      const found = info.skipped.find((skipped) => skipped.path === path);
      assert.match(found?.reason ?? "not listed", reason, path);
    }
    assert.match(stderr, new RegExp(`${info.counts.skipped} files were skipped`));
    const strict = await train(awkward, at("strict"), "--strict");
    assert.equal(strict.code, 1);
    assert.doesNotMatch(strict.stderr, /stage 1/);
    assert.ok(!existsSync(at("strict.unfinished")));
  });
});

describe("wrong usage", () => {
  test("is told in a line, before any work", async () => {
    await writeFile(at("a-file"), "");
    assertFailed(await train(images, at("map")), /exists/);
    assertFailed(await train(at("nowhere"), at("x")), /nowhere.*no such file/);
    assertFailed(await train(images, at("x"), "--kernel", "nonsense"), /kernel.*nonsense.*cauchy/, 2);
    assertFailed(await train(images, at("x"), "--epochs", "3"), /--epochs takes three numbers/, 2);
    assertFailed(await train(images, ""), /--out needs the name of a folder/, 2);
    assertFailed(await train(images, at("x"), "--nonsense"), /nonsense/, 2);
    assertFailed(await train(images, at("x"), "--degrees-of-freedom", "3"), /student-t/, 2);
    assertFailed(await train(images, at("a-file", "x")), /a-file/);
    assertFailed(await tsimcne(["train"], cache), /--help/, 2);
    assertFailed(await tsimcne(["nonsense"], cache), /nonsense/, 2);
    assertFailed(await tsimcne([], cache), /name a command/, 2);
    const debug = await tsimcne(["train", at("nowhere"), "--out", at("x"), "--debug"], cache);
    assert.match(debug.stderr, /\n\s+at /, "--debug shows the stack");
  });

  test("--help of every command shows defaults and examples", async () => {
    for (const command of ["train", "embed", "evaluate", "plot", "artifacts"]) {
      const { code, stdout, stderr } = await tsimcne([command, "--help"], cache);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /default/);
      assert.match(stdout, /Examples:/);
    }
  });
});
