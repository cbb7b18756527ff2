import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import opentype from "opentype.js";
import type { Fonts, Weight } from "./text.ts";

const require = createRequire(import.meta.url);
let fonts: Fonts | undefined;

/** Roboto, read when it is first asked for. */
export function nodeFonts(): Fonts {
  fonts ??= { Regular: read("Regular"), Medium: read("Medium") };
  return fonts;
}

function read(weight: Weight): opentype.Font {
  const file = readFileSync(require.resolve(`roboto-fontface/fonts/roboto/Roboto-${weight}.woff`));
  return opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer);
}
