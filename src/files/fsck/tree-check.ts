/**
 * Walks what is below a path at one moment: files, their older versions, and parts of uploads that are under way.
 */
import type { Snapshot } from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';
import type { Path } from '../namespace/chain.ts';
import { decodeInode, type Extent, type FileInode } from '../namespace/inode.ts';
import {
  behindPrefix,
  entryName,
  extentsKey,
  ownerOf,
  rangeOf,
  readSavedKey,
  readUploadKey,
  Space,
  snapshotsKey,
  spaceRange,
  uploadsFrom,
} from '../namespace/keys.ts';
import { fileOf, type NamespaceReader } from '../namespace/reader.ts';
import { decodeExtents, decodePart } from '../namespace/records.ts';
import { decodeSnapshots } from '../namespace/snapshots/root-record.ts';
import { decodeSaved } from '../namespace/snapshots/save.ts';
import { KeyWalk, type Step } from '../namespace/walk.ts';
import { idOf } from '../objects/versions.ts';
import { showName } from '../webhdfs/names.ts';
import type { ContentCheck } from './content-check.ts';
import type { FsckRun } from './fsck-run.ts';
import type { Where } from './report.ts';

/** What a check begins at. */
export type FsckTarget =
  | { readonly kind: 'directory'; readonly path: Path; readonly id: number }
  | { readonly kind: 'file'; readonly path: Path };

export class TreeCheck {
  private readonly run: FsckRun;
  private readonly reader: NamespaceReader;
  private readonly snapshot: Snapshot;
  private readonly contents: ContentCheck;

  constructor(run: FsckRun, reader: NamespaceReader, snapshot: Snapshot, contents: ContentCheck) {
    this.run = run;
    this.reader = reader;
    this.snapshot = snapshot;
    this.contents = contents;
  }

  /** @returns false: nobody listens any more. */
  async check(target: FsckTarget): Promise<boolean> {
    const { path } = target;
    if (target.kind === 'file') {
      const above = path.slice(0, -1);
      const head = await this.reader.head(above, path.at(-1)!, undefined, this.snapshot);
      return head === null || (await this.file(path.join('/'), head));
    }
    const base = path.length === 0 ? '' : `${path.join('/')}/`;
    const walk = new KeyWalk(this.reader, this.snapshot);
    const goes = await walk.run(
      { directory: target.id, base, prefix: '', from: '' },
      {
        file: async (key, inode): Promise<Step> => ((await this.file(key, inode)) ? 'on' : 'stop'),
        directory: async (): Promise<Step> => {
          this.run.counts.directories++;
          return (await this.run.go()) ? 'on' : 'stop';
        },
      },
    );
    if (!goes || !(await this.uploadsBelow(path))) return false;
    return path.length > 0 || (await this.savedFiles());
  }

  private async file(key: string, head: FileInode): Promise<boolean> {
    if (head.kind === 'file') {
      this.run.counts.files++;
      if (!(await this.version(key, head, {}))) return false;
    }
    if (head.series === 0) return await this.run.go();
    const range = rangeOf(Space.version, head.series);
    return await this.scan(range, async (_key, value) => {
      const older = fileOf(value);
      if (older.kind !== 'file') return true;
      this.run.counts.versions++;
      const version = older.isNull ? 'null' : idOf(older.version);
      return await this.version(key, older, { version });
    });
  }

  private version(key: string, file: FileInode, which: Omit<Where, 'path'>): Promise<boolean> {
    return this.contents.check({
      size: file.size,
      extents: this.extentsOf(file),
      where: async () => ({ path: await this.shown(key), ...which }),
    });
  }

  private async *extentsOf(file: FileInode): AsyncGenerator<readonly Extent[]> {
    if (!file.extentsApart) yield file.extents;
    else {
      for (let nth = 0; ; nth++) {
        const stored = await this.reader.get(extentsKey(file.extentsAt, nth), this.snapshot);
        if (stored === null) return;
        yield decodeExtents(stored);
      }
    }
  }

  /** Uploads belong to buckets, whatever directories their keys will need. */
  private async uploadsBelow([bucket, ...names]: Path): Promise<boolean> {
    const { reader, snapshot } = this;
    if (bucket !== undefined) {
      const found = await reader.directory([bucket], undefined, snapshot);
      return found === null || (await this.uploads(bucket, found.id, names));
    }
    const root = await reader.directory([], undefined, snapshot);
    if (root === null) throw new FilesError('not-found', '/');
    return await this.scan(rangeOf(Space.entry, root.id), async (key, value) => {
      const inode = decodeInode(value);
      return inode.kind !== 'directory' || (await this.uploads(entryName(key), inode.id, []));
    });
  }

  private async uploads(bucket: string, id: number, names: readonly string[]): Promise<boolean> {
    const from = uploadsFrom(id, names.map((name) => `${name}/`).join(''), true);
    const to = names.length === 0 ? rangeOf(Space.upload, id).to : behindPrefix(from)!;
    return await this.scan({ from, to }, async (bytes) => {
      const { key, upload } = readUploadKey(bytes);
      return await this.scan(rangeOf(Space.part, upload), async (partBytes, value) => {
        const { size, extents } = decodePart(value);
        this.run.counts.parts++;
        const part = partBytes.readUInt16BE(partBytes.length - 2);
        return await this.contents.check({
          ...{ size, extents: [extents] },
          where: async () => ({
            path: await this.shown(`${bucket}/${key}`),
            ...{ upload: idOf(upload), part },
          }),
        });
      });
    });
  }

  /** Files as snapshots have them that are not what they were, wherever they stood. */
  private async savedFiles(): Promise<boolean> {
    return await this.scan(spaceRange(Space.saved), async (key, value) => {
      const saved = readSavedKey(key);
      const inode = saved === null ? null : decodeSaved(value);
      if (saved === null || inode?.kind !== 'file') return await this.run.go();
      this.run.counts.versions++;
      return await this.contents.check({
        size: inode.size,
        extents: this.extentsOf(inode),
        where: () => this.inSnapshot(ownerOf(key), saved.snapshot, entryName(saved.entry)),
      });
    });
  }

  private async inSnapshot(root: number, number: number, name: string): Promise<Where> {
    const stored = await this.reader.get(snapshotsKey(root), this.snapshot);
    const { path = [], list = [] } = stored === null ? {} : decodeSnapshots(stored);
    const snapshot = list.find((each) => each.number === number)?.name ?? String(number);
    return { path: shownPath(path, false), snapshot, name: showName(name, false) };
  }

  /** @returns false when a visit has said so. */
  private async scan(
    range: { readonly from: Buffer; readonly to: Buffer },
    visit: (key: Buffer, value: Buffer) => Promise<boolean>,
  ): Promise<boolean> {
    const scan = this.reader.scan({ ...range, snapshot: this.snapshot });
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          if (!(await visit(scan.key(nth), scan.value(nth)))) return false;
        }
      }
      return true;
    } finally {
      scan.close();
    }
  }

  /** Of a file: whether a directory of its name stands beside it is looked up. */
  private async shown(key: string): Promise<string> {
    const names = key.split('/');
    const beside = await this.reader.directory(names, undefined, this.snapshot);
    return shownPath(names, beside !== null);
  }
}

function shownPath(names: readonly string[], isBeside: boolean): string {
  const last = names.length - 1;
  return `/${names.map((name, nth) => showName(name, isBeside && nth === last)).join('/')}`;
}
