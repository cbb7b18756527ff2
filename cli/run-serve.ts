// The command `serve`: runs until it is told to stop.

import { availableParallelism } from "node:os";
import pino from "pino";
import { idAndName } from "../models/bundle/map-info.ts";
import { defaultServingOptions, type ServingOptions } from "../serving/options.ts";
import { startServer } from "../serving/server.ts";
import type { ServeArguments } from "./commands/serve.ts";
import { interruptSignal } from "./interrupt.ts";
import { packageVersion } from "./package-version.ts";
import { printResult } from "./result.ts";
import { UsageError } from "./usage.ts";

/** Resolves when the server has ended. @throws UserError if it cannot be started */
export async function runServe(args: ServeArguments): Promise<void> {
  const options = servingOptions(args);
  const logger = pino({ level: args.logLevel }, pino.destination({ fd: 2, sync: false }));
  const server = await startServer({
    dir: args.map,
    host: args.host,
    port: args.port,
    options,
    logger,
    version: packageVersion,
  });
  const { info } = server.map;
  const stop = interruptSignal(() =>
    logger.info("finishing what was accepted; a second signal ends at once"),
  );
  const images = info.counts.images.toLocaleString("en");
  printResult(args.json, { url: server.url, map: idAndName(info) }, [
    `${info.name}, ${images} images: ${server.url}`,
  ]);
  if (!server.hasPage) logger.warn("there is no web page in this installation: npm run build makes it");
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  await server.close();
}

function servingOptions(args: ServeArguments): ServingOptions {
  const defaults = defaultServingOptions(availableParallelism());
  if (args.maxFiles > args.maxQueue) {
    throw new UsageError(
      `--max-files ${args.maxFiles} is more than may wait: raise --max-queue ${args.maxQueue}`,
    );
  }
  const apiKey = args.apiKey ?? process.env.TSIMCNE_API_KEY;
  if (apiKey === "") throw new UsageError("the API key is empty: leave it out, or give one");
  return {
    maxBodyBytes: args.maxBodyMegabytes * 1e6,
    maxFiles: args.maxFiles,
    maxPixels: args.maxMegapixels * 1e6,
    timeoutMs: args.timeout * 1000,
    maxQueue: args.maxQueue,
    batchSize: args.batchSize,
    batchWaitMs: args.batchWait,
    workers: args.workers ?? defaults.workers,
    decodes: args.decodes ?? defaults.decodes,
    cors: args.cors,
    apiKey,
    rateLimit: args.rateLimit,
    trustProxy: args.trustProxy,
    watch: args.watch,
  };
}
