// The routes, and what every request passes through on its way to them.

import { randomUUID } from "node:crypto";
import cors from "cors";
import express, { type Express, type RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import pLimit from "p-limit";
import type { Logger } from "pino";
import { pinoHttp } from "pino-http";
import type { Admission } from "./admission.ts";
import { demandApiKey } from "./api-key.ts";
import type { MapSource } from "./current-map.ts";
import { deadline } from "./deadline.ts";
import type { Metrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import type { ServingOptions } from "./options.ts";
import { type Page, pageHandler } from "./page.ts";
import { handleErrors, Problem } from "./problem.ts";
import { expectImages, readBody } from "./read-images.ts";
import { embedHandler } from "./routes/embed.ts";
import {
  bundleFileHandler,
  imageHandler,
  mapHandler,
  pointsHandler,
  thumbnailsHandler,
} from "./routes/map.ts";
import { securityHeaders } from "./security.ts";

export interface AppInput {
  readonly options: ServingOptions;
  readonly source: MapSource;
  readonly admission: Admission;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Whether requests are welcome; else why not. */
  readonly readiness: () => "ready" | "starting" | "draining";
  /** The page that shows the map. */
  readonly page: Page;
  /** The page about the API. */
  readonly docs: Page;
  readonly version: string;
}

/** Request ids of others are kept if they are harmless in a log. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

export function createApp(input: AppInput): Express {
  const { options, source, admission, metrics, logger, readiness, page } = input;
  const app = express();
  app.disable("x-powered-by");
  app.set("trust proxy", options.trustProxy);
  app.set("etag", false);
  app.use(log(logger), measure(metrics), securityHeaders(options.cors.length > 0));
  if (options.cors.length > 0) {
    const origin = options.cors.includes("*") ? "*" : [...options.cors];
    app.use(cors({ origin, methods: ["GET", "POST"], exposedHeaders: ["X-Request-Id", "Retry-After"] }));
  }
  // What is stored must be asked after each time: the map may be another one by then.
  app.use((_, response, next) => {
    response.set("Cache-Control", "no-cache");
    next();
  });

  const embedding: RequestHandler[] = [
    deadline(options.timeoutMs),
    ...(options.apiKey === undefined ? [] : [demandApiKey(options.apiKey)]),
    ...(options.rateLimit === 0 ? [] : [limitRate(options.rateLimit)]),
    expectImages,
    (_request, _response, next) => {
      void source.map; // throws while there is none
      next();
    },
    admission.door,
    readBody(options.maxBodyBytes),
    embedHandler({ current: source, admission, decodes: pLimit(options.decodes), metrics, options }),
  ];
  app.route("/v1/embed").post(embedding).all(onlyMethods("POST"));

  const document = openApiDocument(input.version, options.apiKey !== undefined);
  const get = (path: string, handler: RequestHandler<never>) =>
    app
      .route(path)
      .get(handler as RequestHandler)
      .all(onlyMethods("GET, HEAD"));
  get("/v1/map", mapHandler(source));
  get("/v1/points", pointsHandler(source));
  get("/v1/thumbnails/:sheet", thumbnailsHandler(source));
  get("/v1/images/:index", imageHandler(source));
  get("/openapi.json", (_, response) => void response.json(document));
  app.get("/docs", (request, response, next) => {
    // Its files are named relative to the folder.
    if (request.path === "/docs") response.redirect(308, "docs/");
    else next();
  });
  get("/docs{/*path}", pageHandler(input.docs));
  get("/healthz", (_, response) => void response.json({ status: "ok" }));
  get("/readyz", (_, response) => {
    const status = readiness();
    response.status(status === "ready" ? 200 : 503).json({ status });
  });
  get("/metrics", async (_, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  get("/site.json", (_, response) => {
    response.json({ server: true, apiKey: options.apiKey !== undefined });
  });
  get("/map/*name", bundleFileHandler(source));
  get("/{*path}", pageHandler(page));
  app.use(handleErrors);
  return app;
}

function onlyMethods(allowed: string): RequestHandler {
  return () => {
    throw new Problem("method_not_allowed", `this route takes ${allowed}`, { headers: { Allow: allowed } });
  };
}

function limitRate(perMinute: number): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    handler: (_, __, next) =>
      next(new Problem("rate_limited", `at most ${perMinute} requests a minute; see Retry-After`)),
  });
}

/** One line of JSON a request: who asked for what, with what result; never what was sent. */
function log(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId(request, response) {
      const given = request.headers["x-request-id"];
      const id = typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID();
      response.setHeader("X-Request-Id", id);
      return id;
    },
    serializers: {
      req: ({ id, method, url, remoteAddress }) => ({ id, method, url, remoteAddress }),
      res: ({ statusCode }) => ({ statusCode }),
    },
    customLogLevel: (_, response, error) => {
      if (error || response.statusCode === 500) return "error";
      return response.statusCode >= 400 ? "warn" : "info";
    },
  }) as RequestHandler;
}

/** Counts and times requests by route, which keeps the number of series small whatever is asked for. */
function measure({ requests, latency }: Metrics): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    response.once("close", () => {
      const route = typeof request.route?.path === "string" ? request.route.path : "other";
      requests.inc({ method: request.method, route, status: response.statusCode });
      latency.observe({ route }, (performance.now() - start) / 1000);
    });
    next();
  };
}
