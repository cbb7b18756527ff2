// Errors as RFC 9457 has them: application/problem+json.

import type { ErrorRequestHandler, Response } from "express";
import type { ImageProblem } from "./schemas.ts";

/** Seconds after which a client may try again what was too much for now. */
const RETRY_AFTER = 1;

/** Each kind of failure has one code, one status and one title. */
const KINDS = {
  bad_request: [400, "The request is not valid"],
  unauthorized: [401, "The API key is missing or wrong"],
  not_found: [404, "There is nothing here"],
  method_not_allowed: [405, "This route does not take this method"],
  not_acceptable: [406, "None of the accepted types can be given"],
  request_timeout: [408, "The request came too slowly"],
  body_too_large: [413, "The request body is too large"],
  too_many_files: [413, "Too many images in one request"],
  unsupported_media_type: [415, "The request body is of another type than images"],
  unusable_images: [422, "No image could be placed"],
  rate_limited: [429, "Too many requests"],
  queue_full: [503, "Too many images are waiting"],
  timeout: [503, "The time for the request is over"],
  worker_failed: [503, "The thread that was placing the image has failed"],
  starting: [503, "The map is being loaded"],
  draining: [503, "The server is shutting down"],
  internal: [500, "Something is wrong with the server"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof KINDS;

/** A failure that its client is told of. */
export class Problem extends Error {
  override name = "Problem";
  readonly code: ProblemCode;
  readonly images: readonly ImageProblem[] | undefined;
  /** Headers that belong to the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what is wrong this time and what to do about it, in one line */
  constructor(
    code: ProblemCode,
    detail: string,
    more: { images?: readonly ImageProblem[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.code = code;
    this.images = more.images;
    this.headers = { ...(this.status === 503 && { "Retry-After": String(RETRY_AFTER) }), ...more.headers };
  }

  get status(): number {
    return KINDS[this.code][0];
  }
}

/** Why the work for a request ends of which nobody waits for the answer. */
export class ClientGone extends Error {
  constructor() {
    super("the client has gone");
  }
}

/** Answers with a problem. */
export function sendProblem(response: Response, problem: Problem): void {
  const { code, status, message, images, headers } = problem;
  response
    .status(status)
    .set(headers)
    .type("application/problem+json")
    .send(
      JSON.stringify({
        type: "about:blank",
        title: KINDS[code][1],
        status,
        code,
        detail: message,
        ...(images && { errors: images }),
      }),
    );
}

/** What a thrown value means to the client: problems as they are, Express's own errors by their status. */
function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { status, type, message } = error as { status?: number; type?: string; message?: string };
  if (type === "entity.too.large") return new Problem("body_too_large", "send fewer or smaller images");
  if (status === 415) return new Problem("unsupported_media_type", String(message));
  if (status !== undefined && status >= 400 && status < 500)
    return new Problem("bad_request", String(message));
  return new Problem("internal", "the log of the server says more");
}

/** Express's last handler: every error becomes a problem; what is the server's own fault is logged. */
export const handleErrors: ErrorRequestHandler = (error, request, response, next) => {
  if (error instanceof ClientGone) return;
  const problem = problemOf(error);
  if (problem.status === 500) request.log.error({ err: error }, "a request failed");
  if (response.headersSent) return next(error);
  // What is left of the body is not read: the connection cannot be used again.
  if (!request.complete) response.set("Connection", "close");
  sendProblem(response, problem);
};
