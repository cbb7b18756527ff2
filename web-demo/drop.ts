// Files that are dropped, pasted or picked, with those in folders.

import { reasonOf } from "../models/errors.ts";
import { hasImageExtension, isHidden } from "../models/image-names.ts";

export interface NamedFile {
  /** With the folders it lies in. */
  readonly name: string;
  readonly file: File;
}

/** A file, or a folder, that gives no images. */
export interface UnreadableFile {
  readonly name: string;
  readonly reason: string;
}

export type BroughtFile = NamedFile | UnreadableFile;

/** All images of a drop. Call it within the event: what was dropped can be asked for only there. */
export async function droppedFiles(transfer: DataTransfer): Promise<BroughtFile[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.()).filter((entry) => !!entry);
  if (entries.length === 0) return listedFiles(transfer.files);
  const files = await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isDirectory) return [fileOf(entry as FileSystemFileEntry)];
      const found = await filesIn(entry as FileSystemDirectoryEntry);
      return found.length > 0 ? found : [withoutImages(nameOf(entry))];
    }),
  );
  return await Promise.all(files.flat());
}

/** The images of a file input, or of the clipboard. */
export function listedFiles(files: FileList): BroughtFile[] {
  const found = Array.from(files)
    .map((file) => ({ name: file.webkitRelativePath || file.name, file }))
    .filter(({ file, name }) => file.webkitRelativePath === "" || isImageName(name));
  if (found.length > 0 || files.length === 0) return found;
  const [folder] = files[0].webkitRelativePath.split("/");
  return [withoutImages(folder)];
}

function withoutImages(folder: string): UnreadableFile {
  return { name: folder, reason: "no images in this folder" };
}

/** In a folder lie other things than images; only what is named like one is taken from there. */
function isImageName(path: string): boolean {
  return hasImageExtension(path) && !path.split("/").some(isHidden);
}

async function fileOf(entry: FileSystemFileEntry): Promise<BroughtFile> {
  const name = nameOf(entry);
  try {
    return { name, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) };
  } catch (error) {
    return { name, reason: reasonOf(error) };
  }
}

/** In the order of their names, folder by folder. */
async function filesIn(folder: FileSystemDirectoryEntry): Promise<(BroughtFile | Promise<BroughtFile>)[]> {
  let entries: FileSystemEntry[];
  try {
    entries = await entriesOf(folder);
  } catch (error) {
    return [{ name: nameOf(folder), reason: reasonOf(error) }];
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = await Promise.all(
    entries.map((entry) => {
      if (entry.isDirectory)
        return entry.name.startsWith(".") ? [] : filesIn(entry as FileSystemDirectoryEntry);
      return isImageName(entry.name) ? [fileOf(entry as FileSystemFileEntry)] : [];
    }),
  );
  return found.flat();
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  // A reader hands out a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return entries;
    entries.push(...some);
  }
}

function nameOf({ fullPath }: FileSystemEntry): string {
  return fullPath.replace(/^\//, "");
}
