// The built page, as files under a sub-path, in a real browser.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import sharp from "sharp";
import { openBundle } from "../../models/bundle/bundle.node.ts";
import { decodeImage, decodeOptionsOf } from "../../models/decode.node.ts";
import { openBundleEmbedder } from "../../models/embedder.node.ts";
import type { Placement } from "../../models/embedder.ts";
import { PlaneIndex } from "../../models/plane-index.ts";
import { writeSite } from "../../serving/site.ts";
import { decodeLink } from "../../web-demo/share-link.ts";
import { toScreen } from "../../web-demo/view.ts";
import { builtPage } from "../support/built.ts";
import { cut } from "../support/images.ts";
import { mixedImages } from "../support/mixed-images.ts";
import {
  openBrowser,
  SAMPLE_COUNT,
  SAMPLE_DUPLICATES,
  SAMPLE_LABELS,
  sampleColor,
  serveFolder,
  startBrowser,
  writeSampleMap,
} from "../support/page.ts";
import { serve } from "../support/server.ts";
import { photographs } from "../support/shared-images.ts";
import { temporaryFolder } from "../support/temporary.ts";

const WINDOW = { width: 1280, height: 800 };
const AXE = fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url));
/** Arguments of a Chromium that has WebGPU, on the processor. */
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
/** Screenshots go here when it is set, for looking at. */
const SHOTS = process.env.PAGE_SHOTS;

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const points = await writeSampleMap(at("map"));
await writeSite(builtPage(), at("map"), at("site"));
const site = await serveFolder(at("site"));
const browser = await startBrowser();
const { info } = await openBundle(at("map"));
const embedder = await openBundleEmbedder(await openBundle(at("map")));
after(() => embedder.close());
const [min, max] = [info.bounds.min, info.bounds.max];
const diagonal = Math.hypot(max[0] - min[0], max[1] - min[1]);

/** What must not happen on any page: see the end of each test. */
interface Watched {
  readonly page: Page;
  readonly trouble: string[];
}

interface OpenOptions extends BrowserContextOptions {
  /** Defaults to the one of all tests. */
  readonly chromium?: Browser;
  /** Runs before the page does. */
  readonly script?: string;
}

async function open(url = site, options: OpenOptions = {}): Promise<Watched> {
  const { chromium = browser, script = "", ...rest } = options;
  const context = await chromium.newContext({ viewport: WINDOW, acceptDownloads: true, ...rest });
  await context.addInitScript(script);
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") trouble.push(message.text());
  });
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
      trouble.push(`asked for ${request.url()}`);
    }
  });
  await page.goto(url);
  await page.locator('.map[data-drawn="true"]').waitFor();
  return { page, trouble };
}

/** Makes `webgl` what loses the graphics card, and brings it back, and `webglCanvas` what notices. */
const KEEP_WEBGL = `{
  const { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (kind, options) {
    const context = getContext.call(this, kind, options);
    if (kind === "webgl") {
      self.webgl = context.getExtension("WEBGL_lose_context");
      self.webglCanvas = this;
    }
    return context;
  };
}`;

/** Makes `device` the one that WebGPU computes on. */
const KEEP_DEVICE = `{
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    return (self.device = await requestDevice.apply(this, options));
  };
}`;

/** Closes the page. Nothing must have gone wrong on it. */
async function close({ page, trouble }: Watched): Promise<void> {
  if (SHOTS && !page.isClosed()) {
    await page.screenshot({ path: join(SHOTS, `${Date.now()}.png`) });
  }
  await page.context().close();
  assert.deepEqual(trouble, []);
}

/**
 * Waits longer than a flight and the address that follows it take, by the frames that the page gets: one that is held
 * up gets the same number later.
 */
async function settled(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    let before = performance.now();
    for (let waited = 0; waited < 1200; ) {
      const now = await new Promise(requestAnimationFrame);
      waited += Math.min(now - before, 50);
      before = now;
    }
  })()`);
}

/** Waits until the address tells the view, and gives it. */
async function viewOf(page: Page, { width, height } = WINDOW) {
  await settled(page);
  const { view, hidden, selection } = decodeLink(new URL(page.url()).hash, SAMPLE_LABELS);
  const scale = Math.min(width, height) / view!.span;
  const seen = { x: view!.x, y: view!.y, scale };
  return {
    ...seen,
    hidden,
    selection,
    pixel: (i: number) =>
      toScreen(seen, { width, height }, points.coordinates[2 * i], points.coordinates[2 * i + 1]),
  };
}

/** The image whose point is farthest from all others, among those for which it holds. */
function loneliest(holds: (index: number) => boolean): number {
  const index = new PlaneIndex(points);
  const away = (i: number) =>
    index.nearest(points.coordinates[2 * i], points.coordinates[2 * i + 1], 2)[1].distance;
  const wanted = Array.from({ length: SAMPLE_COUNT }, (_, i) => i).filter(holds);
  return wanted.reduce((a, b) => (away(a) >= away(b) ? a : b));
}

/** Within the part of the window that no panel covers. */
function free([x, y]: readonly [number, number]): boolean {
  return x > 340 && x < WINDOW.width - 360 && y > 30 && y < WINDOW.height - 80;
}

async function placeInNode(bytes: Uint8Array): Promise<Placement> {
  const [placement] = await embedder.place([
    await embedder.prepare(await decodeImage(bytes, decodeOptionsOf(info))),
  ]);
  return placement;
}

/** A table that the page exports from one of its panels. */
async function table(page: Page, panel: "placed" | "selection"): Promise<Record<string, string>[]> {
  const download = page.waitForEvent("download");
  await page.locator(`[data-panel="${panel}"]`).getByRole("button", { name: "CSV" }).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), `sample-${panel}.csv`);
  return parse(readFileSync(await file.path(), "utf8"), { columns: true });
}

/** The placed images. */
async function placements(page: Page): Promise<{ path: string; x: number; y: number; novelty: number }[]> {
  const rows = await table(page, "placed");
  return rows.map(({ path, x, y, novelty }) => ({
    path,
    x: Number(x),
    y: Number(y),
    novelty: Number(novelty),
  }));
}

const picture = (color: readonly number[], width = 40, height = 30) =>
  sharp({ create: { width, height, channels: 3, background: { r: color[0], g: color[1], b: color[2] } } });

describe("the map", () => {
  test("opens under a sub-path, and points tell what they are", async () => {
    const opened = await open();
    const { page } = opened;
    assert.equal(await page.title(), "sample – map");
    const { pixel } = await viewOf(page);
    const image = loneliest((i) => free(pixel(i)));
    await page.mouse.move(...pixel(image));
    await page.locator(".tip", { hasText: points.paths[image] }).waitFor();
    assert.match((await page.locator(".tip").textContent())!, new RegExp(points.labels[image]!));
    await page.mouse.move(640, 795);
    await page.locator(".tip").waitFor({ state: "detached" });
    await close(opened);
  });

  test("draws the points again when the graphics card was lost", async () => {
    const opened = await open(site, { script: KEEP_WEBGL });
    const { page } = opened;
    const picture = () =>
      page.locator("canvas.points").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    /** Points that were drawn anew: their size follows the view, some way behind. */
    const inAndOut = async () => {
      await page.keyboard.press("+");
      await viewOf(page);
      const nearer = await picture();
      await page.keyboard.press("0");
      await viewOf(page);
      return [nearer, await picture()];
    };
    await viewOf(page);
    const before = await inAndOut();
    await page.evaluate(`new Promise((resolve) => {
      webglCanvas.addEventListener("webglcontextlost", () => setTimeout(resolve));
      webgl.loseContext();
    })`);
    await page.evaluate("webgl.restoreContext()");
    assert.deepEqual(await inAndOut(), before);
    assert.notEqual(before[0], before[1]);
    await close(opened);
  });

  test("pans and zooms by mouse and keys, and goes home", async () => {
    const opened = await open();
    const { page } = opened;
    const home = await viewOf(page);
    await page.mouse.move(640, 400);
    await page.mouse.wheel(0, -300);
    const closer = await viewOf(page);
    assert.ok(closer.scale > 1.4 * home.scale, `${closer.scale} after ${home.scale}`);
    await page.mouse.down();
    await page.mouse.move(740, 450, { steps: 4 });
    await page.mouse.up();
    const moved = await viewOf(page);
    assert.ok(Math.abs((closer.x - moved.x) * moved.scale - 100) < 1, "100 pixels to the right");
    assert.ok(Math.abs((moved.y - closer.y) * moved.scale - 50) < 1, "50 pixels down");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowUp");
    const stepped = await viewOf(page);
    assert.ok(stepped.x > moved.x && stepped.y > moved.y, "to the right and up");
    await page.keyboard.press("-");
    assert.ok((await viewOf(page)).scale < stepped.scale, "farther away");
    await page.keyboard.press("0");
    const again = await viewOf(page);
    assert.ok(Math.abs(again.scale / home.scale - 1) < 1e-4, `${again.scale}, not ${home.scale}`);
    await close(opened);
  });

  test("pans with one finger, zooms with two around what lies between them", async () => {
    const opened = await open(site, { hasTouch: true });
    const { page } = opened;
    const fingers = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...touchPoints: [number, number][]) =>
      fingers.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: touchPoints.map(([x, y], id) => ({ x, y, id })),
      });
    const home = await viewOf(page);
    await touch("touchStart", [600, 400]);
    for (let step = 1; step <= 5; step++) await touch("touchMove", [600 + 20 * step, 400]);
    await touch("touchEnd");
    const moved = await viewOf(page);
    assert.ok(Math.abs((home.x - moved.x) * home.scale - 100) < 15, "about 100 pixels to the right");
    assert.ok(Math.abs(moved.scale / home.scale - 1) < 1e-4, "no nearer");

    const still = loneliest((i) => free(moved.pixel(i)));
    const [x, y] = moved.pixel(still);
    await touch("touchStart", [x - 30, y], [x + 30, y]);
    for (let step = 1; step <= 6; step++) {
      await touch("touchMove", [x - 30 - 10 * step, y], [x + 30 + 10 * step, y]);
    }
    await touch("touchEnd");
    const zoomed = await viewOf(page);
    assert.ok(Math.abs(zoomed.scale / moved.scale - 3) < 0.2, `${zoomed.scale / moved.scale} times as near`);
    assert.ok(Math.hypot(zoomed.pixel(still)[0] - x, zoomed.pixel(still)[1] - y) < 8, "stays between them");
    await close(opened);
  });

  test("shows the right pictures when zoomed in, after a filter too", async () => {
    const opened = await open();
    const { page } = opened;
    const home = await viewOf(page);
    const target = loneliest((i) => i % 3 === 1 && free(home.pixel(i)));
    await page.getByRole("button", { name: "Only square" }).focus();
    await page.keyboard.press("Enter");
    await page.mouse.move(...home.pixel(target));
    for (let i = 0; i < 5; i++) await page.mouse.wheel(0, -200);
    await page.mouse.move(640, 5);
    const { hidden, pixel } = await viewOf(page);
    assert.equal(hidden.size, 2);
    const { data, info } = await sharp(await page.screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    let seen = 0;
    for (let i = 0; i < SAMPLE_COUNT; i++) {
      const [x, y] = pixel(i).map(Math.round);
      if (!free([x, y])) continue;
      const color = data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3);
      const wanted = sampleColor(i);
      const same = wanted.every((channel, c) => Math.abs(channel - color[c]) < 14);
      if (i % 3 === 1 && same) seen++;
      if (i % 3 !== 1) assert.ok(!same, `image ${i} is hidden, and yet it is seen`);
    }
    assert.ok(seen > 0, "no picture at its place");
    await close(opened);
  });

  test("filters by the legend", async () => {
    const opened = await open();
    const { page } = opened;
    const { pixel } = await viewOf(page);
    const image = loneliest((i) => i % 3 === 0 && free(pixel(i)));
    await page.getByRole("button", { name: /^circle/ }).click();
    await page.mouse.move(...pixel(image));
    await page.waitForTimeout(300);
    assert.ok(!(await page.locator(".tip").allInnerTexts()).join().includes(points.paths[image]));
    await page.getByRole("button", { name: "Show all" }).click();
    await page.mouse.move(5, 5);
    await page.mouse.move(...pixel(image));
    await page.locator(".tip", { hasText: points.paths[image] }).waitFor();
    await close(opened);
  });

  test("a rectangle and a lasso select what is in them", async () => {
    const opened = await open();
    const { page } = opened;
    const { pixel } = await viewOf(page);
    const inside = (x0: number, y0: number, x1: number, y1: number) =>
      Array.from({ length: SAMPLE_COUNT }, (_, i) => pixel(i)).filter(
        ([x, y]) => x > x0 && x < x1 && y > y0 && y < y1,
      ).length;
    for (const tool of ["Select a rectangle", "Select with a lasso"]) {
      await page.getByRole("button", { name: tool }).click();
      await page.mouse.move(400, 100);
      await page.mouse.down();
      if (tool.endsWith("lasso")) {
        await page.mouse.move(800, 100, { steps: 5 });
        await page.mouse.move(800, 500, { steps: 5 });
        await page.mouse.move(400, 500, { steps: 5 });
      } else await page.mouse.move(800, 500, { steps: 5 });
      await page.mouse.up();
      const count = inside(400, 100, 800, 500);
      await page
        .getByRole("heading", { name: count === 1 ? "1 image" : `${count} images`, exact: true })
        .waitFor();
      assert.equal(await page.locator(".gallery li").count(), Math.min(count, 120));
      await page.keyboard.press("Escape");
      await page.locator(".gallery").waitFor({ state: "detached" });
    }
    await close(opened);
  });

  test("is searched from the keyboard; a click shows an image and its nearest", async () => {
    const opened = await open();
    const { page } = opened;
    await page.keyboard.press("/");
    await page.keyboard.type("SQUARE/0");
    await page.getByRole("heading", { name: "33 with “SQUARE/0”" }).waitFor();
    await page.keyboard.press("Escape");
    const { pixel } = await viewOf(page);
    const image = loneliest((i) => free(pixel(i)));
    await page.mouse.click(...pixel(image));
    await page.getByRole("heading", { name: "Image and its nearest" }).waitFor();
    assert.equal(await page.locator(".gallery li").count(), 13);
    assert.equal(await page.locator(".gallery button").first().getAttribute("title"), points.paths[image]);
    await close(opened);
  });

  test("shows what is there twice, each group together, and what is unlike the rest; a link brings it back", async () => {
    const opened = await open();
    const { page } = opened;
    const titles = (list: Locator) =>
      list.evaluateAll((buttons) => buttons.map((button) => button.getAttribute("title")));
    await page.getByRole("button", { name: "Duplicates 3" }).click();
    await page.getByRole("heading", { name: "5 look the same" }).waitFor();
    const groups = await page.locator(".grouped > li").all();
    assert.deepEqual(
      await Promise.all(groups.map((group) => titles(group.locator("button")))),
      SAMPLE_DUPLICATES.map((group) => group.map((i) => points.paths[i])),
    );
    const rows = await table(page, "selection");
    const row = (i: number) => ({
      index: `${i}`,
      path: points.paths[i],
      label: points.labels[i] ?? "",
      x: `${points.coordinates[2 * i]}`,
      y: `${points.coordinates[2 * i + 1]}`,
      novelty: `${points.novelty[i]}`,
      duplicate_of: points.duplicateOf![i] < 0 ? "" : `${points.duplicateOf![i]}`,
    });
    assert.deepEqual(rows, SAMPLE_DUPLICATES.flat().map(row));
    await page.getByRole("button", { name: "Outliers" }).click();
    await page.getByRole("heading", { name: "11 outliers" }).waitFor();
    const { selection } = await viewOf(page);
    assert.deepEqual(selection, { kind: "outliers" });
    const shown = await titles(page.locator(".gallery button"));
    const again = await open(page.url());
    assert.deepEqual(await titles(again.page.locator(".gallery button")), shown);
    const novelty = shown.map((path) => points.novelty[points.paths.indexOf(path!)]);
    assert.equal(novelty.length, 11);
    assert.deepEqual(novelty, [...points.novelty].sort((a, b) => b - a).slice(0, 11));
    // Pressed again, it selects nothing.
    await page.getByRole("button", { name: "Outliers" }).click();
    await page.locator(".gallery").waitFor({ state: "detached" });
    await close(again);
    await close(opened);
  });

  test("a link brings back view, filter and selection", async () => {
    const opened = await open();
    const { page } = opened;
    await page.getByRole("button", { name: /^circle/ }).click();
    await page.mouse.move(640, 400);
    await page.mouse.wheel(0, -400);
    await page.keyboard.down("Shift");
    await page.mouse.move(450, 200);
    await page.mouse.down();
    await page.mouse.move(850, 600, { steps: 5 });
    await page.mouse.up();
    await page.keyboard.up("Shift");
    const before = await viewOf(page);
    const title = await page.locator('[data-panel="selection"] h2').textContent();
    const again = await open(page.url());
    const after = await viewOf(again.page);
    assert.deepEqual(
      [after.x, after.y, after.hidden, after.selection],
      [before.x, before.y, before.hidden, before.selection],
    );
    assert.equal(await again.page.locator('[data-panel="selection"] h2').textContent(), title);
    await close(again);
    await close(opened);
  });

  test("its picture can be downloaded", async () => {
    const opened = await open();
    const download = opened.page.waitForEvent("download");
    await opened.page.getByRole("link", { name: "Download the picture of the map" }).click();
    const file = await download;
    assert.equal(file.suggestedFilename(), "sample.png");
    assert.deepEqual(readFileSync(await file.path()), readFileSync(at("map", "map.png")));
    await close(opened);
  });
});

/** Drops a file on the page as a hand would. */
async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob("${bytes.toString("base64")}"), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}));
    return transfer;
  })()`);
  await page.dispatchEvent(".over", "dragover", { dataTransfer: transfer });
  await page.locator(".dropping").waitFor();
  await page.dispatchEvent(".over", "drop", { dataTransfer: transfer });
}

describe("placing images", () => {
  test("a dropped image lands where Node puts it, with its neighbours and its novelty", async () => {
    const opened = await open();
    const { page } = opened;
    const bytes = await picture(sampleColor(100)).png().toBuffer();
    await drop(page, "new one.png", bytes);
    const row = page.locator(".guest", { hasText: "new one.png" });
    await row.waitFor();
    const expected = await placeInNode(bytes);
    const [{ path, x, y, novelty }] = await placements(page);
    assert.equal(path, "new one.png");
    assert.ok(Math.hypot(x - expected.embedding[0], y - expected.embedding[1]) <= 1e-4 * diagonal);
    assert.ok(Math.abs(novelty - expected.novelty) < 0.02);
    const titles = await row
      .locator(".gallery button")
      .evaluateAll((all) => all.map((one) => one.getAttribute("title")));
    const near = new PlaneIndex(points).nearest(x, y, 12);
    assert.deepEqual(
      titles,
      near.map(({ index }) => points.paths[index]),
    );
    assert.match((await row.textContent())!, /novelty \d+ %/);
    await page.getByText("with WebAssembly, 1 thread").waitFor();
    await close(opened);
  });

  test("threads are used where the page is isolated", async () => {
    const isolated = await serveFolder(at("site"), { isolated: true });
    const opened = await open(isolated);
    await drop(opened.page, "a.png", await picture([200, 30, 90]).png().toBuffer());
    await opened.page.getByText(/with WebAssembly, [2-9] threads/).waitFor();
    await close(opened);
  });

  test("of a folder, broken files get a message beside their names, others are passed over", async () => {
    mkdirSync(at("folder/deeper"), { recursive: true });
    const good = await picture([20, 200, 90]).jpeg().toBuffer();
    writeFileSync(at("folder/a.jpg"), good);
    writeFileSync(at("folder/deeper/b.png"), await picture([9, 9, 200]).png().toBuffer());
    writeFileSync(at("folder/cut.jpg"), cut(good));
    writeFileSync(at("folder/text.png"), "This is no picture.\n");
    writeFileSync(at("folder/drawing.tif"), await picture([1, 2, 3]).tiff().toBuffer());
    writeFileSync(at("folder/readme.txt"), "about these");
    writeFileSync(at("folder/.hidden.png"), good);
    const opened = await open();
    const { page } = opened;
    await page.locator("input[webkitdirectory]").setInputFiles(at("folder"));
    await page.getByRole("heading", { name: "2 images placed" }).waitFor();
    const message = (name: string) =>
      page.locator(".guest.failed", { hasText: name }).locator(".reason").textContent();
    assert.equal(await message("folder/cut.jpg"), "truncated JPEG");
    assert.equal(await message("folder/text.png"), "not an image (text)");
    assert.match((await message("folder/drawing.tif"))!, /^TIFF cannot be decoded in the browser/);
    assert.equal(await page.locator(".guest").count(), 5);
    assert.deepEqual((await placements(page)).map(({ path }) => path).sort(), [
      "folder/a.jpg",
      "folder/deeper/b.png",
    ]);
    await close(opened);
  });

  test("a folder without images gets a message beside its name", async () => {
    mkdirSync(at("papers"));
    writeFileSync(at("papers/readme.txt"), "about these");
    const opened = await open();
    await opened.page.locator("input[webkitdirectory]").setInputFiles(at("papers"));
    const row = opened.page.locator(".guest.failed", { hasText: "papers" });
    assert.equal(await row.locator(".reason").textContent(), "no images in this folder");
    await close(opened);
  });

  test("a dropped folder is gone through, with the folders in it; what cannot be opened gets a message", async () => {
    const opened = await open();
    const { page } = opened;
    const bytes = (await picture([20, 200, 90]).png().toBuffer()).toString("base64");
    // A script cannot make a transfer that holds a folder: what the browser would give of one stands in.
    await page.evaluate(`(() => {
      const bytes = Uint8Array.from(atob("${bytes}"), (c) => c.charCodeAt(0));
      const file = (path) => ({
        name: path.split("/").at(-1), fullPath: path, isDirectory: false,
        file: (done) => done(new File([bytes], path.split("/").at(-1))),
      });
      const gone = (path) => ({
        ...file(path), file: (done, failed) => failed(new DOMException("It is gone.", "NotFoundError")),
      });
      const locked = (path) => ({
        ...folder(path, []),
        createReader: () => ({ readEntries: (done, failed) => failed(new DOMException("It is locked.")) }),
      });
      const folder = (path, entries) => ({
        name: path.split("/").at(-1), fullPath: path, isDirectory: true,
        createReader() {
          const rest = [...entries];
          return { readEntries: (done) => done(rest.splice(0, 2)) };
        },
      });
      const root = folder("/all", [
        file("/all/b.png"), file("/all/a.png"), file("/all/notes.txt"), file("/all/.c.png"),
        gone("/all/gone.png"), locked("/all/locked"), folder("/all/empty", []),
        folder("/all/deep", [file("/all/deep/d.jpg")]), folder("/all/.git", [file("/all/.git/e.png")]),
      ]);
      DataTransferItem.prototype.webkitGetAsEntry = () => root;
    })()`);
    await drop(page, "all", Buffer.from(""));
    await page.getByRole("heading", { name: "3 images placed" }).waitFor();
    const names = (await placements(page)).map(({ path }) => path);
    assert.deepEqual(names.sort(), ["all/a.png", "all/b.png", "all/deep/d.jpg"]);
    const failed = await page.locator(".guest.failed .name").allTextContents();
    assert.deepEqual(failed.sort(), ["all/gone.pngIt is gone.", "all/lockedIt is locked."]);
    await page.evaluate(`(() => {
      const createReader = () => ({ readEntries: (done) => done([]) });
      const root = { name: "bare", fullPath: "/bare", isDirectory: true, createReader };
      DataTransferItem.prototype.webkitGetAsEntry = () => root;
    })()`);
    await drop(page, "bare", Buffer.from(""));
    await page.locator(".guest.failed", { hasText: "bareno images in this folder" }).waitFor();
    await close(opened);
  });

  test("many images show how far it is, and can be cancelled", async () => {
    const opened = await open();
    const { page } = opened;
    const buffer = await picture([90, 90, 90], 900, 900).png().toBuffer();
    const files = Array.from({ length: 300 }, (_, i) => ({
      name: `${i}.png`,
      mimeType: "image/png",
      buffer,
    }));
    await page.locator("input[type=file]:not([webkitdirectory])").setInputFiles(files);
    await page.getByText(/^[1-9]\d* of 300$/).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator("progress").waitFor({ state: "detached" });
    let placed = 0; // those under way are still placed
    for (let before = -1; placed !== before; ) {
      await page.waitForTimeout(500);
      before = placed;
      placed = (await placements(page)).length;
    }
    assert.ok(placed > 0 && placed < 300, `${placed} placed, then it has stopped`);

    // Each image is placed once; those under way when it is cancelled do not count as some of those brought after it.
    await page.locator("input[type=file]:not([webkitdirectory])").setInputFiles(files);
    await page.getByText(/^[1-9]\d* of 300$/).waitFor();
    const counts = await page.evaluate(`(async () => {
      const title = () => Number(/^(\\d+) images? placed/.exec(
        [...document.querySelectorAll("h2")].map((h) => h.textContent).find((text) => / placed$/.test(text)))[1]);
      const bytes = Uint8Array.from(atob("${buffer.toString("base64")}"), (c) => c.charCodeAt(0));
      const clipboardData = new DataTransfer();
      for (let i = 0; i < 300; i++) clipboardData.items.add(new File([bytes], i + ".png", { type: "image/png" }));
      [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Cancel").click();
      const before = title();
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const done = Number(/^(\\d+) of 300$/.exec(document.querySelector(".progress span").textContent)[1]);
        if (done > 4) return { done, placed: title() - before };
      }
    })()`);
    const { done, placed: again } = counts as { done: number; placed: number };
    assert.equal(done, again);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Remove all placed images" }).click();
    await page.locator(".guest").first().waitFor({ state: "detached" });
    await close(opened);
  });

  for (const [engine, count, flags] of [
    ["WebAssembly", 200, []],
    ["WebGPU", 20, WEBGPU],
  ] as const) {
    test(`images of many sizes and formats land where Node puts them: ${engine}`, async (t) => {
      const chromium = flags.length === 0 ? browser : await openBrowser(flags);
      if (chromium !== browser) t.after(() => chromium.close());
      const opened = await open(site, { chromium });
      const { page } = opened;
      const hasGpu = await page.evaluate("navigator.gpu?.requestAdapter().then(Boolean)");
      if (engine === "WebGPU" && !hasGpu) return t.skip("this Chromium has no WebGPU adapter");
      const photos = (await photographs(count / 2)).map((photo) => ({ ...photo, exact: false }));
      if (photos.length === 0) t.diagnostic("photographs are not here: made-up images only");
      const images = [...photos, ...(await mixedImages(count - photos.length))];
      const bring = async (from: number, to: number) => {
        const files = images
          .slice(from, to)
          .map(({ name, bytes }) => ({ name, mimeType: "", buffer: bytes }));
        await page.locator("input[type=file]:not([webkitdirectory])").setInputFiles(files);
        const title = to === 1 ? "1 image placed" : `${to} images placed`;
        await page.getByRole("heading", { name: title, exact: true }).waitFor({ timeout: 120_000 });
      };
      await bring(0, 1);
      await page.getByText("with WebAssembly").waitFor();
      if (engine === "WebGPU") await page.workers()[0].evaluate(KEEP_DEVICE);
      await bring(1, count - 1);
      await page.getByText(`with ${engine}`).waitFor();
      // A card that is lost, as after sleep, costs no image.
      if (engine === "WebGPU") await page.workers()[0].evaluate("device.destroy()");
      await bring(count - 1, count);
      await page.getByText("with WebAssembly").waitFor();
      const placed = new Map((await placements(page)).map((row) => [row.path, row]));
      const shares: number[] = [];
      for (const { name, bytes, exact } of images) {
        const { embedding } = await placeInNode(bytes);
        const { x, y } = placed.get(name)!;
        const share = Math.hypot(x - embedding[0], y - embedding[1]) / diagonal;
        assert.ok(share <= (exact ? 1e-4 : 0.01), `${name} is off by ${(100 * share).toFixed(4)} %`);
        shares.push(share);
      }
      const median = shares.sort((a, b) => a - b)[shares.length >> 1];
      assert.ok(median <= 0.002, `median ${median}`);
      t.diagnostic(`median ${(100 * median).toFixed(4)} %, most ${(100 * shares.at(-1)!).toFixed(4)} %`);
      await close(opened);
    });
  }

  test("the server, when it is asked too, puts an image at the same place", async () => {
    const { url } = await serve(at("map"), { apiKey: "secret" });
    const opened = await open(url);
    const { page } = opened;
    await drop(page, "a.png", await picture(sampleColor(30)).png().toBuffer());
    await page.locator(".guest", { hasText: "a.png" }).waitFor();
    await page.getByLabel("Also ask the server").check();
    await page.locator(".answer.failed").waitFor();
    opened.trouble.length = 0; // the browser tells the 401
    await page.getByLabel("API key of the server").fill("secret");
    await page.keyboard.press("Enter");
    await page.getByText("the server's place is the same").waitFor();
    await drop(page, "no image.png", Buffer.from("text"));
    await page.locator(".guest.failed", { hasText: "no image.png" }).waitFor();
    await page.waitForTimeout(300);
    opened.trouble.length = 0; // the browser tells the 422
    await close(opened);
  });

  test("a pasted image is placed, pasted text is not", async () => {
    const opened = await open();
    const { page } = opened;
    const bytes = await picture(sampleColor(60)).png().toBuffer();
    const paste = (fill: string) =>
      page.evaluate(`(() => {
        const clipboardData = new DataTransfer();
        ${fill}
        document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
      })()`);
    await paste('clipboardData.setData("text/plain", "no image")');
    await paste(`const bytes = Uint8Array.from(atob("${bytes.toString("base64")}"), (c) => c.charCodeAt(0));
        clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));`);
    await page.getByRole("heading", { name: "1 image placed" }).waitFor();
    const [{ x, y }] = await placements(page);
    const { embedding } = await placeInNode(bytes);
    assert.ok(Math.hypot(x - embedding[0], y - embedding[1]) <= 1e-4 * diagonal);
    await close(opened);
  });

  test("a site without a server does not offer one", async () => {
    const opened = await open();
    await drop(opened.page, "a.png", await picture([10, 60, 90]).png().toBuffer());
    await opened.page.locator(".guest").waitFor();
    assert.equal(await opened.page.getByLabel("Also ask the server").count(), 0);
    await close(opened);
  });
});

describe("everyone", () => {
  const looks: Record<string, BrowserContextOptions> = {
    light: { colorScheme: "light" },
    dark: { colorScheme: "dark" },
    narrow: { colorScheme: "light", viewport: { width: 390, height: 780 }, hasTouch: true },
    "narrow and dark": {
      colorScheme: "dark",
      viewport: { width: 360, height: 640 },
      reducedMotion: "reduce",
    },
  };
  for (const [name, options] of Object.entries(looks)) {
    test(`can use the page: ${name}`, async () => {
      const opened = await open(`${site}#near=7`, options);
      const { page } = opened;
      await page.locator(".gallery li").first().waitFor();
      await page.evaluate(readFileSync(AXE, "utf8"));
      await drop(page, "a.png", await picture([10, 60, 90]).png().toBuffer());
      await page.locator(".guest").waitFor();
      const { violations } = (await page.evaluate("axe.run()")) as {
        violations: { id: string; impact: string; nodes: { html: string }[] }[];
      };
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(
        serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
        [],
      );
      const { width, height } = options.viewport ?? WINDOW;
      const tall = (await page.evaluate(
        "[document.documentElement.scrollWidth, innerWidth, innerHeight]",
      )) as number[];
      assert.deepEqual(tall, [width, width, height], "nothing sticks out");
      const covered = await page.locator(".toolbar button, .toolbar a").evaluateAll((all) =>
        all
          .filter((one) => {
            const { x, y, width, height } = one.getBoundingClientRect();
            return !one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
          })
          .map((one) => one.getAttribute("aria-label")),
      );
      assert.deepEqual(covered, [], "every tool can be reached, whatever is open");
      await close(opened);
    });
  }

  test("can find the keys, and close the help with one", async () => {
    const opened = await open();
    await opened.page.keyboard.press("?");
    await opened.page.getByRole("dialog").waitFor();
    await opened.page.keyboard.press("Escape");
    await opened.page.getByRole("dialog").waitFor({ state: "hidden" });
    await close(opened);
  });

  test("is told when the map is not there", async () => {
    await writeSite(builtPage(), at("map"), at("broken"));
    writeFileSync(at("broken", "map", "points.parquet"), "nothing");
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(await serveFolder(at("broken")));
    await page.getByText(/cannot read points\.parquet/).waitFor();
    await context.close();
  });
});
