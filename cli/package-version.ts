import { createRequire } from "node:module";

const manifest = import.meta.url.endsWith(".ts") ? "../package.json" : "../../package.json";

/** Version of this package. */
export const packageVersion = (createRequire(import.meta.url)(manifest) as { version: string }).version;
