// What the path of a file says about it.

/** Sorts by path, comparing UTF-8 bytes: the same order in every locale and on every machine. */
export function sortByPath<Item extends { readonly path: string }>(items: readonly Item[]): Item[] {
  const encoder = new TextEncoder();
  return items
    .map((item) => ({ item, bytes: encoder.encode(item.path) }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes))
    .map(({ item }) => item);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** The first folder of a path relative to the root of the images; undefined for a file right at the root. */
export function firstFolder(path: string): string | undefined {
  const end = path.indexOf("/");
  return end < 0 ? undefined : path.slice(0, end);
}

/** The longest folder, with its trailing slash, that all paths are in; empty where they share none. */
export function commonFolder(paths: readonly string[]): string {
  if (paths.length === 0) return "";
  let common = paths[0].slice(0, paths[0].lastIndexOf("/") + 1);
  for (const path of paths) {
    while (!path.startsWith(common)) common = common.slice(0, common.lastIndexOf("/", common.length - 2) + 1);
  }
  return common;
}
