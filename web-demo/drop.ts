// Files that are dropped, pasted or picked, with those in folders.

import { hasImageExtension, isHidden } from "../models/image-names.ts";

export interface NamedFile {
  /** With the folders it lies in. */
  readonly name: string;
  readonly file: File;
}

/** All images of a drop. Call it within the event: what was dropped can be asked for only there. */
export async function droppedFiles(transfer: DataTransfer): Promise<NamedFile[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.()).filter((entry) => !!entry);
  if (entries.length === 0) return listedFiles(transfer.files);
  const files = await Promise.all(
    entries.map((entry) =>
      entry.isDirectory ? filesIn(entry as FileSystemDirectoryEntry) : [fileOf(entry)],
    ),
  );
  return await Promise.all(files.flat());
}

/** The images of a file input, or of the clipboard. */
export function listedFiles(files: FileList): NamedFile[] {
  return Array.from(files)
    .map((file) => ({ name: file.webkitRelativePath || file.name, file }))
    .filter(({ file, name }) => file.webkitRelativePath === "" || isImageName(name));
}

/** In a folder lie other things than images; only what is named like one is taken from there. */
function isImageName(path: string): boolean {
  return hasImageExtension(path) && !path.split("/").some(isHidden);
}

function fileOf(entry: FileSystemEntry): Promise<NamedFile> {
  return new Promise((resolve, reject) => {
    (entry as FileSystemFileEntry).file(
      (file) => resolve({ name: entry.fullPath.replace(/^\//, ""), file }),
      reject,
    );
  });
}

/** In the order of their names, folder by folder. */
async function filesIn(folder: FileSystemDirectoryEntry): Promise<Promise<NamedFile>[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  // A reader hands out a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break;
    entries.push(...some);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = await Promise.all(
    entries.map((entry) => {
      if (entry.isDirectory)
        return entry.name.startsWith(".") ? [] : filesIn(entry as FileSystemDirectoryEntry);
      return isImageName(entry.name) ? [fileOf(entry)] : [];
    }),
  );
  return found.flat();
}
