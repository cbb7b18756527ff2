// POST /v1/embed: where images fall on the map.

import type { RequestHandler } from "express";
import type { LimitFunction } from "p-limit";
import { idAndName } from "../../models/bundle/map-info.ts";
import { decodeImage, decodeOptionsOf, PixelLimitError } from "../../models/decode.node.ts";
import { reasonOf } from "../../models/errors.ts";
import type { Pixels } from "../../models/pixels.ts";
import type { Near } from "../../models/plane-index.ts";
import type { Admission } from "../admission.ts";
import type { MapSource } from "../current-map.ts";
import { type LoadedMap, VOTERS } from "../loaded-map.ts";
import type { Metrics } from "../metrics.ts";
import type { ServingOptions } from "../options.ts";
import { Problem } from "../problem.ts";
import { imagesOf, type SentImage } from "../read-images.ts";
import {
  type EmbedAnswer,
  type EmbedQuery,
  embedQuery,
  firstIssue,
  type ImageProblem,
  type PlacedImage,
} from "../schemas.ts";

export interface EmbedRoute {
  readonly current: MapSource;
  readonly admission: Admission;
  /** Bounds how many images are decoded side by side. */
  readonly decodes: LimitFunction;
  readonly metrics: Metrics;
  readonly options: Pick<ServingOptions, "maxFiles" | "maxPixels" | "timeoutMs">;
}

/** Answers with the places of all images that could be placed, and the problems of the others. */
export function embedHandler(route: EmbedRoute): RequestHandler {
  return async (request, response) => {
    const query = embedQuery.safeParse(request.query);
    if (!query.success) throw new Problem("bad_request", firstIssue(query.error));
    const images = await imagesOf(request, route.options.maxFiles);
    const leave = route.admission.enter(images.length);
    const { signal } = response.locals as { signal: AbortSignal };
    const outcomes = await route.current.map.use(async (map) => {
      const placing = images.map((image) => placeOne(route, map, image, query.data, signal).finally(leave));
      // All of them end before the request does, whatever becomes of one.
      const settled = await Promise.allSettled(placing);
      const failed = settled.find((one) => one.status === "rejected");
      if (failed) throw failed.reason;
      return {
        map: idAndName(map.info),
        all: settled.map((one) => (one as PromiseFulfilledResult<PlacedImage | ImageProblem>).value),
      };
    });
    const errors = outcomes.all.filter((one): one is ImageProblem => "code" in one);
    const results = outcomes.all.filter((one): one is PlacedImage => "embedding" in one);
    route.metrics.images.inc({ outcome: "placed" }, results.length);
    route.metrics.images.inc({ outcome: "unusable" }, errors.length);
    if (results.length === 0) {
      const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
      throw new Problem("unusable_images", `${errors[0].name}: ${errors[0].message}${more}`, {
        images: errors,
      });
    }
    response.json({ map: outcomes.map, results, errors } satisfies EmbedAnswer);
  };
}

async function placeOne(
  { decodes, metrics, options }: EmbedRoute,
  map: LoadedMap,
  { name, bytes }: SentImage,
  { neighbours, space }: EmbedQuery,
  signal: AbortSignal,
): Promise<PlacedImage | ImageProblem> {
  let pixels: Pixels;
  try {
    pixels = await decodes(async () => {
      signal.throwIfAborted();
      const stop = metrics.decoding.startTimer();
      try {
        return await decodeImage(bytes, { ...decodeOptionsOf(map.info), maxPixels: options.maxPixels });
      } finally {
        stop();
      }
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PixelLimitError) return { name, code: "too_many_pixels", message: error.fact };
    return { name, code: "unusable_image", message: reasonOf(error) };
  }
  signal.throwIfAborted();
  const { embedding, novelty, alike } = await map.pool.place(
    pixels,
    space === "features" ? neighbours : 0,
    signal,
  );
  const close = map.near(embedding, Math.max(neighbours, VOTERS));
  const near = space === "features" ? alike : close.slice(0, neighbours);
  const label = map.labelOf(close);
  return {
    name,
    embedding,
    novelty,
    neighbours: near.map((one) => describe(map, one)),
    ...(label !== undefined && { label }),
  };
}

function describe({ points }: LoadedMap, { index, distance }: Near): PlacedImage["neighbours"][number] {
  const thumbnail = `/v1/images/${index}`;
  return { index, path: points.paths[index], label: points.labels[index], distance, thumbnail };
}
