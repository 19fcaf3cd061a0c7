/**
 * A group of a stream as one element, with its consumers and what is pending for them:
 *
 *   group    = last:id read:f64 consumers:u32 consumer{consumers}
 *   consumer = length:u32 name seen:f64 active:f64 pending:u32 (id delivered:f64 deliveries:f64){pending}
 *   id       = four u32, as in EntryId
 */
import type { ElementIn, ElementOut } from '../../keyspace/index.ts';
import type { Group } from './group.ts';
import { EntryId } from './id.ts';

export function writeGroup(group: Group, out: ElementOut): void {
  writeId(group.lastId, out);
  out.f64(group.entriesRead);
  out.u32(group.consumers.size);
  for (const consumer of group.sortedConsumers()) {
    const name = Buffer.from(consumer.name, 'latin1');
    out.u32(name.length);
    out.raw(name, 0, name.length);
    out.f64(consumer.seenMs);
    out.f64(consumer.activeMs);
    const { pending } = consumer;
    out.u32(pending.size);
    for (let more = pending.toFirst(); more; more = pending.next()) {
      id.read(pending.words, pending.w);
      group.pending.find(id);
      writeId(id, out);
      out.f64(group.deliveredMs);
      out.f64(group.deliveries);
    }
  }
}

/** Fills a new group. */
export function readGroup(group: Group, from: ElementIn): void {
  readId(from, group.lastId);
  group.entriesRead = from.f64();
  for (let consumers = from.u32(); consumers > 0; consumers--) {
    const name = from.raw(from.u32()).toString('latin1');
    const consumer = group.addConsumer(name, from.f64());
    consumer.activeMs = from.f64();
    for (let left = from.u32(); left > 0; left--) {
      readId(from, id);
      const deliveredMs = from.f64();
      group.assign(id, consumer, deliveredMs, from.f64());
    }
  }
}

export function writeId({ msHi, msLo, seqHi, seqLo }: EntryId, out: ElementOut): void {
  out.u32(msHi);
  out.u32(msLo);
  out.u32(seqHi);
  out.u32(seqLo);
}

export function readId(from: ElementIn, into: EntryId): void {
  into.msHi = from.u32();
  into.msLo = from.u32();
  into.seqHi = from.u32();
  into.seqLo = from.u32();
}

const id = new EntryId();
