// How soon a map can be used in the browser, and how long a frame takes while it moves: headless Chromium, WebGL in
// software. Budget for 60,000 points on 2 cores: 3 s, and 200 ms a frame.
//
//   node --import ./tests/support/typescript.mjs tests/benchmarks/page.bench.ts [points…]

import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { PictureReader } from "../../models/pictures.ts";
import { encodePoints, type MapPoints } from "../../models/points.ts";
import { writeThumbnails } from "../../models/thumbnails.node.ts";
import { randomStream } from "../../training/random.ts";
import { builtPage } from "../support/built.ts";
import { sampleMapInfo } from "../support/map-info.ts";
import { openBrowser, startStaticHost } from "../support/page.ts";

const IMAGE_SIZE = 32;
const CLASSES = 10;
const RUNS = 3;

/** Clouds of points, one or two for each class. */
function clouds(count: number): MapPoints {
  const random = randomStream("page", count);
  const centers = Array.from({ length: 2 * CLASSES }, () => [30 * random.normal(), 30 * random.normal()]);
  const coordinates = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = centers[(i % CLASSES) + (random.uniform() < 0.3 ? CLASSES : 0)];
    coordinates.set([x + 8 * random.normal(), y + 8 * random.normal()], 2 * i);
  }
  return {
    count,
    dim: 2,
    paths: Array.from({ length: count }, (_, i) => `class ${i % CLASSES}/${String(i).padStart(7, "0")}.png`),
    labels: Array.from({ length: count }, (_, i) => `class ${i % CLASSES}`),
    coordinates,
    novelty: new Float32Array(count),
  };
}

async function writeSite(folder: string, count: number): Promise<void> {
  const points = clouds(count);
  // Small ones where there are many: what is measured is the points.
  const imageSize = count > 100_000 ? 8 : IMAGE_SIZE;
  const map = join(folder, "map");
  await cp(builtPage(), folder, { recursive: true });
  await mkdir(map);
  await writeFile(join(map, "points.parquet"), encodePoints(points));
  const pictures: PictureReader = {
    size: imageSize,
    read: (index, into) => void into.fill((index * 37) & 255),
  };
  await writeThumbnails(map, count, pictures, imageSize);
  const axis = (which: number) => points.coordinates.filter((_, i) => i % 2 === which);
  const extent = [axis(0), axis(1)].map((values) => values.toSorted());
  const info = {
    ...sampleMapInfo(),
    imageSize,
    classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    counts: { images: count, skipped: 0, otherFiles: 0 },
    skipped: [],
    bounds: { min: extent.map((values) => values[0]), max: extent.map((values) => values.at(-1)!) },
    files: {},
  };
  await writeFile(join(map, "map.json"), JSON.stringify(info));
  await writeFile(join(folder, "site.json"), JSON.stringify({ server: false, apiKey: false }));
}

/** Milliseconds between the frames of a second and more of moving. */
const FRAMES = (move: string) => `(async () => {
  const target = document.querySelector(".over");
  const times = [];
  let last = performance.now();
  const send = (type, more) => target.dispatchEvent(new PointerEvent(type, { pointerId: 1, bubbles: true, ...more }));
  target.setPointerCapture = () => {};
  send("pointerdown", { clientX: 700, clientY: 400 });
  for (let i = 0; i < 15; i++) {
    ${move}
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  send("pointerup", { clientX: 700, clientY: 400 });
  return times.slice(3);
})()`;
const PAN = FRAMES("send('pointermove', { clientX: 700 + 8 * i, clientY: 400 });");
const ZOOM = FRAMES(
  "target.dispatchEvent(new WheelEvent('wheel', { deltaY: -60, clientX: 700, clientY: 400, cancelable: true }));",
);

const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function measure(browser: Browser, url: string) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const start = performance.now();
  await page.goto(url);
  await page.locator('.map[data-drawn="true"]').waitFor({ timeout: 120_000 });
  const usable = performance.now() - start;
  const pan = middle((await page.evaluate(PAN)) as number[]);
  const zoom = middle((await page.evaluate(ZOOM)) as number[]);
  await page.waitForTimeout(1500); // sheets are decoded
  const pictures = middle((await page.evaluate(PAN)) as number[]);
  await context.close();
  return { usable, pan, zoom, pictures };
}

const counts = process.argv.slice(2).map(Number);
for (const count of counts.length > 0 ? counts : [60_000, 1_000_000]) {
  const folder = await mkdtemp(join(tmpdir(), "tsimcne-bench-"));
  await writeSite(folder, count);
  const host = await startStaticHost(folder);
  const browser = await openBrowser();
  const runs: Awaited<ReturnType<typeof measure>>[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await measure(browser, host.url));
  const ms = (which: keyof (typeof runs)[number]) =>
    `${Math.round(middle(runs.map((run) => run[which])))} ms`;
  console.log(
    `${count.toLocaleString("en")} points: usable after ${ms("usable")}; a frame while panning ${ms("pan")}, ` +
      `zooming ${ms("zoom")}, panning afterwards ${ms("pictures")}`,
  );
  await browser.close();
  await host.close();
  await rm(folder, { recursive: true });
}
