/**
 * Records that nearly every operation asks for, as they are in the tables: directories, tallies, the counter.
 *
 * Invariant: what is kept equals what the tables have; whoever changes the tables says so in the same turn.
 * Directories come decoded as long as their bytes are kept.
 */

import { invariant } from '../../core/base/index.ts';
import { type DirectoryInode, decodeInode } from './inode.ts';
import { Space } from './keys.ts';

const RECORDS_MAX = 16_384;
const SLASH = 0x2f;

/** By the latin-1 text of the key. */
export class HotRecords {
  private readonly records = new Map<string, Buffer>();

  get(key: string): Buffer | undefined {
    return this.records.get(key);
  }

  /** What was read from the tables, or has come into them. */
  note(key: string, value: Buffer | null): void {
    if (value === null) {
      this.records.delete(key);
      return;
    }
    if (!isHot(key)) return;
    if (this.records.size >= RECORDS_MAX && !this.records.has(key)) {
      const [oldest] = this.records.keys();
      this.records.delete(oldest!);
    }
    this.records.set(key, ownCopy(value));
  }
}

/** Small buffers are cut from blocks of 8 KiB, all of which one that is kept would keep. */
function ownCopy(value: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length);
  value.copy(copy);
  return copy;
}

function isHot(key: string): boolean {
  const space = key.charCodeAt(0);
  if (space === Space.tally || space === Space.counter || space === Space.snapshots) return true;
  return space === Space.entry && key.charCodeAt(key.length - 1) === SLASH && key.length > 9;
}

const decoded = new WeakMap<Buffer, DirectoryInode>();

/** The directory that these bytes say; the same object for the same bytes in memory. */
export function directoryOf(bytes: Buffer): DirectoryInode {
  const known = decoded.get(bytes);
  if (known !== undefined) return known;
  const inode = decodeInode(bytes);
  invariant(inode.kind === 'directory', 'a name with / is that of a directory');
  decoded.set(bytes, inode);
  return inode;
}
