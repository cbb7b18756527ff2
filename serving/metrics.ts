// What Prometheus may ask: https://prometheus.io/docs/practices/naming/

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of one server. @param queueDepth tells how many images are waiting or under way */
export function createMetrics(queueDepth: () => number) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: "tsimcne_queue_images",
    help: "Images that were accepted and not answered yet",
    registers,
    collect() {
      this.set(queueDepth());
    },
  });
  return {
    registry,
    requests: new Counter({
      name: "http_requests_total",
      help: "Requests answered",
      labelNames: ["method", "route", "status"] as const,
      registers,
    }),
    latency: new Histogram({
      name: "http_request_duration_seconds",
      help: "From the arrival of a request to the end of its answer",
      labelNames: ["route"] as const,
      buckets: SECONDS,
      registers,
    }),
    decoding: new Histogram({
      name: "tsimcne_decode_seconds",
      help: "Decoding an image",
      buckets: SECONDS,
      registers,
    }),
    inference: new Histogram({
      name: "tsimcne_inference_seconds",
      help: "Placing a batch of images, resize and neighbours in feature space included",
      buckets: SECONDS,
      registers,
    }),
    batches: new Histogram({
      name: "tsimcne_batch_images",
      help: "Images placed at once",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    }),
    images: new Counter({
      name: "tsimcne_images_total",
      help: "Images by what became of them",
      labelNames: ["outcome"] as const,
      registers,
    }),
    workerFailures: new Counter({
      name: "tsimcne_worker_failures_total",
      help: "Threads that failed and were replaced",
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
