/**
 * Servers by a file that somebody else writes, read again every few seconds.
 *
 * It is read whole by its path each time, so a file that was replaced is seen however that was done and
 * whatever its times say. What differs from before is taken when the next read finds the same, a moment
 * later: then nobody is in the middle of writing it. A file that is missing or invalid changes nothing.
 */
import { problemText } from '../../core/config/index.ts';
import { type Disk, type DiskFile, errorCode } from '../../core/runtime/index.ts';
import { FILE_BYTES_MAX } from './limits.ts';
import { readMembers } from './member-file.ts';
import type { Look } from './polled-source.ts';

/** Between two reads of a file that has just changed. */
const SETTLE_MS = 200;

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** Looks into the file at `path`. */
export function fileLook(disk: Disk, path: string, everyMs: number): () => Promise<Look> {
  let last: Look | undefined;
  let taken: FileText | undefined;
  let candidate: FileText | undefined;
  return async () => {
    const read = await readText(disk, path);
    if (last !== undefined && same(read, taken)) return last;
    if (last !== undefined && !same(read, candidate)) {
      candidate = read;
      return { ...last, nextMs: Math.min(SETTLE_MS, everyMs) };
    }
    taken = read;
    candidate = undefined;
    last = { ...meaning(read, path, last), nextMs: everyMs };
    return last;
  };
}

function meaning(read: FileText, path: string, last: Look | undefined): Omit<Look, 'nextMs'> {
  if (!read.ok) return { members: last?.members, problem: read.problem };
  const file = readMembers(read.text, path);
  if (file.ok) return { members: file.members, problem: undefined };
  const [first, ...others] = file.problems;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return {
    members: last?.members,
    problem: first === undefined ? undefined : `${problemText(first)}${more}`,
  };
}

function same(a: FileText, b: FileText | undefined): boolean {
  if (b === undefined) return false;
  return a.ok ? b.ok && a.text === b.text : !b.ok && a.problem === b.problem;
}

/** The text of a file of at most `FILE_BYTES_MAX` in UTF-8, or why it cannot be had. */
export async function readText(disk: Disk, path: string): Promise<FileText> {
  let file: DiskFile | undefined;
  try {
    file = await disk.open(path, { mode: 'read' });
    const bytes = await readBytes(file, FILE_BYTES_MAX + 1);
    if (bytes.length > FILE_BYTES_MAX) {
      return { ok: false, problem: `${path} has more than ${FILE_BYTES_MAX} bytes` };
    }
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    const code = errorCode(error);
    const why =
      code === 'ENOENT'
        ? 'is missing'
        : code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
          ? 'is not UTF-8'
          : `cannot be read (${code})`;
    return { ok: false, problem: `${path} ${why}` };
  } finally {
    file?.closeSync();
  }
}

/** What the file holds, `max` bytes of it at most. */
async function readBytes(file: DiskFile, max: number): Promise<Buffer> {
  let bytes = Buffer.allocUnsafe(Math.min(max, file.sizeSync() + 1));
  let length = 0;
  for (;;) {
    const count = await readSome(file, bytes, length);
    length += count;
    if (count === 0 || length === max) return bytes.subarray(0, length);
    if (length === bytes.length) {
      // It has grown since its size was asked for.
      bytes = Buffer.concat([bytes], Math.min(max, length * 2));
    }
  }
}

function readSome(file: DiskFile, into: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    file.read(into, at, into.length - at, at, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
