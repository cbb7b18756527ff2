// Where the files of the map are: in a folder beside the page, or kept in this browser, where one was trained.

import { keptMap } from "./kept.ts";

export interface MapFiles {
  /** Address of a file. */
  readonly url: (name: string) => string;
  /** Whether the map was trained in this browser: then no server knows it. */
  readonly kept: boolean;
}

/** Address of the page with the map that was trained here. */
export const KEPT_MAP_PAGE = "./?map=kept";

/** The files of the folder beside the page. */
export function servedMap(base: string): MapFiles {
  const folder = new URL("map/", base).href;
  return { url: (name) => folder + name, kept: false };
}

/** The files that the address asks for. @throws if it asks for a map that is not here */
export async function openMapFiles(base: string, search: string): Promise<MapFiles> {
  if (new URLSearchParams(search).get("map") !== "kept") return servedMap(base);
  const files = await keptMap();
  if (!files) throw new Error("no map has been trained in this browser");
  const urls = new Map(Array.from(files, ([name, content]) => [name, URL.createObjectURL(content)]));
  return { url: (name) => urls.get(name) ?? `missing/${name}`, kept: true };
}
