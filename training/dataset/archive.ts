// What tar and zip archives have in common: members with names, of which some are images.

import { posix } from "node:path";
import { reasonOf, UserError } from "../../models/errors.ts";
import { imageKind, KIND_BYTES } from "../../models/image-kind.ts";
import { hasImageExtension, isHidden } from "../../models/image-names.ts";
import { mapInOrder } from "../../models/in-order.ts";
import { type Contents, checkFileSize, type ImageEntry } from "./entries.ts";
import { FILES_AT_ONCE } from "./files.ts";
import { commonFolder, firstFolder } from "./names.ts";
import type { Skipped } from "./skipped.ts";

/** A regular file in an archive. */
export interface Member {
  readonly name: string;
  readonly size: number;
  /** Where in the archive it is; two members never share it. */
  readonly position: number;
  /** Why it cannot be read, where that is known beforehand. */
  readonly problem?: string;
  /** Its first `length` bytes, or all where it is shorter. */
  read(length: number): Promise<Buffer>;
}

/**
 * The images among the members. Archives often hold one folder that holds everything (`train/cat/1.jpg`), so the label
 * is the first folder level below the longest folder that all images share. Where two members have the same name, the
 * later one replaces the earlier, as it does when the archive is unpacked.
 * @param stamp changes whenever the archive does
 */
export async function archiveContents(
  members: readonly Member[],
  stamp: string,
  close: () => Promise<void>,
): Promise<Contents> {
  const byPath = new Map<string, Member>();
  for (const member of members) {
    const path = memberPath(member.name);
    if (!path.split("/").some(isHidden)) byPath.set(path, member);
  }
  const images: [path: string, member: Member][] = [];
  const skipped: Skipped[] = [];
  let otherFiles = 0;
  for await (const [path, member, image] of mapInOrder([...byPath], FILES_AT_ONCE, look)) {
    if (!image) otherFiles++;
    else if (member.problem !== undefined) skipped.push({ path, reason: member.problem });
    else images.push([path, member]);
  }
  const root = commonFolder(images.map(([path]) => path)).length;
  const entries = images.map(
    ([path, member]): ImageEntry => ({
      path,
      label: firstFolder(path.slice(root)),
      stamp: `${stamp}|${member.position}|${path}`,
      async read() {
        checkFileSize(member.size);
        const bytes = await readMember(member, member.size);
        if (bytes.length < member.size) throw new UserError("the archive ends before the file does");
        return bytes;
      },
    }),
  );
  return { entries, skipped, otherFiles, close };
}

/** The name as a relative path: archives may hold `./a.png`, `/a.png` or `../a.png`. Nothing is written by that name. */
function memberPath(name: string): string {
  return posix.normalize(`/${name}`).slice(1);
}

async function look([path, member]: [string, Member]): Promise<[string, Member, boolean]> {
  if (hasImageExtension(path)) return [path, member, true];
  if (member.problem !== undefined) return [path, member, false];
  const head = await readMember(member, KIND_BYTES).catch(() => Buffer.alloc(0));
  return [path, member, imageKind(head) !== undefined];
}

async function readMember(member: Member, length: number): Promise<Buffer> {
  try {
    return await member.read(length);
  } catch (error) {
    throw new UserError(`the archive is damaged (${reasonOf(error)})`);
  }
}
