import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import {
  appendFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { UserError } from "../../models/errors.ts";
import type { Pixels } from "../../models/pixels.ts";
import { type PrepareOptions, prepareDataset } from "../../training/dataset/cache.ts";
import { type ImageSource, openSource } from "../../training/dataset/source.ts";
import type { StoredDataset } from "../../training/dataset/stored-dataset.ts";
import { BLUE, GREEN, plain, RED, type Rgb, writeAwkwardFolder, YELLOW } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary.ts";

const SIZE = 4;

/** Stands for the graph that resizes: a picture of the colour of the first pixel. Counts its calls. */
function counting(imageSize = SIZE) {
  const counter = {
    calls: 0,
    async preprocess({ data }: Pixels): Promise<Uint8Array> {
      counter.calls++;
      return Uint8Array.from({ length: imageSize * imageSize * 3 }, (_, i) => data[i % 3]);
    },
  };
  return counter;
}

interface Setting {
  folder: string;
  cacheDirectory: string;
}

const paintings = { "a/1.png": RED, "a/2.png": GREEN, "b/3.png": BLUE, "b/4.png": YELLOW };

async function setting(files: Readonly<Record<string, Rgb>> = paintings): Promise<Setting> {
  const root = await temporaryFolder();
  const folder = join(root, "images");
  for (const [path, color] of Object.entries(files)) await paint(folder, path, color);
  return { folder, cacheDirectory: join(root, "cache") };
}

async function paint(folder: string, path: string, color: Rgb): Promise<void> {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), await plain(color).png().toBuffer());
}

const options = (cacheDirectory: string, more: Partial<PrepareOptions> = {}): PrepareOptions => ({
  imageSize: SIZE,
  fit: "cover",
  background: "white",
  maxPixels: 268e6,
  preprocess: counting().preprocess,
  settingsKey: "",
  strict: false,
  cacheDirectory,
  ...more,
});

/** Prepares the folder and looks at the result; says how many images were decoded. */
async function prepare<Result>(
  { folder, cacheDirectory }: Setting,
  use: (dataset: StoredDataset, source: ImageSource) => Result,
  more: Partial<PrepareOptions> = {},
): Promise<{ result: Result; decoded: number }> {
  const source = await openSource(folder);
  const counter = counting();
  try {
    const dataset = await prepareDataset(
      source,
      options(cacheDirectory, { preprocess: counter.preprocess, ...more }),
    );
    try {
      return { result: use(dataset, source), decoded: counter.calls };
    } finally {
      dataset.close();
    }
  } finally {
    await source.close();
  }
}

/** The colours of all pictures. */
function colorsOf(dataset: StoredDataset): number[][] {
  return colors(dataset.count, SIZE, (i, into) => dataset.read(i, into, 0));
}

/** The colours of all pictures to be looked at. */
function thumbnailColors({ count, thumbnails }: StoredDataset): number[][] {
  return colors(count, thumbnails.size, (i, into) => void thumbnails.read(i, into));
}

function colors(count: number, size: number, read: (index: number, into: Uint8Array) => void): number[][] {
  const picture = new Uint8Array(size * size * 3);
  return Array.from({ length: count }, (_, i) => {
    read(i, picture);
    assert.ok(picture.every((value, j) => value === picture[j % 3]));
    return [...picture.subarray(0, 3)];
  });
}

/** Pictures to be looked at, larger than the others. */
const LARGER = { thumbnailSize: SIZE + 2 };

async function storeFolders({ cacheDirectory }: Setting): Promise<string[]> {
  const images = join(cacheDirectory, "images");
  const settings = await readdir(images);
  const names = await Promise.all(
    settings.map(async (name) =>
      (await readdir(join(images, name))).map((store) => join(images, name, store)),
    ),
  );
  return names.flat();
}

describe("prepareDataset", () => {
  test("gives the pictures, paths and labels in the order of the source", async () => {
    const where = await setting();
    const progress: string[] = [];
    const { decoded } = await prepare(
      where,
      (dataset) => {
        assert.equal(dataset.count, 4);
        assert.equal(dataset.imageSize, SIZE);
        assert.deepEqual(dataset.paths, ["a/1.png", "a/2.png", "b/3.png", "b/4.png"]);
        assert.deepEqual(dataset.labels, ["a", "a", "b", "b"]);
        assert.deepEqual(dataset.skipped, []);
        assert.deepEqual(colorsOf(dataset), [RED, GREEN, BLUE, YELLOW]);
        const mean = [0, 1, 2].map((c) => (RED[c] + GREEN[c] + BLUE[c] + YELLOW[c]) / 4);
        assert.deepEqual(dataset.fill, mean);
        const batch = new Uint8Array(2 * SIZE * SIZE * 3);
        dataset.readBatch(Uint32Array.of(3, 1), batch);
        assert.deepEqual([...batch.subarray(0, 3)], YELLOW);
        assert.deepEqual([...batch.subarray(-3)], GREEN);
        assert.throws(() => dataset.read(4, batch, 0), RangeError);
      },
      { onProgress: (done, total, skipped) => progress.push(`${done}/${total} ${skipped}`) },
    );
    assert.equal(decoded, 4);
    assert.deepEqual(progress, ["1/4 0", "2/4 0", "3/4 0", "4/4 0"]);
  });

  test("keeps the order where later images are ready before earlier ones", async () => {
    const where = await setting();
    const preprocess = async (pixels: Pixels) => {
      await new Promise((resolve) => setTimeout(resolve, pixels.data[0] === RED[0] ? 100 : 0));
      return counting().preprocess(pixels);
    };
    const { result } = await prepare(where, colorsOf, { preprocess });
    assert.deepEqual(result, [RED, GREEN, BLUE, YELLOW]);
  });

  test("the pixels file holds the pictures and nothing else", async () => {
    const where = await setting();
    await prepare(where, async ({ pixelsFile }) => {
      const bytes = await readFile(pixelsFile);
      assert.equal(bytes.length, 4 * SIZE * SIZE * 3);
      assert.deepEqual([...bytes.subarray(-3)], YELLOW);
    });
  });

  test("pictures to be looked at are those to learn from, or larger ones that are kept with them", async () => {
    const where = await setting();
    const look = (dataset: StoredDataset) => [dataset.thumbnails.size, ...thumbnailColors(dataset)];
    const { result } = await prepare(where, look);
    assert.deepEqual(result, [SIZE, RED, GREEN, BLUE, YELLOW]);
    const larger = await prepare(where, look, LARGER);
    assert.deepEqual(larger, { result: [SIZE + 2, RED, GREEN, BLUE, YELLOW], decoded: 4 });
    await paint(where.folder, "a/2.png", [1, 2, 3]);
    const changed = await prepare(where, look, LARGER);
    assert.deepEqual(changed, { result: [SIZE + 2, RED, [1, 2, 3], BLUE, YELLOW], decoded: 1 });
    const again = await prepare(where, look, LARGER);
    assert.deepEqual(again, { ...changed, decoded: 0 });
    await prepare(where, ({ pixelsFile }) => assert.equal(statSync(pixelsFile).size, 4 * SIZE * SIZE * 3));
  });

  test("the second run reads and decodes nothing", async () => {
    const where = await setting();
    const first = await prepare(where, (dataset) => ({ ...dataset, colors: colorsOf(dataset) }));
    const source = await openSource(where.folder);
    const unread = source.entries.map((entry) => ({
      ...entry,
      read: () => Promise.reject(new Error("it was read")),
    }));
    const progress: number[][] = [];
    const counter = counting();
    const dataset = await prepareDataset(
      { ...source, entries: unread },
      options(where.cacheDirectory, { ...counter, onProgress: (...numbers) => progress.push(numbers) }),
    );
    assert.equal(counter.calls, 0);
    assert.deepEqual(progress, [[4, 4, 0]]);
    const { paths, labels, fill, pixelsFile } = first.result;
    assert.deepEqual(
      [dataset.paths, dataset.labels, dataset.fill, dataset.pixelsFile],
      [paths, labels, fill, pixelsFile],
    );
    assert.deepEqual(colorsOf(dataset), first.result.colors);
    dataset.close();
    dataset.close();
  });

  test("decodes again only what changed; moved and renamed images are known by their content", async () => {
    const where = await setting();
    await prepare(where, () => {});
    await paint(where.folder, "a/2.png", [1, 2, 3]);
    const changed = await prepare(where, colorsOf);
    assert.equal(changed.decoded, 1);
    assert.deepEqual(changed.result, [RED, [1, 2, 3], BLUE, YELLOW]);

    await rename(join(where.folder, "b/3.png"), join(where.folder, "0.png"));
    await rm(join(where.folder, "b/4.png"));
    const moved = await prepare(where, (dataset) => [dataset.paths, dataset.labels, colorsOf(dataset)]);
    assert.equal(moved.decoded, 0);
    assert.deepEqual(moved.result, [
      ["0.png", "a/1.png", "a/2.png"],
      [undefined, "a", "a"],
      [BLUE, RED, [1, 2, 3]],
    ]);

    const copy = { ...where, folder: `${where.folder} copy` };
    await cp(where.folder, copy.folder, { recursive: true });
    assert.equal((await prepare(copy, () => {})).decoded, 0);
  });

  test("keeps copies of an image", async () => {
    const where = await setting({ "1.png": RED, "2.png": RED, "3.png": BLUE });
    assert.deepEqual((await prepare(where, colorsOf)).result, [RED, RED, BLUE]);
    assert.deepEqual((await prepare(where, colorsOf)).result, [RED, RED, BLUE]);
  });

  test("decodes again under every setting that changes pixels", async () => {
    const where = await setting();
    await prepare(where, () => {});
    const others: Partial<PrepareOptions>[] = [
      { fit: "contain" },
      { background: "black" },
      { maxPixels: 1e6 },
      { settingsKey: "another" },
      { imageSize: 5 },
    ];
    for (const other of others) {
      const counter = counting(other.imageSize);
      await prepare(where, () => {}, { preprocess: counter.preprocess, ...other });
      assert.equal(counter.calls, 4, JSON.stringify(other));
    }
    assert.equal((await prepare(where, () => {})).decoded, 0);
  });

  test("skips and lists what is bad, from the first run on", async () => {
    const where = await setting({});
    const expected = await writeAwkwardFolder(where.folder);
    for (const run of ["first", "second"]) {
      const { result, decoded } = await prepare(where, ({ paths, skipped, otherFiles, labels }) => {
        return { paths, skipped, otherFiles, labels };
      });
      assert.equal(decoded, run === "first" ? expected.load.length : 0);
      assert.deepEqual(result.paths, expected.load);
      assert.equal(result.labels![0], undefined);
      assert.equal(result.labels!.at(-1), "turned");
      assert.equal(result.otherFiles, expected.otherFiles);
      assert.deepEqual(
        result.skipped.map(({ path }) => path),
        expected.skip.map(({ path }) => path),
      );
      for (const [i, { reason }] of expected.skip.entries()) assert.match(result.skipped[i].reason, reason);
    }
  });

  test("strict: fails at the first bad image, whether found now or earlier", async () => {
    const where = await setting({ "1.png": RED, "3.png": BLUE, "4.png": GREEN });
    await writeFile(join(where.folder, "2.png"), "text");
    const strict = { strict: true, concurrency: 1 };
    const counter = counting();
    const bad = new UserError("2.png: not an image (text) (without --strict, it is skipped)");
    await assert.rejects(
      prepare(where, () => {}, { ...strict, preprocess: counter.preprocess }),
      bad,
    );
    assert.equal(counter.calls, 1, "later images are not decoded");
    assert.deepEqual(await storeFolders(where), [], "nothing half-written");
    await prepare(where, () => {});
    await assert.rejects(
      prepare(where, () => {}, strict),
      bad,
    );
    await rm(join(where.folder, "2.png"));
    assert.equal((await prepare(where, () => {}, strict)).decoded, 0);
    execFileSync("mkfifo", [join(where.folder, "5.png")]);
    await assert.rejects(
      prepare(where, () => {}, strict),
      /^UserError: 5\.png: a pipe/,
    );
  });

  test("says so where no image can be used", async () => {
    const where = await setting({});
    await mkdir(where.folder);
    await writeFile(join(where.folder, "1.png"), "text");
    await writeFile(join(where.folder, "2.png"), "");
    for (let run = 0; run < 2; run++) {
      await assert.rejects(
        prepare(where, () => {}),
        new UserError(`none of the 2 images in ${where.folder} can be used (1.png: not an image (text))`),
      );
    }
  });

  test("tries again what failed for another reason than its content", async () => {
    const where = await setting();
    let failing = true;
    const preprocess = async (pixels: Pixels) => {
      if (failing && pixels.data[0] === BLUE[0]) throw new Error("out of\nmemory");
      return counting().preprocess(pixels);
    };
    const { result } = await prepare(where, (dataset) => dataset.skipped, { preprocess });
    assert.deepEqual(result, [{ path: "b/3.png", reason: "cannot be resized (out of memory)" }]);
    failing = false;
    const again = await prepare(where, colorsOf, { preprocess });
    assert.deepEqual(again.result, [RED, GREEN, BLUE, YELLOW]);
  });

  test("refuses a background that is no colour, instead of every image", async () => {
    const where = await setting();
    await assert.rejects(
      prepare(where, () => {}, { background: "glass" }),
      /^UserError: "glass" is no colour/,
    );
  });

  const damages: Record<string, (store: string, where: Setting) => Promise<void>> = {
    "pixels changed": async (store) => {
      const pixels = await readFile(join(store, "pixels.raw"));
      pixels[20] ^= 1;
      await writeFile(join(store, "pixels.raw"), pixels);
    },
    "pixels cut off": (store) => truncate(join(store, "pixels.raw"), 100),
    "pixels too long": (store) => appendFile(join(store, "pixels.raw"), "more"),
    "pixels missing": (store) => rm(join(store, "pixels.raw")),
    "thumbnails cut off": (store) => truncate(join(store, "thumbnails.raw"), 100),
    "thumbnails of others": (store) => writeFile(join(store, "thumbnails.raw"), Buffer.alloc(4 * 6 * 6 * 3)),
    "thumbnails missing": (store) => rm(join(store, "thumbnails.raw")),
    "index cut off": (store) => truncate(join(store, "index.json"), 50),
    "index of another": async (store) => {
      const index = JSON.parse(await readFile(join(store, "index.json"), "utf8"));
      index.images.reverse();
      await writeFile(join(store, "index.json"), JSON.stringify(index));
    },
    "index missing": (store) => rm(join(store, "index.json")),
    "folder emptied": async (store) => {
      await rm(store, { recursive: true });
      await mkdir(store);
    },
    "everything removed": (_, { cacheDirectory }) => rm(cacheDirectory, { recursive: true }),
  };
  for (const [damage, inflict] of Object.entries(damages)) {
    test(`rebuilds a damaged cache: ${damage}`, async () => {
      const where = await setting();
      await prepare(where, () => {}, LARGER);
      const [store] = await storeFolders(where);
      await inflict(store, where);
      const rebuilt = await prepare(where, (all) => [colorsOf(all), thumbnailColors(all)], LARGER);
      const whole = [RED, GREEN, BLUE, YELLOW];
      assert.deepEqual(rebuilt, { result: [whole, whole], decoded: 4 });
      assert.deepEqual(await storeFolders(where), [store]);
      assert.equal((await prepare(where, () => {}, LARGER)).decoded, 0);
    });
  }

  test("does without damaged stamps", async () => {
    const where = await setting();
    await prepare(where, () => {});
    const folder = join(where.cacheDirectory, "stamps");
    for (const name of await readdir(folder)) await writeFile(join(folder, name), '{"a": 1');
    const again = await prepare(where, colorsOf);
    assert.deepEqual(again, { result: [RED, GREEN, BLUE, YELLOW], decoded: 0 });
  });

  test("two runs at once both get it whole, and leave one store", async () => {
    const where = await setting();
    const runs = await Promise.all([
      prepare(where, colorsOf),
      prepare(where, colorsOf),
      prepare(where, colorsOf),
    ]);
    for (const { result } of runs) assert.deepEqual(result, [RED, GREEN, BLUE, YELLOW]);
    assert.equal((await storeFolders(where)).length, 1);
  });

  test("ends when told to, and leaves nothing half-written", async () => {
    const where = await setting();
    const controller = new AbortController();
    const ended = prepare(where, () => {}, {
      concurrency: 1,
      signal: controller.signal,
      onProgress: (done) => done === 2 && controller.abort(new Error("Ctrl-C")),
    });
    await assert.rejects(ended, /^Error: Ctrl-C$/);
    assert.deepEqual(await storeFolders(where), []);
  });

  /** Runs prepareDataset in a process of its own; `preprocess` is the source text of a function. */
  const script = (where: Setting, preprocess: string, imageSize = SIZE) => `
    import { writeFileSync } from "node:fs";
    import { prepareDataset } from ${JSON.stringify(import.meta.resolve("../../training/dataset/cache.ts"))};
    import { openSource } from ${JSON.stringify(import.meta.resolve("../../training/dataset/source.ts"))};
    const source = await openSource(${JSON.stringify(where.folder)});
    const options = { imageSize: ${imageSize}, fit: "cover", background: "white", maxPixels: 1e6, settingsKey: "",
      strict: false, concurrency: 1, cacheDirectory: ${JSON.stringify(where.cacheDirectory)} };
    const preprocess = ${preprocess};
    try {
      await prepareDataset(source, { ...options, preprocess });
      console.log("done");
    } catch (error) {
      console.log(error.name + ": " + error.message);
    }`;
  const nodeArguments = (text: string) => ["--import", "tsx", "--input-type=module", "--eval", text];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));

  test("killed in the middle, the next run is whole, and what was left goes after a day", async () => {
    const where = await setting();
    const stuck = `({ data }) => data[0] === ${BLUE[0]} ? (console.log("stuck"), new Promise(() => setInterval(() => {}, 1e6)))
      : Promise.resolve(new Uint8Array(${SIZE * SIZE * 3}))`;
    const child = spawn(process.execPath, nodeArguments(script(where, stuck)), {
      cwd,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = await once(child.stdout, "data");
    assert.equal(String(said), "stuck\n");
    child.kill("SIGKILL");
    await once(child, "exit");
    const [left, ...others] = await storeFolders(where);
    assert.match(left, /\.building-/);
    assert.deepEqual(others, []);

    const next = await prepare(where, colorsOf, { maxPixels: 1e6 });
    assert.deepEqual(next, { result: [RED, GREEN, BLUE, YELLOW], decoded: 4 });
    assert.ok(existsSync(left), "another process might still be writing it");
    const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(join(left, "pixels.raw"), yesterday, yesterday);
    await paint(where.folder, "5.png", RED);
    await prepare(where, () => {}, { maxPixels: 1e6 });
    assert.ok(!existsSync(left));
  });

  /** Runs the script with the cache on a disk of 128 KiB of its own; undefined where that may not be had. */
  function onSmallDisk(where: Setting, preprocess: string, imageSize = SIZE): string | undefined {
    const mount = 'mount -t tmpfs -o size=128k none "$0" && exec "$@"';
    try {
      execFileSync("unshare", ["-rm", "sh", "-c", mount, where.cacheDirectory, "true"], { stdio: "ignore" });
    } catch {
      return undefined;
    }
    const run = nodeArguments(script(where, preprocess, imageSize));
    const command = ["-rm", "sh", "-c", mount, where.cacheDirectory, process.execPath, ...run];
    return execFileSync("unshare", command, { cwd, encoding: "utf8" });
  }

  test("a disk that fills up meanwhile gives one line", async (t) => {
    const where = await setting();
    await mkdir(where.cacheDirectory);
    const fills = `async () => {
      try { writeFileSync(${JSON.stringify(join(where.cacheDirectory, "filler"))}, Buffer.alloc(1e6)); } catch {}
      return new Uint8Array(${SIZE * SIZE * 3});
    }`;
    const said = onSmallDisk(where, fills);
    if (said === undefined) return t.skip("needs a disk of its own, by unshare and mount");
    assert.match(
      said,
      /^UserError: the image cache .* cannot be written: no space left on the disk \(free some.*\)\n$/,
    );
  });

  test("a disk that is too small is known before the work begins", async (t) => {
    const where = await setting();
    await mkdir(where.cacheDirectory);
    const never = '() => console.log("decoded")';
    const said = onSmallDisk(where, never, 200);
    if (said === undefined) return t.skip("needs a disk of its own, by unshare and mount");
    assert.match(said, /^UserError: the image cache needs 1 MB, but .* has 1 MB left \(free some/);
  });

  test("a place that cannot be written gives one line", async () => {
    const where = await setting();
    await writeFile(where.cacheDirectory, "a file in its place");
    await assert.rejects(
      prepare(where, () => {}),
      /^UserError: the image cache .* cannot be written: .* \(free some, or set XDG_CACHE_HOME/,
    );
    assert.equal((await stat(where.cacheDirectory)).isFile(), true);
  });
});
