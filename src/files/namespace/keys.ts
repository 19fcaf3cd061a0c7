/**
 * Keys of the namespace's records; the grammar is docs/formats/namespace.md.
 *
 * Invariant: the order of entries below a directory is the order of S3's keys, because the name of a directory
 * ends with '/' and no other name has one.
 */

/** First byte of a key. */
export const Space = {
  counter: 0,
  entry: 1,
  version: 2,
  tally: 3,
  block: 4,
  extents: 5,
  document: 6,
  lease: 7,
  upload: 8,
  part: 9,
  reclaim: 10,
  /** Snapshots of a directory. */
  snapshots: 11,
  /** An entry or tally as it was in snapshots. */
  saved: 12,
  /** The same by the snapshot that holds it. */
  savedBy: 13,
  /** The directory itself as it was in a snapshot. */
  snapshotRoot: 14,
  /** Records that name a directory, when they are several. */
  owners: 15,
  /** Which snapshots see what is in a directory that was deleted. */
  left: 16,
} as const;

export const ROOT_ID = 1;
const HEAD_BYTES = 9;
const SLASH = 0x2f;

export const COUNTER_KEY = Buffer.from([Space.counter, 1]);
/** Which file system this is. */
export const IDENTITY_KEY = Buffer.from([Space.counter, 2]);
export const ROOT_KEY = Buffer.from([Space.entry, 0, 0, 0, 0, 0, 0, 0, 0, SLASH]);

/** The entry of a file. */
export function fileKey(directory: number, name: string): Buffer {
  return named(Space.entry, directory, name, 0);
}

/** The entry of a directory. */
export function directoryKey(directory: number, name: string): Buffer {
  return named(Space.entry, directory, name, 1);
}

export function isDirectoryKey(key: Buffer): boolean {
  return key[key.length - 1] === SLASH && key.length > HEAD_BYTES;
}

/** The name in the key of an entry, without the '/' of a directory. */
export function entryName(key: Buffer): string {
  return key.toString('utf8', HEAD_BYTES, isDirectoryKey(key) ? key.length - 1 : key.length);
}

/** Keys below a directory from some bytes of a name on; inclusive. */
export function entriesFrom(directory: number, from: string): Buffer {
  return named(Space.entry, directory, from, 0);
}

export function versionKey(series: number, version: number): Buffer {
  const key = numbered(Space.version, series, 8);
  putU64(key, HEAD_BYTES, Number.MAX_SAFE_INTEGER - version);
  return key;
}

/** The number of the version that a key of that space names. */
export function versionOf(key: Buffer): number {
  return Number.MAX_SAFE_INTEGER - getU64(key, HEAD_BYTES);
}

export const tallyKey = (directory: number): Buffer => numbered(Space.tally, directory, 0);
export const blockKey = (block: number): Buffer => numbered(Space.block, block, 0);
export const reclaimKey = (nth: number): Buffer => numbered(Space.reclaim, nth, 0);
export const snapshotsKey = (root: number): Buffer => numbered(Space.snapshots, root, 0);
export const leftKey = (directory: number): Buffer => numbered(Space.left, directory, 0);
export const ownersKey = (directory: number): Buffer => numbered(Space.owners, directory, 0);

export function snapshotRootKey(root: number, snapshot: number): Buffer {
  const key = numbered(Space.snapshotRoot, root, 8);
  putU64(key, HEAD_BYTES, snapshot);
  return key;
}

export function extentsKey(file: number, nth: number): Buffer {
  const key = numbered(Space.extents, file, 4);
  key.writeUInt32BE(nth, HEAD_BYTES);
  return key;
}

export function documentKey(owner: number, name: string): Buffer {
  return named(Space.document, owner, name, 0);
}

export function leaseKey(directory: number, name: string): Buffer {
  return named(Space.lease, directory, name, 0);
}

/** Uploads of one key, or with `prefixOnly` of all keys that begin with it, stand together. */
export function uploadsFrom(bucket: number, key: string, prefixOnly = false): Buffer {
  const bytes = Buffer.from(key);
  const zeros = zerosIn(bytes);
  const from = numbered(Space.upload, bucket, bytes.length + zeros + (prefixOnly ? 0 : 2));
  const at = putEscaped(from, HEAD_BYTES, bytes);
  if (!prefixOnly) from.fill(0, at);
  return from;
}

function zerosIn(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0) count++;
  return count;
}

/** Bytes so that two zeros end them and their order stays. @returns where they end. */
function putEscaped(into: Buffer, from: number, bytes: Buffer): number {
  let at = from;
  for (const byte of bytes) {
    into[at++] = byte;
    if (byte === 0) into[at++] = 0xff;
  }
  return at;
}

export function uploadKey(bucket: number, key: string, upload: number): Buffer {
  const id = Buffer.allocUnsafe(8);
  putU64(id, 0, upload);
  return Buffer.concat([uploadsFrom(bucket, key), id]);
}

/** The object's key and the upload's number in the key of an upload. */
export function readUploadKey(key: Buffer): { readonly key: string; readonly upload: number } {
  const end = key.length - 10;
  const bytes = Buffer.allocUnsafe(end - HEAD_BYTES);
  let length = 0;
  for (let at = HEAD_BYTES; at < end; at++) {
    bytes[length++] = key[at]!;
    if (key[at] === 0) at++;
  }
  return { key: bytes.toString('utf8', 0, length), upload: getU64(key, key.length - 8) };
}

export function partKey(upload: number, part: number): Buffer {
  const key = numbered(Space.part, upload, 2);
  key.writeUInt16BE(part, HEAD_BYTES);
  return key;
}

export const partOf = (key: Buffer): number => key.readUInt16BE(HEAD_BYTES);

/** Which entry or tally a saved record is of: directory, and the name as two zeros end it, or 0 1 for the tally. */
export function savedPart(record: Buffer): Buffer {
  const isTally = record[0] === Space.tally;
  const name = record.subarray(HEAD_BYTES);
  const part = Buffer.alloc(8 + (isTally ? 0 : name.length + zerosIn(name)) + 2);
  record.copy(part, 0, 1, HEAD_BYTES);
  if (isTally) part[part.length - 1] = 1;
  else putEscaped(part, 8, name);
  return part;
}

/** @param snapshot the last that it holds for. */
export function savedKey(root: number, part: Buffer, snapshot: number): Buffer {
  const key = numbered(Space.saved, root, part.length + 8);
  part.copy(key, HEAD_BYTES);
  putU64(key, HEAD_BYTES + part.length, snapshot);
  return key;
}

export function savedByKey(root: number, snapshot: number, part: Buffer): Buffer {
  const key = numbered(Space.savedBy, root, 8 + part.length);
  putU64(key, HEAD_BYTES, snapshot);
  part.copy(key, HEAD_BYTES + 8);
  return key;
}

/** Everything that one snapshot holds. */
export function savedByRange(
  root: number,
  snapshot: number,
): { readonly from: Buffer; readonly to: Buffer } {
  const nothing = Buffer.alloc(0);
  return { from: savedByKey(root, snapshot, nothing), to: savedByKey(root, snapshot + 1, nothing) };
}

/** The part in the key of what a snapshot holds. */
export const partOfSavedBy = (key: Buffer): Buffer => key.subarray(HEAD_BYTES + 8);
export const directoryOfPart = (part: Buffer): number => getU64(part, 0);
export const isTallyPart = (part: Buffer): boolean => part[part.length - 1] === 1;

/** All that is saved of entries of a directory, and of its tally. */
export function savedRange(
  root: number,
  directory: number,
): { readonly from: Buffer; readonly to: Buffer } {
  const at = (number: number): Buffer => {
    const key = numbered(Space.saved, root, 8);
    putU64(key, HEAD_BYTES, number);
    return key;
  };
  return { from: at(directory), to: at(directory + 1) };
}

/** The entry that a saved record is of, and the snapshot; null: it is a tally. */
export function readSavedKey(
  key: Buffer,
): { readonly entry: Buffer; readonly snapshot: number } | null {
  const part = key.subarray(HEAD_BYTES, key.length - 8);
  if (isTallyPart(part)) return null;
  const entry = Buffer.alloc(1 + part.length - 2);
  entry[0] = Space.entry;
  part.copy(entry, 1, 0, 8);
  let length = HEAD_BYTES;
  for (let at = 8; at < part.length - 2; at++) {
    entry[length++] = part[at]!;
    if (part[at] === 0) at++;
  }
  return { entry: entry.subarray(0, length), snapshot: getU64(key, key.length - 8) };
}

/** The number that follows the first byte: a directory, a series, an upload. */
export const ownerOf = (key: Buffer): number => getU64(key, 1);

/** Everything in a space that stands under one number: `from` on and before `to`. */
export function rangeOf(
  space: number,
  owner: number,
): { readonly from: Buffer; readonly to: Buffer } {
  return { from: numbered(space, owner, 0), to: numbered(space, owner + 1, 0) };
}

/** A whole space. */
export function spaceRange(space: number): { readonly from: Buffer; readonly to: Buffer } {
  return { from: Buffer.from([space]), to: Buffer.from([space + 1]) };
}

/** The first key behind all that begin with these bytes; undefined when there is none. */
export function behindPrefix(prefix: Buffer): Buffer | undefined {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === 0xff) end--;
  if (end === 0) return undefined;
  const next = Buffer.from(prefix.subarray(0, end));
  next[end - 1]!++;
  return next;
}

function named(space: number, owner: number, name: string, slash: 0 | 1): Buffer {
  const bytes = Buffer.byteLength(name);
  const key = numbered(space, owner, bytes + slash);
  key.write(name, HEAD_BYTES);
  if (slash === 1) key[HEAD_BYTES + bytes] = SLASH;
  return key;
}

function numbered(space: number, owner: number, more: number): Buffer {
  const key = Buffer.allocUnsafe(HEAD_BYTES + more);
  key[0] = space;
  putU64(key, 1, owner);
  return key;
}

function putU64(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  buffer.writeUInt32BE(value >>> 0, at + 4);
}

function getU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4);
}
