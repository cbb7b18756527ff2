import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import type { PictureReader } from "../../models/pictures.ts";
import { mosaic } from "../../models/plot/mosaic.ts";
import { renderHtml, renderPng, renderSvg } from "../../models/plot/render.node.ts";
import { type ReportInput, renderReport } from "../../models/plot/report.ts";
import { frame } from "../../models/plot/view.ts";
import type { MapPoints } from "../../models/points.ts";
import { randomStream } from "../../training/random.ts";
import { sampleMapInfo } from "../support/map-info.ts";

const HOSTILE = `</script><script>alert("1")</script>&'`;

/** Two clouds of points, left and right, labelled so. */
function clouds(count: number, changes: Partial<MapPoints> = {}): MapPoints {
  const random = randomStream("clouds");
  const side = (i: number) => (i % 2 === 0 ? -10 : 10);
  return {
    count,
    dim: 2,
    paths: Array.from({ length: count }, (_, i) => `${i}.png`),
    labels: Array.from({ length: count }, (_, i) => (i % 2 === 0 ? "left" : "right")),
    coordinates: Float32Array.from({ length: 2 * count }, (_, i) =>
      i % 2 === 0 ? side(i / 2) + random.normal() : random.normal(),
    ),
    novelty: new Float32Array(count),
    ...changes,
  };
}

/** Pictures of one colour: red for even images, blue for odd ones. */
const pictures: PictureReader = {
  size: 8,
  read(index, into) {
    for (let i = 0; i < 8 * 8; i++) into.set(index % 2 === 0 ? [255, 0, 0] : [0, 0, 255], 3 * i);
  },
};

/** Pixels of each half of a picture that are about red, and about blue. */
async function redAndBlue(png: Uint8Array) {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const found = { left: { red: 0, blue: 0 }, right: { red: 0, blue: 0 } };
  for (let i = 0; i < data.length; i += 3) {
    const half = (i / 3) % info.width < 900 ? found.left : found.right;
    if (data[i] > 220 && data[i + 2] < 40 && data[i + 1] < 40) half.red++;
    if (data[i + 2] > 220 && data[i] < 40 && data[i + 1] < 40) half.blue++;
  }
  return found;
}

describe("the picture of a map", () => {
  test("shows each picture where its image lies", async () => {
    const { left, right } = await redAndBlue(
      await renderPng({ name: "clouds", points: clouds(200), pictures }),
    );
    assert.ok(left.red > 5000 && right.blue > 5000, JSON.stringify({ left, right }));
    assert.ok(left.blue < 100 && right.red < 100, JSON.stringify({ left, right }));
  });

  test("one image, two at the same place, no labels, three dimensions: all can be drawn", async () => {
    const same = { coordinates: Float32Array.of(1, 1, 1, 1) };
    const cube = { dim: 3 as const, coordinates: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)) };
    const cases = [
      clouds(1),
      clouds(2, same),
      clouds(10, { labels: new Array(10).fill(null) }),
      clouds(10, cube),
    ];
    for (const points of cases) {
      const { width, height } = await sharp(await renderPng({ name: "", points, pictures })).metadata();
      assert.ok(width! >= 1000 && height! >= 500, `${width} × ${height}`);
      assert.match(await renderSvg({ name: "", points }), /^<svg /);
    }
  });

  test("a stray point does not squash the others", () => {
    const points = clouds(2000);
    points.coordinates[0] = 1e6;
    const { positions, width } = frame(points, 1000, 20);
    const xs = Array.from(positions)
      .filter((_, i) => i % 2 === 0)
      .slice(1);
    assert.ok(Math.max(...xs) - Math.min(...xs) > width / 2);
  });

  test("both axes have one scale", () => {
    const { positions } = frame(clouds(3, { coordinates: Float32Array.of(0, 0, 4, 0, 0, 3) }), 1000, 20);
    const between = (a: number, b: number) =>
      Math.hypot(positions[2 * a] - positions[2 * b], positions[2 * a + 1] - positions[2 * b + 1]);
    assert.ok(Math.abs(between(0, 1) / between(0, 2) - 4 / 3) < 1e-3);
  });

  test("pictures do not cover each other, and stand in the cell of their image", () => {
    const view = frame(clouds(3000), 1000, 20);
    const { cell, tiles } = mosaic(view);
    const taken = new Set(tiles.map(({ x, y }) => `${x},${y}`));
    assert.equal(taken.size, tiles.length);
    for (const { index, x, y } of tiles) {
      assert.equal(Math.abs(x - tiles[0].x) % cell, 0);
      assert.ok(Math.abs(view.positions[2 * index] - (x + cell / 2)) <= cell, `image ${index}`);
      assert.ok(Math.abs(view.positions[2 * index + 1] - (y + cell / 2)) <= cell, `image ${index}`);
    }
  });

  test("no name, label or path gets out of its place in SVG and HTML", async () => {
    const points = clouds(20, { labels: new Array(20).fill(HOSTILE), paths: new Array(20).fill(HOSTILE) });
    const svg = await renderSvg({ name: HOSTILE, points });
    assert.doesNotMatch(svg, /<script/);
    await sharp(Buffer.from(svg)).metadata(); // parses
    const html = await renderHtml({ name: HOSTILE, points, pictures });
    assert.equal(html.match(/<script/g)?.length, 2, "its own two");
    assert.doesNotMatch(html, /https?:\/\/(?!www\.w3\.org)/, "nothing is loaded from elsewhere");
  });
});

describe("the report", () => {
  const input = async (): Promise<ReportInput> => ({
    info: { ...sampleMapInfo(), name: HOSTILE, skipped: [{ path: HOSTILE, reason: "truncated JPEG" }] },
    log: [1, 2, 3].map((epoch) => ({
      stage: 1,
      epoch,
      step: epoch,
      loss: 5 - epoch,
      learningRate: 0.1,
      imagesPerSecond: 100,
      seconds: epoch,
      evalLoss: 4.5,
    })),
    picture: await renderPng({ name: "clouds", points: clouds(10) }),
  });

  test("stands alone, and escapes what users named", async () => {
    const html = renderReport(await input());
    assert.doesNotMatch(html, /<script|<link|src="(?!data:)/);
    assert.match(html, /truncated JPEG/);
    assert.match(html, /&lt;script&gt;/);
  });

  test("draws a run of one record, and of none", async () => {
    const whole = await input();
    for (const log of [whole.log.slice(0, 1), []]) {
      assert.doesNotMatch(renderReport({ ...whole, log }), /NaN|Infinity|undefined/);
    }
  });
});
