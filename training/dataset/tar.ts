import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { reasonOf, UserError } from "../../models/errors.ts";
import { archiveContents, type Member } from "./archive.ts";
import type { Contents } from "./entries.ts";
import { fileReason, isDiskFull } from "./file-reason.ts";
import { readAt, statFile } from "./files.ts";

/**
 * The images in a tar archive. One pass notes where each member starts; the images are read from there.
 * @throws UserError where the archive is damaged or cut off
 */
export async function openTar(location: string): Promise<Contents> {
  const { stamp } = await statFile(location);
  return tarContents(await open(location), location, stamp);
}

/**
 * The images in a gzipped tar archive, which is unpacked to a temporary tar for as long as it is open.
 * @throws UserError where the archive is damaged or cut off, or the temporary folder is full
 */
export async function openTarGz(location: string): Promise<Contents> {
  const { stamp } = await statFile(location);
  const folder = await mkdtemp(join(tmpdir(), "tsimcne-tar-"));
  const file = await open(join(folder, "unpacked.tar"), "w+");
  try {
    // The open file lives on without a name, and goes with the process however that ends.
    await rm(folder, { recursive: true, force: true });
    await pipeline(createReadStream(location), createGunzip(), async (unpacked) => {
      for await (const bytes of unpacked) await file.writeFile(bytes);
    });
  } catch (error) {
    await file.close();
    if (isDiskFull(error)) {
      throw new UserError(
        `${location}: no space left in ${tmpdir()} to unpack it (set TMPDIR to another folder)`,
      );
    }
    throw new UserError(`${location}: damaged or truncated gzip (${fileReason(error)})`);
  }
  return tarContents(file, location, stamp);
}

async function tarContents(file: FileHandle, location: string, stamp: string): Promise<Contents> {
  try {
    return await archiveContents(await tarMembers(file), stamp, () => file.close());
  } catch (error) {
    await file.close();
    throw new UserError(`${location}: damaged or truncated tar archive (${reasonOf(error)})`);
  }
}

async function tarMembers(file: FileHandle): Promise<Member[]> {
  const members = new Map<string, Member>();
  const indexer = extract();
  indexer.on("entry", (header, content, next) => {
    const member = tarMember(file, header, members);
    if (member !== undefined) members.set(header.name, member);
    content.on("end", next);
    content.on("error", () => {}); // The indexer fails of the same.
    content.resume();
  });
  const bytes = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 20 });
  await pipeline(bytes, indexer);
  return [...members.values()];
}

/** What tar-stream really gives, beyond its types: where the content begins, and no type where it knows none. */
type StoredHeader = Omit<Header, "type"> & { byteOffset: number; type: Header["type"] | null };

/** undefined for folders and devices. */
function tarMember(
  file: FileHandle,
  header: Header,
  earlier: ReadonlyMap<string, Member>,
): Member | undefined {
  const { name, size, type, byteOffset: position } = header as StoredHeader;
  const read = (length: number) => readAt(file, position, Math.min(length, size));
  switch (type) {
    case "file":
    case "contiguous-file":
      return { name, size, position, read };
    case "link": {
      // tar stores a file with two names once, and the second name as a link to the first.
      const target = earlier.get(header.linkname);
      return target && { ...target, name, position };
    }
    case "symlink":
      return { name, size: 0, position, problem: "symbolic link inside an archive", read };
    case null: // A type unknown to tar-stream, such as GNU sparse files.
      return { name, size: 0, position, problem: "stored in a way that is not supported", read };
    default:
      return undefined;
  }
}
