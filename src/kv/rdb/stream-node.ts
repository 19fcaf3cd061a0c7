/**
 * Reads one macro node of a stream: the id of its first entry, and a listpack
 *
 *     alive | deleted | fields of the master entry | its field names | 0
 *     then for each entry, deleted ones included:
 *       flags | ms - master ms | seq - master seq |
 *       SAME_FIELDS: values, in the order of the master's fields
 *       else:        number of fields, then names and values alternating
 *       elements of this entry before this number
 *
 * Deleted entries are checked and left out.
 */

import { badFormat } from './fault.ts';
import { ListpackReader } from './listpack-reader.ts';
import type { RdbValueSink, StreamId } from './sink.ts';
import { compareIds, readId, STREAM_ID_BYTES } from './stream-id.ts';

export const FLAG_DELETED = 1;
export const FLAG_SAME_FIELDS = 2;

/** What one pass over a stream's nodes learns. */
export interface StreamProgress {
  /** Entries alive so far. */
  alive: number;
  firstId: StreamId | null;
  lastId: StreamId | null;
}

/** Tells `sink` the living entries of a node and carries `progress` on. */
export function readStreamNode(
  key: Buffer,
  bytes: Buffer,
  sink: RdbValueSink,
  progress: StreamProgress,
): void {
  if (key.length !== STREAM_ID_BYTES) badFormat('stream node key');
  const master = readId(key);
  const pack = new ListpackReader(bytes);
  let alive = pack.takeInteger();
  let deleted = pack.takeInteger();
  const names: Buffer[] = [];
  for (let left = pack.takeInteger(); left > 0; left--) names.push(pack.takeBytes());
  if (pack.takeInteger() !== 0) badFormat('stream master entry');
  while (!pack.done()) {
    const flags = pack.takeInteger();
    if (flags < 0 || flags > (FLAG_DELETED | FLAG_SAME_FIELDS)) badFormat('stream entry flags');
    const ms = BigInt.asUintN(64, master.ms + pack.takeBigInteger());
    const seq = BigInt.asUintN(64, master.seq + pack.takeBigInteger());
    const pairs = takePairs(pack, (flags & FLAG_SAME_FIELDS) !== 0 ? names : null);
    if ((flags & FLAG_DELETED) !== 0) {
      deleted--;
      continue;
    }
    alive--;
    const id = { ms, seq };
    if (progress.lastId !== null && compareIds(id, progress.lastId) <= 0) {
      badFormat('stream ids do not ascend');
    }
    progress.firstId ??= id;
    progress.lastId = id;
    progress.alive++;
    sink.onStreamEntry(ms, seq, pairs);
  }
  if (alive !== 0 || deleted !== 0) badFormat('stream node counts');
}

/** The fields and values of an entry, its closing element count checked. */
function takePairs(pack: ListpackReader, sameNames: Buffer[] | null): Buffer[] {
  const pairs: Buffer[] = [];
  let elements: number;
  if (sameNames !== null) {
    for (const name of sameNames) pairs.push(name, pack.takeBytes());
    elements = sameNames.length + 3;
  } else {
    const count = pack.takeInteger();
    for (let left = count; left > 0; left--) pairs.push(pack.takeBytes(), pack.takeBytes());
    elements = 2 * count + 4;
  }
  if (pairs.length === 0) badFormat('stream entry without fields');
  if (pack.takeInteger() !== elements) badFormat('stream entry size');
  return pairs;
}
