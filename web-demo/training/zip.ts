import { zipSync } from "fflate";

/** Files as a .zip, in a folder of this name; they are compressed as they are. */
export async function zip(folder: string, files: ReadonlyMap<string, Blob>): Promise<Blob> {
  const entries: Record<string, Uint8Array> = {};
  for (const [name, content] of files) {
    entries[`${safe(folder)}/${name}`] = new Uint8Array(await content.arrayBuffer());
  }
  return new Blob([zipSync(entries, { level: 0 })], { type: "application/zip" });
}

/** A name that is one folder on every system. */
function safe(name: string): string {
  return name.replace(/[\\/:*?"<>|\p{Cc}]/gu, "_").replace(/^\.+$/, "map") || "map";
}
