// Headers that tell browsers what our pages may do.

import type { RequestHandler } from "express";
import helmet from "helmet";

/** For the map page and the API. Nothing is loaded from, or sent to, anywhere else. */
export function securityHeaders(allowsOtherOrigins: boolean): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // regl compiles its draw commands with new Function; ONNX Runtime is WebAssembly.
        scriptSrc: ["'self'", "'unsafe-eval'"],
        workerSrc: ["'self'", "blob:"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "blob:", "data:"],
        connectSrc: ["'self'", "blob:", "data:"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'self'"],
      },
    },
    // Cross-origin isolation, which browsers want before they give WebAssembly threads.
    crossOriginOpenerPolicy: { policy: "same-origin" },
    crossOriginEmbedderPolicy: { policy: "require-corp" },
    crossOriginResourcePolicy: { policy: allowsOtherOrigins ? "cross-origin" : "same-origin" },
    // Whether there is TLS is for the proxy in front to say.
    strictTransportSecurity: false,
  });
}
