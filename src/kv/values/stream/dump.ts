/** Tells a stream as the events of the RDB codec, in their order: entries, meta, groups. */
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import type { RdbValueSink } from '../../rdb/index.ts';
import { EntryCursor } from './cursor.ts';
import type { Group } from './group.ts';
import { EntryId } from './id.ts';
import { UNKNOWN } from './lag.ts';
import { type Stream, streamOf } from './stream.ts';

const ZERO = new EntryId();
const MAX = EntryId.max();

/** Gives `visit` every live entry in order; fields and values are views that last for the call. */
export function eachEntry(
  db: Database,
  record: Address,
  visit: (id: EntryId, fieldsAndValues: readonly Buffer[]) => void,
): void {
  walkEntries(streamOf(db, record), visit);
}

function walkEntries(
  stream: Stream,
  visit: (id: EntryId, fieldsAndValues: readonly Buffer[]) => void,
): void {
  const cursor = new EntryCursor();
  cursor.begin(stream.entries, ZERO, MAX);
  while (cursor.next()) {
    const parts: Buffer[] = [];
    for (let i = 0; i < cursor.pairs; i++) {
      cursor.nextPair();
      parts.push(
        cursor.buf.subarray(cursor.fieldStart, cursor.fieldEnd),
        cursor.buf.subarray(cursor.valueStart, cursor.valueEnd),
      );
    }
    visit(cursor.id, parts);
  }
}

/** Tells `sink` the stream of a record, from beginStream to onEnd. */
export function dump(db: Database, record: Address, sink: RdbValueSink): void {
  const stream = streamOf(db, record);
  sink.beginStream(stream.entries.index.size);
  walkEntries(stream, (id, parts) => sink.onStreamEntry(id.ms, id.seq, parts));
  sink.onStreamMeta({
    length: stream.length,
    lastId: copyOf(stream.lastId),
    firstId: copyOf(stream.firstId),
    maxDeletedId: copyOf(stream.maxDeletedId),
    entriesAdded: stream.entriesAdded,
  });
  for (const group of stream.sortedGroups()) dumpGroup(group, sink);
  sink.onEnd();
}

function dumpGroup(group: Group, sink: RdbValueSink): void {
  sink.beginStreamGroup({
    name: Buffer.from(group.name, 'latin1'),
    lastId: copyOf(group.lastId),
    entriesRead: group.entriesRead === UNKNOWN ? null : group.entriesRead,
  });
  const id = new EntryId();
  for (const consumer of group.sortedConsumers()) {
    sink.onStreamConsumer({
      name: Buffer.from(consumer.name, 'latin1'),
      seenTimeMs: consumer.seenMs,
      activeTimeMs: consumer.activeMs < 0 ? null : consumer.activeMs,
    });
    const { pending } = consumer;
    for (let more = pending.toFirst(); more; more = pending.next()) {
      id.read(pending.words, pending.w);
      group.pending.find(id);
      sink.onStreamPending({
        id: copyOf(id),
        deliveryTimeMs: group.deliveredMs,
        deliveryCount: group.deliveries,
      });
    }
  }
  sink.endStreamGroup();
}

function copyOf(id: EntryId): { readonly ms: bigint; readonly seq: bigint } {
  return { ms: id.ms, seq: id.seq };
}
