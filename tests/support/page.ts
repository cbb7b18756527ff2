// The built page in a real browser: a map to show, a static host, Chromium.

import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, normalize } from "node:path";
import { after } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { bundleFiles } from "../../models/bundle/files.ts";
import { writeBundle } from "../../models/bundle/write-bundle.node.ts";
import { openEmbedder } from "../../models/embedder.ts";
import { foundNeighbours } from "../../models/feature-search.ts";
import { compactDim, type EncoderOutputs } from "../../models/features.ts";
import { encodeFeatures } from "../../models/features-file.ts";
import type { Pixels } from "../../models/pixels.ts";
import { renderPng } from "../../models/plot/render.node.ts";
import { encodePoints, type MapPoints } from "../../models/points.ts";
import { nodeRuntime } from "../../models/runtime.node.ts";
import { writeThumbnails } from "../../models/thumbnails.node.ts";
import { buildEncoder } from "../../training/artifacts/encoder.ts";
import { initialValues } from "../../training/artifacts/initial-state.ts";
import { buildPreprocess } from "../../training/artifacts/preprocess.ts";
import { nearestNeighbours } from "../../training/evaluation/nearest.node.ts";
import { buildNearest } from "../../training/evaluation/nearest-graph.ts";
import { compactWithNovelty } from "../../training/export/make-map.ts";
import { sampleMapInfo } from "./map-info.ts";
import { buildTinyStage, tinyNetwork } from "./stage.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Starts a browser that is closed after the tests of this file. */
export async function startBrowser(more?: readonly string[]): Promise<Browser> {
  const browser = await openBrowser(more);
  after(() => browser.close());
  return browser;
}

/** Starts Debian's Chromium, without a graphics card. */
export async function openBrowser(more: readonly string[] = []): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `${CHROMIUM} is missing: apt-get install chromium (scripts/install-test-tools.sh does it)`,
    );
  }
  const args = ["--no-sandbox", "--enable-unsafe-swiftshader", ...more];
  return await chromium.launch({ executablePath: CHROMIUM, args });
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webp": "image/webp",
  ".wasm": "application/wasm",
};

interface HostOptions {
  /** Whether the page may have threads. Defaults to false. */
  readonly isolated?: boolean;
}

/** Serves a folder until after the tests of this file. @returns its address */
export async function serveFolder(folder: string, options?: HostOptions): Promise<string> {
  const { url, close } = await startStaticHost(folder, options);
  after(close);
  return url;
}

/** Serves a folder under a sub-path, with the policy that the page must live with. */
export async function startStaticHost(
  folder: string,
  { isolated = false }: HostOptions = {},
): Promise<{ readonly url: string; close(): void }> {
  const prefix = "/some/where/";
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://host").pathname);
    const name = normalize(path.slice(prefix.length) || "index.html");
    const file = join(folder, name);
    if (!path.startsWith(prefix) || name.startsWith("..") || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.setHeader(
      "Content-Security-Policy",
      "default-src 'self'; script-src 'self' 'unsafe-eval'; worker-src 'self' blob:; " +
        "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; connect-src 'self' blob: data:",
    );
    if (isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Images of the sample map. Each has a colour of its own, so that a picture on the screen tells which one it is. */
export const SAMPLE_COUNT = 216;
export const SAMPLE_LABELS = ["circle", "square", "triangle"];
/** What the map says of which images show the same. */
export const SAMPLE_DUPLICATES = [
  [3, 4],
  [10, 40, 70],
];

export function sampleColor(index: number): [number, number, number] {
  return [index % 6, Math.floor(index / 6) % 6, Math.floor(index / 36)].map((step) => 20 + 40 * step) as [
    number,
    number,
    number,
  ];
}

const SIDE = 16;

function samplePicture(index: number): Pixels {
  const color = sampleColor(index);
  return {
    data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => color[i % 3]),
    height: SIDE,
    width: SIDE,
  };
}

/** Writes a map with a network that never learned anything, but places every image where the map has it. */
export async function writeSampleMap(dir: string): Promise<MapPoints> {
  const network = { ...tinyNetwork, imageSize: SIDE };
  const background = [255, 255, 255] as [number, number, number];
  const encoder = buildEncoder(initialValues(buildTinyStage({ network }), 3), network);
  const preprocess = buildPreprocess({ imageSize: SIDE, fit: "cover", background });
  const prepared = Array.from({ length: SAMPLE_COUNT }, (_, i) => samplePicture(i).data);
  const outputs = await encode(encoder, prepared);
  const { features } = await compactWithNovelty(outputs, SAMPLE_COUNT, nearestNeighbours);
  const neighbours = buildNearest(compactDim(features), SAMPLE_COUNT, foundNeighbours(SAMPLE_COUNT));
  const embedder = await openEmbedder(
    { preprocess, encoder, neighbours, features, imageSize: SIDE },
    nodeRuntime,
  );
  const placements = await embedder.place(prepared);
  await embedder.close();
  const points: MapPoints = {
    count: SAMPLE_COUNT,
    dim: 2,
    paths: prepared.map((_, i) => `${SAMPLE_LABELS[i % 3]}/${String(i).padStart(3, "0")}.png`),
    labels: prepared.map((_, i) => SAMPLE_LABELS[i % 3]),
    coordinates: Float32Array.from(placements.flatMap(({ embedding }) => embedding)),
    novelty: Float32Array.from(placements.map(({ novelty }) => novelty)),
    duplicateOf: new Int32Array(SAMPLE_COUNT).fill(-1),
  };
  for (const [first, ...others] of SAMPLE_DUPLICATES) for (const i of others) points.duplicateOf![i] = first;
  const pictures = {
    size: SIDE,
    read: (index: number, into: Uint8Array) => into.set(samplePicture(index).data),
  };
  const axis = (which: number) => Array.from(points.coordinates).filter((_, i) => i % 2 === which);
  await writeBundle(dir, async (folder) => {
    const write = async (name: string, content: Uint8Array | string) => {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    };
    await write(bundleFiles.encoder, encoder);
    await write(bundleFiles.neighbours, neighbours);
    await write(bundleFiles.preprocess, preprocess);
    await write(bundleFiles.features, encodeFeatures(features));
    await write(bundleFiles.points, encodePoints(points));
    await write(bundleFiles.picture, await renderPng({ name: "sample", points, pictures }));
    await write(bundleFiles.report, "<!doctype html><title>report</title>");
    await write(`${bundleFiles.training}/log.jsonl`, "{}\n");
    await writeThumbnails(folder, SAMPLE_COUNT, pictures, SIDE);
    return {
      ...sampleMapInfo(),
      imageSize: SIDE,
      background,
      classes: SAMPLE_LABELS,
      counts: { images: SAMPLE_COUNT, skipped: 0, otherFiles: 0, duplicates: 3 },
      skipped: [],
      bounds: {
        min: [0, 1].map((which) => Math.min(...axis(which))),
        max: [0, 1].map((which) => Math.max(...axis(which))),
      },
    };
  });
  return points;
}

async function encode(encoder: Uint8Array, prepared: readonly Uint8Array[]): Promise<EncoderOutputs> {
  const session = await nodeRuntime.createSession(encoder);
  const images = Uint8Array.from(prepared.flatMap((picture) => Array.from(picture)));
  const results = await session.run({
    images: new nodeRuntime.Tensor("uint8", images, [prepared.length, SIDE, SIDE, 3]),
  });
  await session.release();
  return {
    features: results.features.data as Float32Array,
    statistics: results.statistics.data as Float32Array,
  };
}
