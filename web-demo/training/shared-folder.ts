import type { BroughtFile } from "../drop.ts";

/**
 * Files of one folder without its name, as paths are relative to the folder in `tsimcne train`; several folders, or
 * files alone, stay as they are.
 */
export function withoutSharedFolder(files: readonly BroughtFile[]): {
  readonly folder: string | undefined;
  readonly files: readonly BroughtFile[];
} {
  const end = files[0]?.name.indexOf("/") ?? -1;
  const prefix = files[0]?.name.slice(0, end + 1);
  if (end < 0 || !files.every(({ name }) => name.startsWith(prefix))) return { folder: undefined, files };
  return {
    folder: prefix.slice(0, -1),
    files: files.map((brought) => ({ ...brought, name: brought.name.slice(prefix.length) })),
  };
}
