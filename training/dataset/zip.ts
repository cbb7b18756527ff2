import { once } from "node:events";
import yauzl from "yauzl";
import { reasonOf, UserError } from "../../models/errors.ts";
import { archiveContents, type Member } from "./archive.ts";
import type { Contents } from "./entries.ts";
import { statFile } from "./files.ts";

/**
 * The images in a zip archive, each read when asked for. A member that unpacks to more than it declares is an error,
 * and one that declares too much is not read.
 * @throws UserError where the archive is damaged or cut off
 */
export async function openZip(location: string): Promise<Contents> {
  const { stamp } = await statFile(location);
  try {
    // Names are decoded below: yauzl would refuse the whole archive for one name such as "../a.png".
    const zip = await yauzl.openPromise(location, { autoClose: false, decodeStrings: false });
    try {
      const members: Member[] = [];
      for await (const entry of zip.eachEntry()) {
        const member = zipMember(zip, entry);
        if (!member.name.endsWith("/")) members.push(member);
      }
      return await archiveContents(members, stamp, async () => {
        zip.close();
        await once(zip, "close");
      });
    } catch (error) {
      zip.close();
      throw error;
    }
  } catch (error) {
    throw new UserError(`${location}: damaged or truncated zip archive (${reasonOf(error)})`);
  }
}

function zipMember(zip: yauzl.ZipFile, entry: yauzl.Entry): Member {
  const { generalPurposeBitFlag, fileNameRaw, extraFields, uncompressedSize } = entry;
  return {
    name: yauzl.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false),
    size: uncompressedSize,
    position: entry.relativeOffsetOfLocalHeader,
    problem: entry.isEncrypted()
      ? "encrypted"
      : entry.canDecodeFileData()
        ? undefined
        : `packed with a method that is not supported (${entry.compressionMethod})`,
    async read(length) {
      const stream = await zip.openReadStreamPromise(entry);
      const chunks: Buffer[] = [];
      let filled = 0;
      for await (const chunk of stream) {
        chunks.push(chunk);
        filled += chunk.length;
        if (filled >= length && length < uncompressedSize) break;
      }
      return Buffer.concat(chunks).subarray(0, length);
    },
  };
}
