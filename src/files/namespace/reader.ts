/**
 * Reading the namespace: what is durable and in the tables, never what waits.
 */
import { invariant } from '../../core/base/index.ts';
import { Found, type Lookup, type Lsm, type Scan, type Snapshot } from '../../core/store/index.ts';
import { type Chain, checkName, checkPath, type Path, ROOT, type Step } from './chain.ts';
import { directoryOf, type HotRecords } from './hot-records.ts';
import { type DirectoryInode, decodeInode, type Extent, type FileInode } from './inode.ts';
import {
  blockKey,
  directoryKey,
  documentKey,
  extentsKey,
  fileKey,
  leaseKey,
  partKey,
  partOf,
  ROOT_KEY,
  rangeOf,
  reclaimKey,
  Space,
  spaceRange,
  tallyKey,
  uploadKey,
  versionKey,
} from './keys.ts';
import { type Caller, mayTraverse } from './permission.ts';
import {
  type BlockRecord,
  decodeBlock,
  decodeExtents,
  decodeLease,
  decodePart,
  decodeReclaim,
  decodeTally,
  decodeUpload,
  EMPTY_TALLY,
  type Lease,
  type PartRecord,
  type Reclaim,
  type Tally,
  type UploadRecord,
} from './records.ts';
import type { VersionName } from './versions.ts';

/** Of a page of notes: most have one extent. */
const NOTES_BYTES = 4096;

export class NamespaceReader {
  private readonly lsm: Lsm;
  private readonly hot: HotRecords;
  private readonly into: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };

  constructor(lsm: Lsm, hot: HotRecords) {
    this.lsm = lsm;
    this.hot = hot;
  }

  /** A copy of a record; a promise only when the disk has to be asked. @throws LsmError. */
  get(key: Buffer, snapshot?: Snapshot): Buffer | null | Promise<Buffer | null> {
    const { lsm, into, hot } = this;
    // What is kept is as it is now.
    const text = snapshot === undefined ? key.toString('latin1') : '';
    const known = snapshot === undefined ? hot.get(text) : undefined;
    if (known !== undefined) return known;
    const found = lsm.lookup(key, 0, key.length, into, snapshot);
    if (found === Found.missing) return null;
    if (found === Found.cold) return lsm.get(key, snapshot);
    const value = Buffer.from(into.value.subarray(into.start, into.start + into.length));
    if (snapshot === undefined) hot.note(text, value);
    return value;
  }

  snapshot(): Snapshot {
    return this.lsm.snapshot();
  }

  scan(range: Parameters<Lsm['scan']>[0]): Scan {
    return this.lsm.scan(range);
  }

  /** The directories down to a path; null when one is missing. @throws FilesError names, 'permission-denied'. */
  async chain(path: Path, caller?: Caller, snapshot?: Snapshot): Promise<Chain | null> {
    checkPath(path);
    const root = await this.get(ROOT_KEY, snapshot);
    const chain: Step[] = [{ key: ROOT_KEY, inode: root === null ? ROOT : directoryOf(root) }];
    for (const name of path) {
      const { inode } = chain[chain.length - 1]!;
      mayTraverse(inode, caller, name);
      const key = directoryKey(inode.id, name);
      const got = this.get(key, snapshot);
      const stored = got instanceof Promise ? await got : got;
      if (stored === null) return null;
      chain.push({ key, inode: directoryOf(stored) });
    }
    return chain;
  }

  async directory(
    path: Path,
    caller?: Caller,
    snapshot?: Snapshot,
  ): Promise<DirectoryInode | null> {
    const chain = await this.chain(path, caller, snapshot);
    return chain === null ? null : chain[chain.length - 1]!.inode;
  }

  /** The newest version of a file, which may be a delete marker. */
  async head(
    directory: Path,
    name: string,
    caller?: Caller,
    snapshot?: Snapshot,
  ): Promise<FileInode | null> {
    checkName(name);
    const parent = await this.directory(directory, caller, snapshot);
    if (parent === null) return null;
    mayTraverse(parent, caller, name);
    const stored = await this.get(fileKey(parent.id, name), snapshot);
    return stored === null ? null : fileOf(stored);
  }

  /** A version of a file; null when there is none of that name. */
  async version(
    directory: Path,
    name: string,
    version: VersionName,
  ): Promise<{ readonly file: FileInode; readonly isLatest: boolean } | null> {
    const snapshot = this.snapshot();
    try {
      const head = await this.head(directory, name, undefined, snapshot);
      if (head === null) return null;
      const isHead = version === 'null' ? head.isNull : head.version === version && !head.isNull;
      if (isHead) return { file: head, isLatest: true };
      const number = version === 'null' ? head.nullAt : version;
      if (number === undefined || head.series === 0) return null;
      const stored = await this.get(versionKey(head.series, number), snapshot);
      if (stored === null) return null;
      const file = fileOf(stored);
      return file.isNull === (version === 'null') ? { file, isLatest: false } : null;
    } finally {
      snapshot.release();
    }
  }

  /** As `tally`, reading what is needed on the loop. */
  tallyNow(directory: number): Tally {
    const { lsm, into } = this;
    const key = tallyKey(directory);
    if (!lsm.lookupNow(key, 0, key.length, into)) return EMPTY_TALLY;
    return decodeTally(into.value.subarray(into.start, into.start + into.length));
  }

  async tally(directory: number, snapshot?: Snapshot): Promise<Tally> {
    const stored = await this.get(tallyKey(directory), snapshot);
    return stored === null ? EMPTY_TALLY : decodeTally(stored);
  }

  /** All extents of a file. */
  async extents(file: FileInode): Promise<readonly Extent[]> {
    if (!file.extentsApart) return file.extents;
    const extents: Extent[] = [];
    for (let nth = 0; ; nth++) {
      const stored = await this.get(extentsKey(file.extentsAt, nth));
      if (stored === null) return extents;
      extents.push(...decodeExtents(stored));
    }
  }

  async block(block: number): Promise<BlockRecord | null> {
    const stored = await this.get(blockKey(block));
    return stored === null ? null : decodeBlock(stored);
  }

  async document(path: Path, name: string): Promise<Buffer | null> {
    const inode = await this.directory(path);
    return inode === null ? null : this.get(documentKey(inode.id, name));
  }

  async lease(directory: Path, name: string): Promise<Lease | null> {
    const parent = await this.directory(directory);
    if (parent === null) return null;
    const stored = await this.get(leaseKey(parent.id, name));
    return stored === null ? null : decodeLease(stored);
  }

  async upload(bucket: string, key: string, upload: number): Promise<UploadRecord | null> {
    const parent = await this.directory([bucket]);
    if (parent === null) return null;
    const stored = await this.get(uploadKey(parent.id, key, upload));
    return stored === null ? null : decodeUpload(stored);
  }

  /** Parts of an upload with numbers above `after`, in their order, `max` at most. */
  async parts(
    upload: number,
    after = 0,
    max = Number.POSITIVE_INFINITY,
  ): Promise<(PartRecord & { readonly part: number })[]> {
    const { to } = rangeOf(Space.part, upload);
    const parts: (PartRecord & { part: number })[] = [];
    await this.each({ from: partKey(upload, Math.min(after + 1, 0xffff)), to }, (key, value) => {
      parts.push({ part: partOf(key), ...decodePart(value) });
      return parts.length < max;
    });
    return parts;
  }

  /** What is to be reclaimed, oldest first. @param from number of the first one: those before are not walked over. */
  async reclaims(
    max: number,
    from = 0,
  ): Promise<{ readonly nth: number; readonly what: Reclaim }[]> {
    const found: { nth: number; what: Reclaim }[] = [];
    const range = { from: reclaimKey(from), to: spaceRange(Space.reclaim).to };
    await this.each({ ...range, pageEntries: max, pageBytes: NOTES_BYTES }, (key, value) => {
      found.push({ nth: Number(key.readBigUInt64BE(1)), what: decodeReclaim(value) });
      return found.length < max;
    });
    return found;
  }

  /** Records of a range in their order, until `visit` gives false. */
  async each(
    range: Parameters<Lsm['scan']>[0],
    visit: (key: Buffer, value: Buffer) => boolean,
  ): Promise<void> {
    const scan = this.lsm.scan(range);
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          if (!visit(scan.key(nth), scan.value(nth))) return;
        }
      }
    } finally {
      scan.close();
    }
  }
}

export function fileOf(bytes: Buffer): FileInode {
  const inode = decodeInode(bytes);
  invariant(inode.kind !== 'directory', 'a name without / is that of a file');
  return inode;
}
