import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A copy of a map with other contents of some files, and checksums that match. @returns its folder */
export function resealed(map: string, target: string, changes: Readonly<Record<string, Uint8Array>>): string {
  cpSync(map, target, { recursive: true });
  const info = JSON.parse(readFileSync(join(target, "map.json"), "utf8"));
  for (const [name, content] of Object.entries(changes)) {
    writeFileSync(join(target, name), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    info.files[name] = { sha256, bytes: content.length };
  }
  writeFileSync(join(target, "map.json"), JSON.stringify(info));
  return target;
}
