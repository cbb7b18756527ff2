// A server from its start to its end.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { idAndName } from "../models/bundle/map-info.ts";
import { UserError } from "../models/errors.ts";
import { Admission } from "./admission.ts";
import { createApp } from "./app.ts";
import { CurrentMap } from "./current-map.ts";
import type { LoadedMap } from "./loaded-map.ts";
import { createMetrics } from "./metrics.ts";
import type { ServingOptions } from "./options.ts";
import { DOCS_DIR, openPage, PAGE_DIR } from "./page.ts";
import { Problem } from "./problem.ts";

export interface ServerInput {
  /** Folder of the map. */
  readonly dir: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly options: ServingOptions;
  readonly logger: Logger;
  /** Version of the package, for the API's document. */
  readonly version: string;
}

export interface RunningServer {
  /** Where it is, with a slash at the end. */
  readonly url: string;
  readonly map: LoadedMap;
  /** Whether there is a page at the address. */
  readonly hasPage: boolean;
  /** Finishes what was accepted, refuses the rest, and ends. */
  close(): Promise<void>;
}

/**
 * Listens, then loads the map: until it is loaded `/readyz` and the API say so.
 * @throws UserError if the address cannot be had or the map cannot be used
 */
export async function startServer(input: ServerInput): Promise<RunningServer> {
  const { dir, host, port, options, logger, version } = input;
  const admission = new Admission(options.maxQueue);
  const metrics = createMetrics(() => admission.inside);
  let current: CurrentMap | undefined;
  const page = await openPage(PAGE_DIR);
  const docs = await openPage(DOCS_DIR);
  const app = createApp({
    options,
    admission,
    metrics,
    logger,
    version,
    page,
    docs,
    readiness: () => (admission.draining ? "draining" : current ? "ready" : "starting"),
    source: {
      get map() {
        if (!current) throw new Problem("starting", "ask again in a moment");
        return current.map;
      },
    },
  });
  const server = createServer(app);
  // Bodies that trickle in for ever would hold their memory for ever.
  server.requestTimeout = options.timeoutMs + 5000;
  await listen(server, host, port);
  try {
    current = await CurrentMap.open(dir, {
      workers: options.workers,
      batchSize: options.batchSize,
      batchWaitMs: options.batchWaitMs,
      onBatch(images, seconds) {
        metrics.batches.observe(images);
        metrics.inference.observe(seconds);
      },
      onFailure(error) {
        metrics.workerFailures.inc();
        logger.error({ err: error }, "a thread that places images has failed and is replaced");
      },
    });
  } catch (error) {
    server.close();
    server.closeAllConnections();
    throw error;
  }
  if (options.watch) {
    current.watch({
      onSwitch: ({ info }) => logger.info({ map: idAndName(info) }, "switched to a newer map"),
      onFailure: (error) => logger.error({ err: error }, "the new map cannot be used: the old one stays"),
    });
  }
  const opened = current;
  return {
    url: addressOf(server, host),
    get map() {
      return opened.map;
    },
    hasPage: page.size > 0,
    async close() {
      await admission.drain();
      await closed(server);
      await opened.close();
      for (const { handle } of [...page.values(), ...docs.values()]) await handle.close();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `port ${port} is taken; choose another with --port`,
        EACCES: `port ${port} may not be used; choose one above 1023 with --port`,
        EADDRNOTAVAIL: `this machine has no address ${host}; choose another with --host`,
        ENOTFOUND: `there is no host ${host}; choose another with --host`,
      };
      reject(new UserError(`cannot listen: ${reasons[error.code ?? ""] ?? error.message}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function addressOf(server: Server, host: string): string {
  const { port, family } = server.address() as AddressInfo;
  const everywhere = host === "0.0.0.0" || host === "::";
  const name = everywhere ? "localhost" : family === "IPv6" ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}

/** Stops listening, and ends when all connections have ended. */
async function closed(server: Server): Promise<void> {
  // Connections that are kept alive by their clients become idle one after the other.
  const timer = setInterval(() => server.closeIdleConnections(), 50);
  await new Promise((resolve) => server.close(resolve));
  clearInterval(timer);
}
