/**
 * A stream as the items of a checkpoint: its entries, what it remembers, its groups with their
 * consumers and pending entries, each an item, so that a piece may end behind any of them.
 *
 * The writer stops after every item and may go on much later: the stream does not change meanwhile
 * (see LargeEmission), but others read it, and reading moves the positions of its tables. Grammar:
 * docs/formats/checkpoint.md.
 */

import type { ValueLoader } from '../values/index.ts';
import {
  type Consumer,
  EntryCursor,
  EntryId,
  type Group,
  type Stream,
  UNKNOWN,
} from '../values/stream/index.ts';
import type { ByteSink } from './byte-sink.ts';

const ItemKind = { entry: 1, meta: 2, group: 3, consumer: 4, pending: 5 } as const;

const ZERO = new EntryId();
const MAX = EntryId.max();

/** Puts the items of a stream into `items`; stops behind each of them. */
export function* writeStream(stream: Stream, items: ByteSink): Generator<void, void, void> {
  const cursor = new EntryCursor();
  cursor.begin(stream.entries, ZERO, MAX);
  while (cursor.next()) {
    writeEntry(cursor, items);
    yield;
  }
  items.u32(ItemKind.meta);
  writeId(stream.lastId, items);
  writeId(stream.maxDeletedId, items);
  items.f64(stream.entriesAdded);
  yield;
  for (const group of stream.sortedGroups()) {
    items.u32(ItemKind.group);
    items.text(group.name);
    writeId(group.lastId, items);
    items.f64(group.entriesRead);
    yield;
    for (const consumer of group.sortedConsumers()) yield* writeConsumer(group, consumer, items);
  }
}

function writeEntry(cursor: EntryCursor, items: ByteSink): void {
  items.u32(ItemKind.entry);
  writeId(cursor.id, items);
  items.u32(cursor.pairs);
  for (let i = 0; i < cursor.pairs; i++) {
    cursor.nextPair();
    items.range(cursor.buf, cursor.fieldStart, cursor.fieldEnd - cursor.fieldStart);
    items.range(cursor.buf, cursor.valueStart, cursor.valueEnd - cursor.valueStart);
  }
}

function* writeConsumer(
  group: Group,
  consumer: Consumer,
  items: ByteSink,
): Generator<void, void, void> {
  items.u32(ItemKind.consumer);
  items.text(consumer.name);
  items.f64(consumer.seenMs);
  items.f64(consumer.activeMs);
  yield;
  const { pending } = consumer;
  const id = new EntryId();
  // The position is looked up anew behind each stop: somebody may have read the table.
  for (let more = pending.toFirst(); more; more = id.increment() && pending.seek(id)) {
    id.read(pending.words, pending.w);
    group.pending.find(id);
    items.u32(ItemKind.pending);
    writeId(id, items);
    items.f64(group.deliveredMs);
    items.f64(group.deliveries);
    yield;
  }
}

function writeId(id: EntryId, items: ByteSink): void {
  items.u32(id.msHi);
  items.u32(id.msLo);
  items.u32(id.seqHi);
  items.u32(id.seqLo);
}

/** Where items are read from; all of it throws when there is less than is asked for. */
export interface ItemSource {
  u32(): number;
  f64(): number;
  /** A view of the bytes that follow, behind their length. */
  value(): Buffer;
}

/** Tells `loader` the next item of a stream; false when it is of no known kind. */
export function readStreamItem(from: ItemSource, loader: ValueLoader): boolean {
  switch (from.u32()) {
    case ItemKind.entry: {
      const { ms, seq } = readId(from);
      const parts: Buffer[] = [];
      for (let left = from.u32() * 2; left > 0; left--) parts.push(from.value());
      loader.onStreamEntry(ms, seq, parts);
      return true;
    }
    case ItemKind.meta: {
      const meta = { lastId: readId(from), maxDeletedId: readId(from), entriesAdded: from.f64() };
      // Length and first id follow from the entries.
      loader.onStreamMeta({ ...meta, length: 0, firstId: meta.lastId });
      return true;
    }
    case ItemKind.group: {
      const name = Buffer.from(from.value());
      const lastId = readId(from);
      const entriesRead = from.f64();
      loader.beginStreamGroup({
        name,
        lastId,
        entriesRead: entriesRead === UNKNOWN ? null : entriesRead,
      });
      return true;
    }
    case ItemKind.consumer: {
      const name = Buffer.from(from.value());
      const seenTimeMs = from.f64();
      const activeMs = from.f64();
      loader.onStreamConsumer({ name, seenTimeMs, activeTimeMs: activeMs < 0 ? null : activeMs });
      return true;
    }
    case ItemKind.pending: {
      const id = readId(from);
      loader.onStreamPending({ id, deliveryTimeMs: from.f64(), deliveryCount: from.f64() });
      return true;
    }
    default:
      return false;
  }
}

function readId(from: ItemSource): { readonly ms: bigint; readonly seq: bigint } {
  const msHi = from.u32();
  const msLo = from.u32();
  const seqHi = from.u32();
  const seqLo = from.u32();
  return {
    ms: (BigInt(msHi) << 32n) | BigInt(msLo),
    seq: (BigInt(seqHi) << 32n) | BigInt(seqLo),
  };
}
