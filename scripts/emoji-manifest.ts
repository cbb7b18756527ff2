// Writes a manifest of the pictures of the npm package emoji-datasource-google, for the demo:
//
//   node --import tsx scripts/emoji-manifest.ts --out build/emoji.csv
//   tsimcne train build/emoji.csv
//
// One line per picture, skin-tone variations included, the emoji's category as its label.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";

interface Picture {
  readonly image: string;
  readonly has_img_google: boolean;
}

interface Emoji extends Picture {
  readonly category: string;
  readonly skin_variations?: Record<string, Picture>;
}

const { out } = parseArgs({ options: { out: { type: "string", default: "build/emoji.csv" } } }).values;
const list = createRequire(import.meta.url).resolve("emoji-datasource-google/emoji.json");
const pictures = path.join(path.dirname(list), "img", "google", "64");
const folder = path.dirname(path.resolve(out));

/** A path as a manifest has it: seen from the manifest's folder, with forward slashes. */
const fromManifest = (name: string) =>
  path.relative(folder, path.join(pictures, name)).replaceAll(path.sep, "/");
const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;

const lines: string[] = [];
for (const emoji of JSON.parse(readFileSync(list, "utf8")) as Emoji[]) {
  for (const { image, has_img_google } of [emoji, ...Object.values(emoji.skin_variations ?? {})]) {
    if (has_img_google) lines.push(`${quoted(fromManifest(image))},${quoted(emoji.category)}`);
  }
}

mkdirSync(folder, { recursive: true });
writeFileSync(out, `path,label\n${lines.join("\n")}\n`);
console.error(`${out}: ${lines.length} pictures`);
