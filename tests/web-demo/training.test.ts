// The page that trains, in a real browser: from a folder to a map that is placed on, downloaded, and read by Node.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import type { BrowserContext, Page } from "playwright-core";
import { verifyBundle } from "../../models/bundle/bundle.node.ts";
import { decodePoints } from "../../models/points.ts";
import { writeSite } from "../../serving/site.ts";
import { builtPage } from "../support/built.ts";
import { tsimcne } from "../support/command.ts";
import { serveFolder, startBrowser, writeSampleMap } from "../support/page.ts";
import { classPicture, writeClassFolder } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary.ts";

const AXE = fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url));
const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
await writeSampleMap(at("map"));
await writeSite(builtPage(), at("map"), at("site"));
const site = await serveFolder(at("site"), { isolated: true });
const browser = await startBrowser();
await writeClassFolder(at("photos"), 200);
writeFileSync(at("photos", "class 0", "broken.png"), "no picture");
await writeClassFolder(at("few"), 24);

interface Choice {
  /** A folder, or "sample" for pictures of the map that is there. */
  readonly images: string;
  readonly epochs: readonly [number, number, number];
  readonly engine: string;
  readonly size: 16 | 32;
}

async function openPage(context?: BrowserContext): Promise<{ page: Page; trouble: string[] }> {
  const page = await (context ?? (await browser.newContext({ acceptDownloads: true }))).newPage();
  const trouble: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(message.text());
  });
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("request", (request) => {
    const here = request.url().startsWith(site) || /^(blob|data):/.test(request.url());
    if (!here || request.method() !== "GET") trouble.push(`${request.method()} ${request.url()}`);
  });
  await page.goto(`${site}train.html`);
  // It is empty until the browser has said whether it keeps a run.
  await page.getByRole("heading", { name: "Map your own images" }).waitFor();
  return { page, trouble };
}

async function start(page: Page, { images, epochs, engine, size }: Choice): Promise<void> {
  if (images === "sample") await page.getByRole("button", { name: /sample/ }).click();
  else await page.locator("input[type=file]").setInputFiles(images);
  for (const [i, title] of ["What looks alike", "Onto the plane", "Fine-tuning"].entries()) {
    await page.getByLabel(title).fill(String(epochs[i]));
  }
  await page.getByText("More", { exact: true }).click();
  await page.getByLabel("Engine").selectOption(engine);
  await page.getByLabel("Size of the pictures").selectOption(String(size));
  await page.getByLabel("Batch size").fill("32");
  await page.getByRole("button", { name: "Start" }).click();
}

/** Waits for the map; what went wrong is the reason of the test's failure. */
async function ready(page: Page): Promise<void> {
  await page.getByText("The map is ready").or(page.getByRole("alert")).waitFor({ timeout: 240_000 });
  const alerts = await page.getByRole("alert").allTextContents();
  assert.deepEqual(alerts, []);
}

/** Downloads the map and unpacks it. @returns its folder */
async function downloaded(page: Page, to: string): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download" }).click(),
  ]);
  const [name] = file.suggestedFilename().split(".zip");
  for (const [path, content] of Object.entries(unzipSync(readFileSync(await file.path())))) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    writeFileSync(join(to, path), content);
  }
  return join(to, name);
}

describe("training in the page", () => {
  test("200 images: learned on WebAssembly, read by Node, opened, and placed on", async () => {
    const { page, trouble } = await openPage();
    await start(page, { images: at("photos"), epochs: [1, 1, 1], engine: "auto", size: 32 });
    await page.getByText(/with WebAssembly/).waitFor();
    const live = page.getByRole("img", { name: "The map as far as it is learned" });
    await live.waitFor();
    await ready(page);
    assert.match((await page.locator("main").textContent())!, /1 cannot be used/);
    assert.ok(await inkOf(page), "the live map shows pictures");

    const map = await downloaded(page, at("unpacked"));
    assert.match(map, /photos$/);
    await verifyBundle(map);
    const read = await decodePoints(new Uint8Array(readFileSync(join(map, "points.parquet"))));
    assert.equal(read.count, 200);
    const out = at("placed.json");
    const embed = await tsimcne(["embed", map, at("photos"), "--out", out], at("cache"));
    assert.equal(embed.code, 0, embed.stderr);
    const { results } = JSON.parse(readFileSync(out, "utf8"));
    const placed = results.filter((one: { embedding?: number[] }) => one.embedding);
    assert.deepEqual(
      placed.map(({ path }: { path: string }) => path),
      read.paths,
    );
    const span = Math.max(...read.coordinates) - Math.min(...read.coordinates);
    for (const [i, { embedding }] of placed.entries()) {
      for (const axis of [0, 1]) {
        const off = Math.abs(embedding[axis] - read.coordinates[2 * i + axis]);
        assert.ok(off <= 1e-4 * span, `${read.paths[i]}: ${embedding}`);
      }
    }
    const { counts, classes, skipped } = JSON.parse(readFileSync(join(map, "map.json"), "utf8"));
    const duplicates = read.duplicateOf!.filter((first) => first >= 0).length;
    assert.ok(duplicates > 0, "some of these simple pictures are alike by chance");
    assert.deepEqual(counts, { images: 200, skipped: 1, otherFiles: 0, duplicates });
    assert.deepEqual(classes, ["class 0", "class 1", "class 2", "class 3"]);
    assert.equal(skipped[0].path, "class 0/broken.png");

    await page.getByRole("link", { name: /Open it/ }).click();
    await page.locator('.map[data-drawn="true"]').waitFor();
    await page.getByRole("heading", { name: "photos" }).waitFor();
    const [input] = await page.locator("input[type=file]").all();
    await input.setInputFiles({ name: "new.png", mimeType: "image/png", buffer: await classPicture(1, 999) });
    await page.getByText("1 image placed", { exact: true }).waitFor({ timeout: 60_000 });
    await page.reload();
    await page.getByRole("heading", { name: "photos" }).waitFor();
    assert.deepEqual(trouble, []);
  });

  test("paused, left and taken up again, it ends where it would have ended", async () => {
    const choice = { images: at("few"), epochs: [6, 4, 2], engine: "wasm", size: 16 } as const;
    const whole = await openPage();
    await start(whole.page, choice);
    await ready(whole.page);
    const expected = await downloaded(whole.page, at("whole"));

    const { page, trouble } = await openPage();
    await start(page, choice);
    await page.getByText(/images\/s/).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText(/^Paused/).waitFor();
    await page.reload();
    await page.getByText(/“few”, 24 images/).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText(/images\/s/).waitFor();
    // Left without a word: what was done since the last checkpoint is done again.
    await page.reload();
    await page.getByRole("button", { name: "Go on" }).click();
    await ready(page);
    const resumed = await downloaded(page, at("resumed"));
    for (const file of ["encoder.onnx", "points.parquet"]) {
      assert.deepEqual(readFileSync(join(resumed, file)), readFileSync(join(expected, file)), file);
    }
    assert.deepEqual(trouble, []);
  });

  test("an unfinished run can be discarded; a second page is refused while one trains", async () => {
    const context = await browser.newContext();
    const first = await openPage(context);
    await start(first.page, { images: at("few"), epochs: [2000, 0, 0], engine: "wasm", size: 16 });
    await first.page.getByText(/images\/s/).waitFor();
    const second = await openPage(context);
    await second.page.getByRole("button", { name: "Go on" }).click();
    await second.page.getByRole("alert").waitFor();
    assert.match((await second.page.getByRole("alert").textContent())!, /another tab .* is training/);
    await first.page.getByRole("button", { name: "Pause" }).click();
    await first.page.getByRole("button", { name: "Discard" }).click();
    await first.page.getByRole("button", { name: "Start" }).waitFor();
    await first.page.reload();
    await first.page.getByRole("button", { name: "Start" }).waitFor();
    assert.equal(await first.page.getByText("An unfinished run").count(), 0);
    await context.close();
  });

  test("ONNX Runtime Training, on pictures of the map that is there", async () => {
    const { page, trouble } = await openPage();
    await start(page, { images: "sample", epochs: [1, 1, 1], engine: "ort-training", size: 16 });
    await ready(page);
    await verifyBundle(await downloaded(page, at("ort")));
    assert.deepEqual(trouble, []);
  });

  test("WebGPU", async () => {
    const gpu = await startBrowser(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
    const { page, trouble } = await openPage(await gpu.newContext({ acceptDownloads: true }));
    await start(page, { images: at("few"), epochs: [1, 1, 0], engine: "webgpu", size: 16 });
    await page.getByText(/with WebGPU/).waitFor();
    await ready(page);
    await verifyBundle(await downloaded(page, at("gpu")));
    assert.deepEqual(trouble, []);
  });

  test("what cannot be trained on is one line: WebGPU where there is none, a folder without images", async () => {
    const { page } = await openPage();
    await start(page, { images: at("few"), epochs: [1, 1, 0], engine: "webgpu", size: 16 });
    await page.getByRole("alert").waitFor();
    assert.match((await page.getByRole("alert").textContent())!, /offers no WebGPU: choose another engine/);

    const bare = await openPage();
    mkdirSync(at("bare"));
    for (const name of ["a.png", "b.png"]) writeFileSync(at("bare", name), "no picture");
    await start(bare.page, { images: at("bare"), epochs: [1, 1, 1], engine: "wasm", size: 16 });
    await bare.page.getByRole("alert").waitFor();
    assert.match(
      (await bare.page.getByRole("alert").textContent())!,
      /none of the 2 files can be used \(a.png: /,
    );
  });

  test("keeps the machine awake as long as it works", async () => {
    const { page, trouble } = await openPage();
    await page.evaluate(`{
      self.held = [];
      const release = async () => self.held.push("released");
      const request = async (kind) => (self.held.push(kind), { release });
      Object.defineProperty(navigator, "wakeLock", { value: { request } });
    }`);
    await start(page, { images: at("few"), epochs: [1, 1, 0], engine: "wasm", size: 16 });
    await ready(page);
    assert.deepEqual(await page.evaluate("self.held"), ["screen", "released"]);
    assert.deepEqual(trouble, []);
  });

  test("a browser without room for the run says so; what it keeps it is asked not to clear away", async () => {
    const { page } = await openPage();
    await page.evaluate("navigator.storage.persist = () => (self.asked = true)");
    const chromium = await page.context().newCDPSession(page);
    const { origin } = new URL(site);
    await chromium.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 500_000 });
    await start(page, { images: at("few"), epochs: [1, 1, 0], engine: "wasm", size: 16 });
    await page.getByRole("alert").waitFor();
    assert.match(
      (await page.getByRole("alert").textContent())!,
      /no room to keep that: free some of the disk/,
    );
    assert.equal(await page.evaluate("self.asked"), true);
    await page.context().close();
  });

  test("no accessibility rule is broken, before and during training", async () => {
    const { page } = await openPage();
    const violations = async () => {
      await page.evaluate(readFileSync(AXE, "utf8"));
      return await page.evaluate(async () => {
        const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } };
        return (await axe.run()).violations.map(({ id }) => id);
      });
    };
    assert.deepEqual(await violations(), []);
    await start(page, { images: at("few"), epochs: [2000, 0, 0], engine: "wasm", size: 16 });
    await page.getByText(/images\/s/).waitFor();
    assert.deepEqual(await violations(), []);
    await page.close();
  });
});

/** Whether anything is drawn on the live map. */
async function inkOf(page: Page): Promise<boolean> {
  return await page.locator(".live canvas").evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return data.some((value) => value !== 0);
  });
}
