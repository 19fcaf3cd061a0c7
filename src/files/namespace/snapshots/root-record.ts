/**
 * The snapshots of a directory: one record, with all of them in the order in which they were taken.
 *
 * A snapshot is a number from the namespace's counter: what has a higher number came after it. One that is deleted
 * stays in the record, without being seen, until what it has saved is reclaimed.
 */
import { RecordDamage, RecordReader, RecordWriter } from '../../codec.ts';
import type { Draft } from '../draft.ts';
import { snapshotsKey } from '../keys.ts';

const FORMAT = 1;

export interface SnapshotInfo {
  readonly number: number;
  readonly name: string;
  /** Unix ms. */
  readonly createdMs: number;
  /** It can be seen. */
  readonly lives: boolean;
}

export interface Snapshots {
  /** Where the directory stands: it does not move while it may have snapshots. */
  readonly path: readonly string[];
  /** More may be taken; else the record waits for what was deleted. */
  readonly allowed: boolean;
  /** Oldest first. */
  readonly list: readonly SnapshotInfo[];
}

export function encodeSnapshots({ path, allowed, list }: Snapshots): Buffer {
  const writer = new RecordWriter()
    .u8(FORMAT)
    .u8(allowed ? 1 : 0)
    .varint(path.length);
  for (const name of path) writer.text(name);
  writer.varint(list.length);
  for (const { number, name, createdMs, lives } of list) {
    writer
      .varint(number)
      .varint(createdMs)
      .u8(lives ? 1 : 0)
      .text(name);
  }
  return writer.done();
}

/** @throws RecordDamage */
export function decodeSnapshots(bytes: Buffer): Snapshots {
  const reader = new RecordReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT) {
    throw new RecordDamage(`a record of snapshots is of format ${format}, ${FORMAT} is known`);
  }
  const allowed = reader.u8() === 1;
  const path: string[] = [];
  for (let left = reader.varint(); left > 0; left--) path.push(reader.text());
  const list: SnapshotInfo[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const number = reader.varint();
    const createdMs = reader.varint();
    const lives = reader.u8() === 1;
    list.push({ number, createdMs, lives, name: reader.text() });
  }
  return { path, allowed, list };
}

const decoded = new WeakMap<Buffer, Snapshots>();

/** The snapshots of a directory; null: it may have none. */
export function snapshotsOf(draft: Pick<Draft, 'get'>, root: number): Snapshots | null {
  const stored = draft.get(snapshotsKey(root));
  return stored === null ? null : snapshotsFrom(stored);
}

/** What these bytes say; the same object for the same bytes in memory. */
export function snapshotsFrom(bytes: Buffer): Snapshots {
  const known = decoded.get(bytes);
  if (known !== undefined) return known;
  const snapshots = decodeSnapshots(bytes);
  decoded.set(bytes, snapshots);
  return snapshots;
}

export const living = ({ list }: Snapshots): SnapshotInfo[] => list.filter(({ lives }) => lives);
