// The time a request has from its arrival to its answer.

import type { RequestHandler } from "express";
import { ClientGone, Problem, sendProblem } from "./problem.ts";

/**
 * Puts an AbortSignal into `response.locals.signal` that ends the work for a request when its time is over or its
 * client has gone.
 */
export function deadline(timeoutMs: number): RequestHandler {
  return (request, response, next) => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const seconds = timeoutMs / 1000;
      controller.abort(new Problem("timeout", `the images were not placed within ${seconds} s; send fewer`));
      if (request.complete || response.headersSent) return;
      response.set("Connection", "close");
      sendProblem(response, new Problem("request_timeout", `the body did not arrive within ${seconds} s`));
    }, timeoutMs);
    response.once("close", () => {
      clearTimeout(timer);
      if (!response.writableFinished) controller.abort(new ClientGone());
    });
    response.locals.signal = controller.signal;
    next();
  };
}
