import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { decodeImage } from "../../models/decode.node.ts";
import { UserError } from "../../models/errors.ts";
import { type ImageSource, openSource } from "../../training/dataset/source.ts";
import { type Files, writeTar, writeTarGz, writeZip } from "../support/archives.ts";
import { BLUE, cut, GREEN, plain, RED, writeAwkwardFolder } from "../support/images.ts";
import { temporaryFolder } from "../support/temporary.ts";

const red = await plain(RED).png().toBuffer();
const green = await plain(GREEN).jpeg().toBuffer();
const blue = await plain(BLUE).gif().toBuffer();

async function writeFiles(folder: string, files: Files): Promise<string> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

/** Opens a source, takes what is asked for, and closes it. */
async function withSource<Result>(
  locations: string | string[],
  use: (source: ImageSource) => Result | Promise<Result>,
  exclude: string[] = [],
): Promise<Result> {
  const source = await openSource(locations, { exclude });
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

const pathsAndLabels = (source: ImageSource) => source.entries.map(({ path, label }) => [path, label]);

async function rejects(locations: string | string[], message: RegExp): Promise<void> {
  await assert.rejects(openSource(locations), (error) => {
    assert.ok(error instanceof UserError, `${error}`);
    assert.match(error.message, message);
    return true;
  });
}

describe("a folder", () => {
  test("with everything that people have in folders: each loads or says why not", async () => {
    const folder = await temporaryFolder();
    const expected = await writeAwkwardFolder(folder);
    await withSource(folder, async (source) => {
      const loaded: string[] = [];
      const skipped = [...source.skipped];
      for (const entry of source.entries) {
        try {
          await decodeImage(await entry.read(), { minSide: 64 });
          loaded.push(entry.path);
        } catch (error) {
          assert.ok(error instanceof UserError, `${entry.path}: ${error}`);
          skipped.push({ path: entry.path, reason: error.message });
        }
      }
      assert.deepEqual(loaded, expected.load);
      assert.deepEqual(skipped.map(({ path }) => path).sort(), expected.skip.map(({ path }) => path).sort());
      for (const { path, reason } of expected.skip) {
        assert.match(skipped.find((one) => one.path === path)!.reason, reason, path);
      }
      assert.equal(source.otherFiles, expected.otherFiles);
    });
  });

  test("labels by its first level, however deep an image lies", async () => {
    const folder = await writeFiles(await temporaryFolder(), {
      "cat/1.png": red,
      "cat/old/2.png": red,
      "dog/3.png": red,
      "4.png": red,
    });
    await withSource(folder, (source) => {
      assert.deepEqual(pathsAndLabels(source), [
        ["4.png", undefined],
        ["cat/1.png", "cat"],
        ["cat/old/2.png", "cat"],
        ["dog/3.png", "dog"],
      ]);
      assert.equal(source.labelled, true);
    });
  });

  test("without folders has no labels", async () => {
    const folder = await writeFiles(await temporaryFolder(), { "1.png": red, "2.jpg": green });
    await withSource(folder, (source) => {
      assert.deepEqual(pathsAndLabels(source), [
        ["1.png", undefined],
        ["2.jpg", undefined],
      ]);
      assert.equal(source.labelled, false);
    });
  });

  test("is sorted by the bytes of its paths", async () => {
    const names = [
      "a/1.png",
      "a-b.png",
      "B.png",
      "Z.png",
      "a.png",
      "é.png",
      "\uff21.png",
      "🐈.png",
      "10.png",
      "9.png",
    ];
    const folder = await writeFiles(
      await temporaryFolder(),
      Object.fromEntries(names.map((name) => [name, red])),
    );
    const sorted = execFileSync("sort", { input: names.join("\n"), env: { LC_ALL: "C" }, encoding: "utf8" });
    await withSource(folder, ({ entries }) => {
      assert.deepEqual(
        entries.map(({ path }) => path),
        sorted.trim().split("\n"),
      );
    });
  });

  test("does not enter the output folder inside it, by whatever name", async () => {
    const folder = await writeFiles(await temporaryFolder(), {
      "a/1.png": red,
      "a/map/thumbnails/0.webp": red,
      "other/map/2.png": red,
    });
    await symlink(join(folder, "a/map"), join(folder, "z"));
    const paths = (source: ImageSource) => source.entries.map(({ path }) => path);
    assert.deepEqual(await withSource(folder, paths, [join(folder, "a", "..", "a", "map")]), [
      "a/1.png",
      "other/map/2.png",
    ]);
    assert.deepEqual(await withSource(folder, paths, [join(folder, "z"), join(folder, "not there yet")]), [
      "a/1.png",
      "other/map/2.png",
    ]);
  });

  test("follows links, reads every folder once, and never by the name of a link if it has its own", async () => {
    const root = await temporaryFolder();
    const folder = await writeFiles(join(root, "images"), { "z real/1.png": red });
    await writeFiles(join(root, "elsewhere"), { "2.png": red, "deeper/3.png": red });
    await symlink("z real", join(folder, "a link"));
    await symlink("../elsewhere", join(folder, "class"));
    await symlink("..", join(folder, "z real/around"));
    await symlink("../elsewhere/deeper", join(folder, "x"));
    await symlink("../../images", join(root, "elsewhere/deeper/back"));
    await symlink("/", join(folder, "everything"));
    await withSource(folder, (source) => {
      assert.deepEqual(pathsAndLabels(source), [
        ["class/2.png", "class"],
        ["class/deeper/3.png", "class"],
        ["z real/1.png", "z real"],
      ]);
      assert.deepEqual(source.skipped, [
        { path: "a link", reason: "link to a folder that is read already" },
        { path: "class/deeper/back", reason: "link to a folder around it (a loop)" },
        { path: "everything", reason: "link to a folder around it (a loop)" },
        { path: "x", reason: "link to a folder that is read already" },
        { path: "z real/around", reason: "link to a folder around it (a loop)" },
      ]);
    });
  });

  test("skips what may not be read", { skip: process.getuid?.() === 0 && "root may read all" }, async () => {
    const folder = await writeFiles(await temporaryFolder(), { "1.png": red, "closed/2.png": red });
    execFileSync("chmod", ["000", join(folder, "closed")]);
    try {
      await withSource(folder, ({ skipped }) => {
        assert.deepEqual(skipped, [{ path: "closed", reason: "permission denied" }]);
      });
    } finally {
      execFileSync("chmod", ["700", join(folder, "closed")]);
    }
  });

  test("skips an image that vanishes before it is read, and one too large for memory", async () => {
    const folder = await writeFiles(await temporaryFolder(), { "1.png": red, "2.png": red });
    execFileSync("truncate", ["-s", "3G", join(folder, "2.png")]);
    await withSource(folder, async ({ entries }) => {
      await rename(join(folder, "1.png"), join(folder, "1.gone"));
      await assert.rejects(entries[0].read(), new UserError("no such file"));
      await assert.rejects(entries[1].read(), new UserError("the file has 3.0 GiB, over the limit of 1 GiB"));
    });
  });

  test("stamps a file anew when it changes, even if its modification time is set back", async () => {
    const folder = await writeFiles(await temporaryFolder(), { "1.png": red });
    const stamp = () => withSource(folder, ({ entries }) => entries[0].stamp);
    const before = await stamp();
    assert.equal(await stamp(), before);
    const { atime, mtime } = await stat(join(folder, "1.png"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await writeFile(join(folder, "1.png"), Buffer.from(red).fill(1, 40, 50));
    await utimes(join(folder, "1.png"), atime, mtime);
    assert.notEqual(await stamp(), before);
  });

  test("without images says so", async () => {
    const folder = await temporaryFolder();
    await rejects(folder, /^no images in .*$/);
    await writeFiles(folder, { "notes.txt": Buffer.from("x"), "b.bin": Buffer.from("y") });
    await symlink("nowhere", join(folder, "c.png"));
    await rejects(folder, /^no images in .* \(1 skipped, first c\.png: link to nothing; 2 other files\)$/);
  });
});

const files: Files = {
  "cat/a.png": red,
  "cat/deeper/b.jpg": green,
  'dog/it\'s "c" 🐕.gif': blue,
  "dog/no extension": red,
  "dog/notes.txt": Buffer.from("no picture"),
  "dog/.hidden.png": red,
  "__MACOSX/dog/._c.gif": red,
};

const listed = async (source: ImageSource) => ({
  labelled: source.labelled,
  otherFiles: source.otherFiles,
  entries: await Promise.all(
    source.entries.map(async ({ path, label, read }) => [path, label, (await read()).toString("base64")]),
  ),
});

describe("an archive", () => {
  const kinds = [
    { name: "x.tar", write: writeTar },
    { name: "x.tar.gz", write: writeTarGz },
    { name: "x.tgz", write: writeTarGz },
    { name: "x.zip", write: writeZip },
    { name: "wrongly named.png", write: writeTar },
  ];
  for (const { name, write } of kinds) {
    test(`${name} holds the same as the folder`, async () => {
      const folder = await temporaryFolder();
      const archive = join(folder, name);
      await write(archive, files);
      const unpacked = await withSource(await writeFiles(join(folder, "unpacked"), files), listed);
      assert.equal(unpacked.entries.length, 4);
      assert.deepEqual(await withSource(archive, listed), unpacked);
    });

    test(`${name}: labels begin below the folder that all images share`, async () => {
      const archive = join(await temporaryFolder(), name);
      await write(archive, {
        "README.md": Buffer.from("x"),
        "./data/train/cat/1.png": red,
        "data/train/dog/2.png": red,
        "data/train/3.png": red,
      });
      assert.deepEqual(await withSource(archive, pathsAndLabels), [
        ["data/train/3.png", undefined],
        ["data/train/cat/1.png", "cat"],
        ["data/train/dog/2.png", "dog"],
      ]);
      await write(archive, { "photos/1.png": red, "photos/2.png": red });
      assert.equal(await withSource(archive, ({ labelled }) => labelled), false);
    });
  }

  test("made by the tar command: long names, hard links, later members replace earlier", async () => {
    const folder = await temporaryFolder();
    const long = `${"long ".repeat(30)}name.png`;
    await writeFiles(join(folder, "in"), { "a/1.png": red, [`a/${long}`]: green });
    execFileSync("ln", [join(folder, "in/a/1.png"), join(folder, "in/a/2.png")]);
    await symlink("1.png", join(folder, "in/a/3.png"));
    for (const format of ["gnu", "posix"]) {
      const archive = join(folder, `${format}.tar`);
      execFileSync("tar", [
        "-C",
        join(folder, "in"),
        `--format=${format}`,
        "-cf",
        archive,
        "--sort=name",
        ".",
      ]);
      await writeFiles(join(folder, "in"), { "a/1.png": blue });
      execFileSync("tar", ["-C", join(folder, "in"), `--format=${format}`, "-rf", archive, "./a/1.png"]);
      await writeFiles(join(folder, "in"), { "a/1.png": red });
      await withSource(archive, async ({ entries, skipped }) => {
        assert.deepEqual(
          entries.map(({ path }) => path),
          ["a/1.png", "a/2.png", `a/${long}`],
        );
        assert.deepEqual(await entries[0].read(), blue, "the later member of this name");
        assert.deepEqual(await entries[1].read(), red, "a hard link to the earlier");
        assert.deepEqual(await entries[2].read(), green);
        assert.deepEqual(skipped, [{ path: "a/3.png", reason: "symbolic link inside an archive" }]);
      });
    }
  });

  test("cannot reach outside by its names", async () => {
    for (const [name, write] of [
      ["x.tar", writeTar],
      ["x.zip", writeZip],
    ] as const) {
      const archive = join(await temporaryFolder(), name);
      await write(archive, { "AAA/BBB.png": red, "b/c.png": green });
      // yazl refuses to write such a name, so it is patched in; names of the same length keep the archive valid.
      const bytes = await readFile(archive);
      if (name === "x.zip") {
        for (let at = bytes.indexOf("AAA/"); at >= 0; at = bytes.indexOf("AAA/")) bytes.write("../.", at);
        await writeFile(archive, bytes);
        assert.deepEqual(
          await withSource(archive, ({ entries }) => entries.map(({ path }) => path)),
          ["b/c.png"],
          "../.BBB.png is hidden",
        );
      } else {
        await write(archive, { "../../etc/a.png": red, "/b/c.png": green });
        const paths = await withSource(archive, ({ entries }) => entries.map(({ path }) => path));
        assert.deepEqual(paths, ["b/c.png", "etc/a.png"]);
      }
    }
  });

  test("leaves nothing in the temporary folder, even while it is open", async () => {
    const archive = join(await temporaryFolder(), "x.tar.gz");
    await writeTarGz(archive, files);
    const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("tsimcne-tar-"));
    const before = await left();
    await withSource(archive, async ({ entries }) => {
      assert.deepEqual(await left(), before);
      assert.deepEqual(await entries[0].read(), red);
    });
  });

  test("that is cut off or damaged fails at once", async () => {
    const folder = await temporaryFolder();
    for (const [name, write, kind] of [
      ["x.tar", writeTar, /truncated tar/],
      ["x.tar.gz", writeTarGz, /truncated gzip/],
      ["x.zip", writeZip, /truncated zip/],
    ] as const) {
      const archive = join(folder, name);
      await write(archive, { "a/1.png": red, "a/2.png": await plain(RED, 400, 400).tiff().toBuffer() });
      await writeFile(archive, cut(await readFile(archive), 0.6));
      await rejects(archive, kind);
    }
    await writeFile(join(folder, "text.tar.gz"), gzipSync("no archive ".repeat(100)));
    await rejects(join(folder, "text.tar.gz"), /damaged or truncated tar archive/);
  });

  test("that lies about a size, as zip bombs do, gives an error for that image only", async () => {
    const archive = join(await temporaryFolder(), "x.zip");
    const zeros = Buffer.alloc(100_000);
    await writeZip(archive, { "bomb.png": zeros, "good.png": red });
    const bytes = await readFile(archive);
    const directory = bytes.indexOf("PK\x01\x02");
    assert.equal(bytes.readUInt32LE(directory + 24), zeros.length, "the declared size of the first member");
    bytes.writeUInt32LE(1000, directory + 24);
    await writeFile(archive, bytes);
    await withSource(archive, async ({ entries }) => {
      await assert.rejects(entries[0].read(), /the archive is damaged \(too many bytes/);
      assert.deepEqual(await entries[1].read(), red);
    });
    bytes.writeUInt32LE(0xfffffff0, directory + 24);
    await writeFile(archive, bytes);
    await withSource(archive, async ({ entries }) => {
      await assert.rejects(entries[0].read(), new UserError("the file has 4.0 GiB, over the limit of 1 GiB"));
    });
  });

  test("with an encrypted image skips it", async () => {
    const archive = join(await temporaryFolder(), "x.zip");
    await writeZip(archive, { "1.png": red, "2.png": red });
    const bytes = await readFile(archive);
    bytes[bytes.indexOf("PK\x01\x02") + 8] |= 1;
    await writeFile(archive, bytes);
    await withSource(archive, ({ entries, skipped }) => {
      assert.equal(entries.length, 1);
      assert.deepEqual(skipped, [{ path: "1.png", reason: "encrypted" }]);
    });
  });
});

describe("a manifest", () => {
  async function manifest(name: string, text: string): Promise<string> {
    const folder = await writeFiles(await temporaryFolder(), files);
    await writeFile(join(folder, name), text);
    return join(folder, name);
  }

  test("in CSV or JSON lines gives the same as the folder", async () => {
    const csv = await manifest(
      "list.csv",
      '\ufeffid,Path,label\n1,./cat/a.png,cat\n2,dog/no extension,dog\n\n3,"dog/it\'s ""c"" 🐕.gif",dog\n4,cat/deeper/b.jpg,cat\n',
    );
    const rows = [
      { path: "cat/a.png", label: "cat", more: 1 },
      { path: "dog/no extension", label: "dog" },
      { path: 'dog/it\'s "c" 🐕.gif', label: "dog" },
      { path: "cat/deeper/b.jpg", label: "cat" },
    ];
    const jsonl = await manifest("list.jsonl", `${rows.map((row) => JSON.stringify(row)).join("\r\n")}\n\n`);
    const { entries } = await withSource(dirname(csv), listed);
    assert.deepEqual((await withSource(csv, listed)).entries, entries);
    assert.deepEqual((await withSource(jsonl, listed)).entries, entries);
  });

  test("may have no labels, or only some, and numbers for labels", async () => {
    const csv = await manifest("list.csv", "path\ncat/a.png\n");
    assert.equal(await withSource(csv, ({ labelled }) => labelled), false);
    const some = await manifest(
      "list.jsonl",
      '{"path":"cat/a.png","label":7}\n{"path":"cat/deeper/b.jpg","label":null}',
    );
    assert.deepEqual(await withSource(some, pathsAndLabels), [
      ["cat/a.png", "7"],
      ["cat/deeper/b.jpg", undefined],
    ]);
    const empty = await manifest("list.csv", "path,label\ncat/a.png,\ncat/deeper/b.jpg,0\n");
    assert.deepEqual(await withSource(empty, pathsAndLabels), [
      ["cat/a.png", undefined],
      ["cat/deeper/b.jpg", "0"],
    ]);
  });

  test("with absolute paths keeps them, and skips what is not there", async () => {
    const folder = await writeFiles(await temporaryFolder(), files);
    const csv = await manifest("list.csv", `path\n${folder}/cat/a.png\nnot there.png\ncat\n`);
    await withSource(csv, ({ entries, skipped }) => {
      assert.deepEqual(
        entries.map(({ path }) => path),
        [`${folder}/cat/a.png`],
      );
      assert.deepEqual(skipped, [
        { path: "cat", reason: "a folder, not a file" },
        { path: "not there.png", reason: "no such file" },
      ]);
    });
  });

  test("that cannot be understood says in which line", async () => {
    await rejects(await manifest("x.csv", "file,label\na.png,b\n"), /x\.csv line 1: .*no column "path"/);
    await rejects(await manifest("x.csv", "path,label\ncat/a.png,b\ncat/a.png,b,c\n"), /x\.csv line 3: /);
    await rejects(
      await manifest("x.csv", 'path,label\ncat/a.png,b\n"cat/a.png,b\n'),
      /x\.csv line [34]: .*[Qq]uote/,
    );
    await rejects(await manifest("x.csv", "path,label\n,b\n"), /x\.csv line 2: "path"/);
    await rejects(
      await manifest("x.jsonl", '{"path":"cat/a.png"}\n{"path":\n'),
      /x\.jsonl line 2: not an object/,
    );
    await rejects(
      await manifest("x.jsonl", '{"path":"cat/a.png"}\n\n{"label":"a"}\n'),
      /x\.jsonl line 3: "path"/,
    );
    await rejects(await manifest("x.jsonl", '{"path":"a.png","label":[1]}'), /x\.jsonl line 1: "label"/);
    await rejects(await manifest("x.csv", ""), /no images in/);
  });
});

describe("several locations, and others", () => {
  test("paths begin with the location as it was given", async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { "one.png": red, "dir/cat/1.png": red, "dir/2.png": red });
    await writeZip(join(folder, "more.zip"), { "dog/3.png": red, "eel/4.png": red });
    await writeFile(join(folder, "dir/list.csv"), "path,label\ncat/1.png,listed\n");
    const given = ["one.png", "dir/", "more.zip", "dir/list.csv"].map((name) => `${folder}/./${name}`);
    assert.deepEqual(await withSource(given, pathsAndLabels), [
      [`${folder}/dir/2.png`, undefined],
      [`${folder}/dir/cat/1.png`, "cat"],
      [`${folder}/dir/cat/1.png`, "listed"],
      [`${folder}/more.zip/dog/3.png`, "dog"],
      [`${folder}/more.zip/eel/4.png`, "eel"],
      [`${folder}/one.png`, undefined],
    ]);
    assert.deepEqual(await withSource(given[0], pathsAndLabels), [[`${folder}/one.png`, undefined]]);
    assert.deepEqual(await withSource([given[1]], pathsAndLabels), [
      ["2.png", undefined],
      ["cat/1.png", "cat"],
    ]);
  });

  test("a damaged image that is named is an entry; its decoder says what is wrong", async () => {
    const folder = await writeFiles(await temporaryFolder(), {
      "a.png": Buffer.alloc(0),
      "b.jpeg": Buffer.from("x"),
    });
    await withSource([join(folder, "a.png"), join(folder, "b.jpeg")], ({ entries }) => {
      assert.equal(entries.length, 2);
    });
  });

  test("what is not there, no file, or of no known kind is refused", async () => {
    const folder = await writeFiles(await temporaryFolder(), {
      "x.bin": Buffer.from("12345"),
      "x.zip": Buffer.from("no zip"),
      "a.png": red,
    });
    await rejects([], /^no images given/);
    await rejects(join(folder, "nowhere"), /nowhere: no such file$/);
    await rejects([join(folder, "a.png"), join(folder, "nowhere.png")], /nowhere\.png: no such file$/);
    await rejects(join(folder, "x.bin"), /x\.bin: .*neither/);
    await rejects(join(folder, "x.zip"), /x\.zip: .*neither/);
    execFileSync("mkfifo", [join(folder, "pipe")]);
    await rejects(join(folder, "pipe"), /pipe: a pipe, socket or device/);
  });
});
