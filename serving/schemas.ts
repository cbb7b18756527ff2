// What goes in and out over HTTP. The OpenAPI document is made from these schemas, the types too.

import { z } from "zod";

/** Most neighbours that may be asked for. */
export const MOST_NEIGHBOURS = 100;

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max));

export const embedQuery = z
  .strictObject({
    neighbours: wholeNumber(0, MOST_NEIGHBOURS).default(10).meta({
      description: "How many of the nearest images of the map to tell of each image",
    }),
    space: z.enum(["map", "features"]).default("map").meta({
      description: "Where the neighbours are near: on the map, or in the network's feature space",
    }),
  })
  .meta({ id: "EmbedQuery" });

export const imageParams = z.strictObject({ index: wholeNumber(0, 999_999_999) });

export const mapName = z
  .object({
    id: z.string().meta({ description: "Changes with every training run" }),
    name: z.string(),
  })
  .meta({ id: "MapName" });

export const neighbour = z
  .object({
    index: z.int().meta({ description: "Row of the image in points.parquet" }),
    path: z.string(),
    label: z.string().nullable(),
    distance: z.number().meta({ description: "Euclidean, in units of the map, or of the feature codes" }),
    thumbnail: z.string().meta({ description: "Where its picture is, on this server" }),
  })
  .meta({ id: "Neighbour" });

export const placedImage = z
  .object({
    name: z.string().meta({ description: "File name as sent" }),
    embedding: z.array(z.number()).meta({ description: "Where the image falls on the map" }),
    novelty: z.number().min(0).max(1).meta({
      description:
        "Share of the map's images that are closer to their nearest in feature space than this one is to its own: 1 is stranger than all of them",
    }),
    neighbours: z.array(neighbour),
    label: z.string().optional().meta({
      description: "The most frequent label among its 15 nearest on the map, if the map has labels",
    }),
  })
  .meta({ id: "PlacedImage" });

export const imageProblem = z
  .object({
    name: z.string(),
    code: z.enum(["too_many_pixels", "unusable_image"]),
    message: z.string(),
  })
  .meta({ id: "ImageProblem" });

export const embedAnswer = z
  .object({ map: mapName, results: z.array(placedImage), errors: z.array(imageProblem) })
  .meta({ id: "EmbedAnswer" });

export const pointsAnswer = z
  .object({
    map: mapName,
    points: z.array(
      z.object({
        index: z.int(),
        path: z.string(),
        label: z.string().nullable(),
        x: z.number(),
        y: z.number(),
        z: z.number().optional(),
        novelty: z.number(),
        duplicateOf: z.int().nullable().optional().meta({
          description:
            "The first image that shows the same, if there is one; absent on maps of earlier versions",
        }),
      }),
    ),
  })
  .meta({ id: "Points" });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: "The kind of problem, for programs" }),
    detail: z.string().meta({ description: "What is wrong this time, for people" }),
    errors: z.array(imageProblem).optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457" });

export const status = z
  .object({ status: z.enum(["ok", "ready", "starting", "draining"]) })
  .meta({ id: "Status" });

export type EmbedQuery = z.infer<typeof embedQuery>;
export type PlacedImage = z.infer<typeof placedImage>;
export type ImageProblem = z.infer<typeof imageProblem>;
export type EmbedAnswer = z.infer<typeof embedAnswer>;

/** The first thing that is wrong with a value, in one line. */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue.path.join(".") || "query"}: ${issue.message}`;
}
