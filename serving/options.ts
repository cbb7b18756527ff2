// What a server may be told. Every field has a command-line option of its name (cli/commands/serve.ts).

export interface ServingOptions {
  /** Bytes of a request body. Above: 413. */
  readonly maxBodyBytes: number;
  /** Images in one request. Above: 413. */
  readonly maxFiles: number;
  /** Pixels of an image, checked before it is decoded. Above: 422. */
  readonly maxPixels: number;
  /** Milliseconds from the arrival of a request to its answer. Above: 503. */
  readonly timeoutMs: number;
  /** Images that may wait at a time, those under way included. Above: 503. */
  readonly maxQueue: number;
  /** Images placed at once. */
  readonly batchSize: number;
  /** Milliseconds an image may wait for others to fill its batch. */
  readonly batchWaitMs: number;
  /** Threads that place images. */
  readonly workers: number;
  /** Images decoded side by side. */
  readonly decodes: number;
  /** Origins whose pages may call the API; "*" for all. */
  readonly cors: readonly string[];
  /** What `POST /v1/embed` demands as `Authorization: Bearer …`; undefined: nothing. */
  readonly apiKey: string | undefined;
  /** Requests to `POST /v1/embed` an address may make in a minute; 0: any number. Above: 429. */
  readonly rateLimit: number;
  /** Proxies in front that tell the client's address in X-Forwarded-For. */
  readonly trustProxy: number;
  /** Switch to a newer map when the folder is replaced. */
  readonly watch: boolean;
}

const MEGA = 1e6;

/** For a machine with so many processors. */
export function defaultServingOptions(processors: number): ServingOptions {
  return {
    maxBodyBytes: 64 * MEGA,
    maxFiles: 100,
    maxPixels: 100 * MEGA,
    timeoutMs: 30_000,
    maxQueue: 500,
    batchSize: 16,
    batchWaitMs: 2,
    workers: processors,
    decodes: 2 * processors,
    cors: [],
    apiKey: undefined,
    rateLimit: 0,
    trustProxy: 0,
    watch: false,
  };
}
