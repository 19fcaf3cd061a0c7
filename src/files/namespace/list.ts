/**
 * Lists of objects, of their versions and of uploads, in pages, as S3 has them.
 *
 * Invariant: a page is of one moment. Pages that follow each other by `next` give every key that was there all the
 * time exactly once.
 * ListObjectsV2: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
import { invariant } from '../../core/base/index.ts';
import type { Snapshot } from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';
import type { FileInode } from './inode.ts';
import {
  behindPrefix,
  rangeOf,
  readUploadKey,
  Space,
  uploadKey,
  uploadsFrom,
  versionKey,
} from './keys.ts';
import { fileOf, type NamespaceReader } from './reader.ts';
import { decodeUpload, type UploadRecord } from './records.ts';
import type { VersionName } from './versions.ts';
import { behindAll, compareKeys, KeyWalk, type Step, type Visitor } from './walk.ts';

export interface ListQuery {
  readonly bucket: string;
  readonly prefix: string;
  /** Keys are rolled up to what comes before its end, behind the prefix; empty: not at all. */
  readonly delimiter: string;
  /** Keys and common prefixes behind this one only; empty: all. */
  readonly after: string;
  /** Keys and common prefixes of a page. */
  readonly max: number;
}

export interface ListItem {
  readonly key: string;
  /** Left out: the key is a common prefix. */
  readonly file?: FileInode;
  /** Of versions: whether it is the newest one. */
  readonly isLatest?: boolean;
}

export interface ListPage {
  /** Keys and common prefixes, in their order. */
  readonly items: readonly ListItem[];
  /** There is more behind the last one. */
  readonly isTruncated: boolean;
}

/** The first key that may come behind `after`; undefined: none. */
function startBehind(after: string, prefix: string, delimiter: string): string | undefined {
  if (after === '') return '';
  if (delimiter !== '' && after.startsWith(prefix)) {
    const at = after.indexOf(delimiter, prefix.length);
    // What it is rolled up into is not behind it.
    if (at >= 0) return behindAll(after.slice(0, at + delimiter.length));
  }
  return `${after}\0`;
}

/** @throws FilesError 'not-found' when there is no such bucket. */
export async function listFiles(reader: NamespaceReader, query: ListQuery): Promise<ListPage> {
  const snapshot = reader.snapshot();
  try {
    const list = new Collector(reader, snapshot, query);
    await list.run();
    return { items: list.items, isTruncated: list.isTruncated };
  } finally {
    snapshot.release();
  }
}

export interface VersionQuery extends ListQuery {
  /** Of the key `after` the versions behind this one come too. */
  readonly afterVersion?: VersionName;
}

/** All versions and delete markers, those of a key newest first. @throws FilesError 'not-found'. */
export async function listVersions(
  reader: NamespaceReader,
  query: VersionQuery,
): Promise<ListPage> {
  const snapshot = reader.snapshot();
  try {
    const list = new VersionCollector(reader, snapshot, query);
    await list.run();
    return { items: list.items, isTruncated: list.isTruncated };
  } finally {
    snapshot.release();
  }
}

/** A walk from where the query begins, again behind each common prefix that a walk can not step over. */
class Collector implements Visitor {
  readonly items: ListItem[] = [];
  isTruncated = false;
  protected readonly reader: NamespaceReader;
  protected readonly snapshot: Snapshot;
  protected readonly query: ListQuery;
  /** Where the walk goes on after it was stopped for a common prefix. */
  private again: string | undefined;

  constructor(reader: NamespaceReader, snapshot: Snapshot, query: ListQuery) {
    this.reader = reader;
    this.snapshot = snapshot;
    this.query = query;
  }

  async run(): Promise<void> {
    const { bucket, prefix, max } = this.query;
    const names = prefix.split('/');
    const name = names.pop() ?? '';
    const chain = await this.reader.chain([bucket], undefined, this.snapshot);
    if (chain === null) throw new FilesError('not-found', `bucket ${bucket}`);
    if (max === 0) return;
    const inside = await this.reader.chain([bucket, ...names], undefined, this.snapshot);
    if (inside === null) return;
    const directory = inside[inside.length - 1]!.inode.id;
    const base = prefix.slice(0, prefix.length - name.length);
    const walk = new KeyWalk(this.reader, this.snapshot);
    let from = this.start();
    while (from !== undefined) {
      this.again = undefined;
      const start = relative(from, base);
      if (start === undefined) return;
      await walk.run({ directory, base, prefix: name, from: start }, this);
      from = this.again;
    }
  }

  /** The first key that may come. */
  protected start(): string | undefined {
    const { after, prefix, delimiter } = this.query;
    return startBehind(after, prefix, delimiter);
  }

  file(key: string, inode: FileInode): Step | Promise<Step> {
    if (!this.isListed(inode)) return 'on';
    const rolled = this.rolledUp(key);
    if (rolled !== undefined) {
      if (this.isFull()) return 'stop';
      this.items.push({ key: rolled });
      this.again = behindAll(rolled);
      return 'stop';
    }
    return this.add(key, inode);
  }

  async directory(key: string, inode: { readonly id: number }, from: string): Promise<Step> {
    if (this.rolledUp(key) !== key) return 'on';
    if (!(await this.hasKeys(key, inode.id, from))) return 'over';
    if (this.isFull()) return 'stop';
    this.items.push({ key });
    return 'over';
  }

  protected isListed(inode: FileInode): boolean {
    return inode.kind === 'file';
  }

  protected add(key: string, file: FileInode): Step | Promise<Step> {
    if (this.isFull()) return 'stop';
    this.items.push({ key, file });
    return 'on';
  }

  /** Whether there is a key to be listed in a directory. */
  protected async hasKeys(key: string, directory: number, from: string): Promise<boolean> {
    if (from === '') return (await this.reader.tally(directory, this.snapshot)).files > 0;
    return this.findsKeys(key, directory, from);
  }

  protected async findsKeys(key: string, directory: number, from: string): Promise<boolean> {
    const walk = new KeyWalk(this.reader, this.snapshot);
    const isListed = (inode: FileInode): boolean => this.isListed(inode);
    const ended = await walk.run(
      { directory, base: key, prefix: '', from },
      { file: (_key, inode) => (isListed(inode) ? 'stop' : 'on'), directory: () => 'on' },
    );
    return !ended;
  }

  /** No more fits, and there is more. */
  protected isFull(): boolean {
    if (this.items.length < this.query.max) return false;
    this.isTruncated = true;
    return true;
  }

  private rolledUp(key: string): string | undefined {
    const { prefix, delimiter } = this.query;
    if (delimiter === '') return undefined;
    const at = key.indexOf(delimiter, prefix.length);
    return at < 0 ? undefined : key.slice(0, at + delimiter.length);
  }
}

class VersionCollector extends Collector {
  private readonly afterVersion: VersionName | undefined;

  constructor(reader: NamespaceReader, snapshot: Snapshot, query: VersionQuery) {
    super(reader, snapshot, query);
    this.afterVersion = query.afterVersion;
  }

  protected override start(): string | undefined {
    return this.afterVersion === undefined ? super.start() : this.query.after;
  }

  protected override isListed(): boolean {
    return true;
  }

  protected override async add(key: string, head: FileInode): Promise<Step> {
    const below = this.limit(key, head);
    if (head.version < below) {
      if (this.isFull()) return 'stop';
      this.items.push({ key, file: head, isLatest: true });
    }
    if (head.series === 0 || below === 0) return 'on';
    const { from: newest, to } = rangeOf(Space.version, head.series);
    const from = below > head.version ? newest : versionKey(head.series, below - 1);
    let step: Step = 'on';
    await this.reader.each({ from, to, snapshot: this.snapshot }, (_key, value) => {
      if (this.isFull()) {
        step = 'stop';
        return false;
      }
      this.items.push({ key, file: fileOf(value), isLatest: false });
      return true;
    });
    return step;
  }

  /** Only versions with lower numbers are asked for. */
  private limit(key: string, head: FileInode): number {
    const { afterVersion } = this;
    if (afterVersion === undefined || key !== this.query.after) return Number.POSITIVE_INFINITY;
    if (afterVersion !== 'null') return afterVersion;
    return head.isNull ? head.version : (head.nullAt ?? 0);
  }

  protected override hasKeys(key: string, directory: number, from: string): Promise<boolean> {
    return this.findsKeys(key, directory, from);
  }
}

/** `from` as it is within a directory; undefined: it is behind all keys there. */
function relative(from: string, base: string): string | undefined {
  if (from.startsWith(base)) return from.slice(base.length);
  return compareKeys(from, base) < 0 ? '' : undefined;
}

export interface UploadItem extends UploadRecord {
  readonly key: string;
  readonly upload: number;
}

export interface UploadQuery {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter: string;
  /** Behind this key, or with `afterUpload` behind that upload of it. */
  readonly after: string;
  readonly afterUpload?: number;
  readonly max: number;
}

export interface UploadPage {
  readonly uploads: readonly UploadItem[];
  readonly prefixes: readonly string[];
  readonly isTruncated: boolean;
  /** What the page ends with; undefined: it is empty. */
  readonly last: { readonly key: string; readonly upload?: number } | undefined;
}

/** Uploads by key, those of a key by their age. @throws FilesError 'not-found'. */
export async function listUploads(
  reader: NamespaceReader,
  query: UploadQuery,
): Promise<UploadPage> {
  const { prefix, delimiter, after, afterUpload, max } = query;
  const bucket = await reader.directory([query.bucket]);
  if (bucket === null) throw new FilesError('not-found', `bucket ${query.bucket}`);
  const uploads: UploadItem[] = [];
  const prefixes: string[] = [];
  let last: UploadPage['last'];
  let isTruncated = false;
  const lowest = uploadsFrom(bucket.id, prefix, true);
  const start = startBehind(after, prefix, delimiter);
  if (start === undefined) return { uploads, prefixes, isTruncated, last: undefined };
  const wanted =
    after !== '' && afterUpload !== undefined
      ? uploadKey(bucket.id, after, afterUpload + 1)
      : uploadsFrom(bucket.id, start, true);
  const from = wanted.compare(lowest) > 0 ? wanted : lowest;
  const to = prefix === '' ? rangeOf(Space.upload, bucket.id).to : behindPrefix(lowest);
  invariant(to !== undefined, 'a key of an upload begins with a small byte');
  if (from.compare(to) < 0) {
    await reader.each({ from, to }, (bytes, value) => {
      const { key, upload } = readUploadKey(bytes);
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      const rolled = at < 0 ? undefined : key.slice(0, at + delimiter.length);
      if (rolled !== undefined && rolled === prefixes[prefixes.length - 1]) return true;
      if (uploads.length + prefixes.length >= max) {
        isTruncated = max > 0;
        return false;
      }
      if (rolled !== undefined) prefixes.push(rolled);
      else uploads.push({ key, upload, ...decodeUpload(value) });
      last = rolled === undefined ? { key, upload } : { key: rolled };
      return true;
    });
  }
  return { uploads, prefixes, isTruncated, last };
}
