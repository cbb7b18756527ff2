// The OpenAPI document, made from the schemas that check what goes in and describe what comes out.

import { createDocument } from "zod-openapi";
import { mapInfoSchema } from "../models/bundle/map-info.ts";
import { embedAnswer, embedQuery, imageParams, pointsAnswer, problem, status } from "./schemas.ts";

const json = <T>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

const problems = (...pairs: readonly (readonly [number, string])[]) =>
  Object.fromEntries(
    pairs.map(([code, description]) => [
      String(code),
      { description, content: { "application/problem+json": { schema: problem } } },
    ]),
  );

const binary = (type: string, description: string) => ({
  description,
  content: { [type]: { schema: { type: "string", format: "binary" } as const } },
});

const NOT_FOUND = [404, "There is no such thing"] as const;
const STARTING = [503, "The map is being loaded"] as const;

/** @param version of the package @param withKey whether `POST /v1/embed` demands a key */
export function openApiDocument(version: string, withKey: boolean): ReturnType<typeof createDocument> {
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "tsimcne",
      version,
      description:
        "Places new images on a fixed map of an image collection. The points already there do not move.",
      license: { name: "MIT", identifier: "MIT" },
    },
    ...(withKey && { components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } } }),
    paths: {
      "/v1/embed": {
        post: {
          summary: "Place images on the map",
          tags: ["Placing"],
          ...(withKey && { security: [{ key: [] }] }),
          requestParams: { query: embedQuery },
          requestBody: {
            required: true,
            content: {
              "multipart/form-data": {
                schema: {
                  type: "object",
                  required: ["images"],
                  properties: { images: { type: "array", items: { type: "string", format: "binary" } } },
                },
              },
              "image/*": { schema: { type: "string", format: "binary" } },
            },
          },
          responses: {
            "200": json(embedAnswer, "Where each image falls, and what could not be placed"),
            ...problems(
              [400, "The request is malformed"],
              ...(withKey ? [[401, "The key is missing or wrong"] as const] : []),
              [408, "The body came too slowly"],
              [413, "The body is too large, or has too many images"],
              [415, "The body is neither a form nor an image"],
              [422, "None of the images can be placed; `errors` says why"],
              [429, "Too many requests from this address"],
              [503, "Too much to do, out of time, starting or shutting down: see Retry-After"],
            ),
          },
        },
      },
      "/v1/map": {
        get: {
          summary: "What the map says about itself",
          tags: ["The map"],
          responses: { "200": json(mapInfoSchema, "map.json"), ...problems(STARTING) },
        },
      },
      "/v1/points": {
        get: {
          summary: "All points of the map",
          tags: ["The map"],
          responses: {
            "200": {
              description: "As JSON or Parquet, by the Accept header",
              content: {
                "application/json": { schema: pointsAnswer },
                "application/vnd.apache.parquet": { schema: { type: "string", format: "binary" } },
              },
            },
            ...problems([406, "Neither type is accepted"], STARTING),
          },
        },
      },
      "/v1/images/{index}": {
        get: {
          summary: "The thumbnail of an image of the map",
          tags: ["The map"],
          requestParams: { path: imageParams },
          responses: { "200": binary("image/png", "A square picture"), ...problems(NOT_FOUND, STARTING) },
        },
      },
      "/v1/thumbnails/{sheet}": {
        get: {
          summary: "A sheet of thumbnails, side by side in the order of the points",
          tags: ["The map"],
          parameters: [
            {
              name: "sheet",
              in: "path",
              required: true,
              example: "0.webp",
              schema: { type: "string", pattern: "^[0-9]+\\.webp$" },
            },
          ],
          responses: {
            "200": binary("image/webp", "At most 4096 × 4096 pixels"),
            ...problems(NOT_FOUND, STARTING),
          },
        },
      },
      "/healthz": {
        get: {
          summary: "Whether the process answers",
          tags: ["Operation"],
          responses: { "200": json(status, "It does") },
        },
      },
      "/readyz": {
        get: {
          summary: "Whether requests are welcome",
          tags: ["Operation"],
          responses: { "200": json(status, "They are"), "503": json(status, "Starting, or shutting down") },
        },
      },
      "/metrics": {
        get: {
          summary: "Metrics for Prometheus",
          tags: ["Operation"],
          responses: {
            "200": {
              description: "Text exposition format",
              content: { "text/plain": { schema: { type: "string" } } },
            },
          },
        },
      },
    },
  });
}
