// What `make build` makes of the sources: the command starts in a third of the time that the sources take, the page
// runs in no other way.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGE_DIR } from "../../serving/page.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The command as it is installed. @throws if it is older than its sources */
export function builtCommand(): string {
  refuseOlder(join(ROOT, "dist/cli/help.json"), ["cli", "models", "serving", "training"]);
  return join(ROOT, "dist/cli/tsimcne.js");
}

/** The folder of the page. @throws if it is older than its sources */
export function builtPage(): string {
  refuseOlder(join(PAGE_DIR, "index.html"), ["web-demo", "models", "training"]);
  return PAGE_DIR;
}

/** @param last the file that a build writes last */
function refuseOlder(last: string, rooms: readonly string[]): void {
  const built = statSync(last, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const room of rooms) {
    for (const name of readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })) {
      if (!/\.(ts|tsx|css|html)$/.test(name) || statSync(join(ROOT, room, name)).mtimeMs <= built) continue;
      throw new Error(`dist/ is older than ${join(room, name)}: make build`);
    }
  }
}
