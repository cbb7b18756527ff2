// The map as it is: what it says about itself, its points, its pictures.

import type { Request, RequestHandler, Response } from "express";
import sharp from "sharp";
import { axisNames } from "../../models/axis-names.ts";
import { bundleFiles } from "../../models/bundle/files.ts";
import { idAndName } from "../../models/bundle/map-info.ts";
import type { MapSource } from "../current-map.ts";
import type { LoadedMap } from "../loaded-map.ts";
import { Problem } from "../problem.ts";
import { imageParams } from "../schemas.ts";
import { type ServedFile, sendFile } from "../served-file.ts";

const PARQUET = "application/vnd.apache.parquet";

/** GET /v1/map: map.json. */
export function mapHandler(current: MapSource): RequestHandler {
  return (request, response) => current.map.use((map) => send(request, response, map, bundleFiles.info));
}

/** GET /map/…: a file of the bundle by its name there. */
export function bundleFileHandler(current: MapSource): RequestHandler<{ name: string[] }> {
  return (request, response) =>
    current.map.use((map) => send(request, response, map, request.params.name.join("/")));
}

/** GET /v1/thumbnails/…: a sheet of thumbnails. */
export function thumbnailsHandler(current: MapSource): RequestHandler<{ sheet: string }> {
  return (request, response) =>
    current.map.use((map) => send(request, response, map, `thumbnails/${request.params.sheet}`));
}

/** GET /v1/points: as Parquet or JSON, whichever is accepted. */
export function pointsHandler(current: MapSource): RequestHandler {
  return (request, response) =>
    current.map.use(async (map) => {
      response.vary("Accept");
      const type = request.accepts(["application/json", PARQUET]);
      if (!type) throw new Problem("not_acceptable", `accept application/json or ${PARQUET}`);
      if (type === PARQUET) return await send(request, response, map, bundleFiles.points);
      response.set("ETag", `"${map.info.id}-json"`);
      if (request.fresh) {
        response.status(304).end();
        return;
      }
      response.type("application/json").send(pointsAsJson(map));
    });
}

/** GET /v1/images/:index: the thumbnail of an image, as PNG. */
export function imageHandler(current: MapSource): RequestHandler<{ index: string }> {
  return (request, response) =>
    current.map.use(async (map) => {
      const params = imageParams.safeParse(request.params);
      if (!params.success || params.data.index >= map.points.count) {
        throw new Problem("not_found", `the map has the images 0 … ${map.points.count - 1}`);
      }
      const { index } = params.data;
      response.set("ETag", `"${map.info.id}-${index}"`);
      if (request.fresh) {
        response.status(304).end();
        return;
      }
      const { data, size } = await map.picture(index);
      const raw = { width: size, height: size, channels: 3 as const };
      response.type("image/png").send(await sharp(data, { raw }).png().toBuffer());
    });
}

async function send(request: Request, response: Response, map: LoadedMap, name: string): Promise<void> {
  const file: ServedFile | undefined = map.files.get(name);
  if (!file) throw new Problem("not_found", "the map has no file of this name");
  await sendFile(request, response, file);
}

function indexOrNull(index: number): number | null {
  return index < 0 ? null : index;
}

/** Made anew each time: few ask for it, and of a large map it is large. */
function pointsAsJson({ info, points }: LoadedMap): string {
  const axes = axisNames(points.dim);
  return JSON.stringify({
    map: idAndName(info),
    points: points.paths.map((path, index) => ({
      index,
      path,
      label: points.labels[index],
      ...Object.fromEntries(axes.map((axis, i) => [axis, points.coordinates[index * points.dim + i]])),
      novelty: points.novelty[index],
      ...(points.duplicateOf && { duplicateOf: indexOrNull(points.duplicateOf[index]) }),
    })),
  });
}
