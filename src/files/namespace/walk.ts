/**
 * Keys of a bucket in the order of their bytes: a walk down the tree, without sorting.
 *
 * Benchmark: bench/files-namespace.ts (pages of a list).
 */
import type { Snapshot } from '../../core/store/index.ts';
import { type DirectoryInode, decodeInode, type FileInode } from './inode.ts';
import { behindPrefix, entriesFrom, rangeOf, Space } from './keys.ts';
import type { NamespaceReader } from './reader.ts';

const NAME_AT = 9;

/** What a visitor says: on with the walk, or not below this directory, or no more. */
export type Step = 'on' | 'over' | 'stop';

export interface Visitor {
  /** A file or delete marker. */
  file(key: string, inode: FileInode): Step | Promise<Step>;
  /**
   * A directory, before what is in it; `key` ends with '/'.
   * @param from of the keys below it only those from here on are asked for; empty: all.
   */
  directory(key: string, inode: DirectoryInode, from: string): Step | Promise<Step>;
}

export interface WalkRange {
  readonly directory: number;
  /** Key of the directory, with '/' at its end; empty for the bucket. */
  readonly base: string;
  /** Names in the directory that begin so. */
  readonly prefix: string;
  /** Inclusive, relative to `base`; may reach into directories. */
  readonly from: string;
}

export class KeyWalk {
  private readonly reader: NamespaceReader;
  private readonly snapshot: Snapshot;

  constructor(reader: NamespaceReader, snapshot: Snapshot) {
    this.reader = reader;
    this.snapshot = snapshot;
  }

  /** @returns whether it came to its end without 'stop'. */
  async run(range: WalkRange, visitor: Visitor): Promise<boolean> {
    const { directory, base, prefix } = range;
    const slash = range.from.indexOf('/');
    const first = slash < 0 ? range.from : range.from.slice(0, slash + 1);
    const lowest = entriesFrom(directory, prefix);
    const wanted = entriesFrom(directory, first);
    const from = wanted.compare(lowest) > 0 ? wanted : lowest;
    const to = prefix === '' ? rangeOf(Space.entry, directory).to : behindPrefix(lowest);
    if (to === undefined || from.compare(to) >= 0) return true;
    const scan = this.reader.scan({ from, to, snapshot: this.snapshot });
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          const key = scan.key(nth);
          const name = key.toString('utf8', NAME_AT);
          const inode = decodeInode(scan.value(nth));
          if (inode.kind !== 'directory') {
            const step = visitor.file(base + name, inode);
            if ((step instanceof Promise ? await step : step) === 'stop') return false;
            continue;
          }
          const rest = slash >= 0 && name === first ? range.from.slice(slash + 1) : '';
          const step = await visitor.directory(base + name, inode, rest);
          if (step === 'stop') return false;
          if (step === 'over') continue;
          const below = { directory: inode.id, base: base + name, prefix: '', from: rest };
          if (!(await this.run(below, visitor))) return false;
        }
      }
      return true;
    } finally {
      scan.close();
    }
  }
}

/** The least string that comes behind all that begin with `prefix`, in the order of UTF-8; undefined: none. */
export function behindAll(prefix: string): string | undefined {
  const points = [...prefix];
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!;
    if (last >= 0x10ffff) continue;
    // No text has the code points from D800 to DFFF.
    points.push(String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1));
    return points.join('');
  }
  return undefined;
}

/** The order of UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
