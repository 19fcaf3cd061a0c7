/**
 * For tests: a value as plain data, the sink that records it, and the opposite,
 * telling a sink its events. Bytes are latin1 text, one character a byte, so that
 * values compare with `deepEqual`.
 */

import type { RdbValueSink, StreamId, StreamMeta } from '../sink.ts';

export interface ConsumerModel {
  name: string;
  seenTimeMs: number;
  activeTimeMs: number | null;
  pending: { id: StreamId; deliveryTimeMs: number; deliveryCount: number }[];
}

export interface GroupModel {
  name: string;
  lastId: StreamId;
  entriesRead: number | null;
  consumers: ConsumerModel[];
}

export type ValueModel =
  | { kind: 'string'; value: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'set'; packed: boolean; members: string[] }
  | {
      kind: 'hash';
      packed: boolean;
      minExpireAtMs: number;
      fields: [field: string, value: string, expireAtMs: number][];
    }
  | { kind: 'zset'; packed: boolean; members: [member: string, score: number][] }
  | {
      kind: 'stream';
      entries: { ms: bigint; seq: bigint; pairs: string[] }[];
      meta: StreamMeta | null;
      groups: GroupModel[];
    };

const text = (bytes: Buffer): string => bytes.toString('latin1');
const bytes = (value: string): Buffer => Buffer.from(value, 'latin1');

/** Records one value after another. */
export class Recorder implements RdbValueSink {
  /** The value told last, whole or not. */
  value: ValueModel | null = null;
  ended = 0;

  onString(value: Buffer): void {
    this.value = { kind: 'string', value: text(value) };
  }
  beginList(): void {
    this.value = { kind: 'list', items: [] };
  }
  onListItem(item: Buffer): void {
    this.as('list').items.push(text(item));
  }
  beginSet(_countHint: number, packed: boolean): void {
    this.value = { kind: 'set', packed, members: [] };
  }
  onSetMember(member: Buffer): boolean {
    this.as('set').members.push(text(member));
    return true;
  }
  beginHash(_countHint: number, packed: boolean, minExpireAtMs: number): void {
    this.value = { kind: 'hash', packed, minExpireAtMs, fields: [] };
  }
  onHashField(field: Buffer, value: Buffer, expireAtMs: number): boolean {
    this.as('hash').fields.push([text(field), text(value), expireAtMs]);
    return true;
  }
  beginZset(_countHint: number, packed: boolean): void {
    this.value = { kind: 'zset', packed, members: [] };
  }
  onZsetMember(member: Buffer, score: number): boolean {
    this.as('zset').members.push([text(member), score]);
    return true;
  }
  beginStream(): void {
    this.value = { kind: 'stream', entries: [], meta: null, groups: [] };
  }
  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    this.as('stream').entries.push({ ms, seq, pairs: fieldsAndValues.map(text) });
  }
  onStreamMeta(meta: StreamMeta): void {
    this.as('stream').meta = meta;
  }
  beginStreamGroup(group: { name: Buffer; lastId: StreamId; entriesRead: number | null }): void {
    this.as('stream').groups.push({ ...group, name: text(group.name), consumers: [] });
  }
  onStreamConsumer(consumer: {
    name: Buffer;
    seenTimeMs: number;
    activeTimeMs: number | null;
  }): void {
    const group = this.as('stream').groups.at(-1);
    group?.consumers.push({ ...consumer, name: text(consumer.name), pending: [] });
  }
  onStreamPending(pending: { id: StreamId; deliveryTimeMs: number; deliveryCount: number }): void {
    this.as('stream').groups.at(-1)?.consumers.at(-1)?.pending.push(pending);
  }
  endStreamGroup(): void {}
  onEnd(): void {
    this.ended++;
  }

  private as<K extends ValueModel['kind']>(kind: K): Extract<ValueModel, { kind: K }> {
    const { value } = this;
    if (value?.kind !== kind) throw new Error(`event of a ${kind} inside ${value?.kind}`);
    return value as Extract<ValueModel, { kind: K }>;
  }
}

/** Tells `sink` the events of `value`. */
export function tell(value: ValueModel, sink: RdbValueSink): void {
  switch (value.kind) {
    case 'string':
      sink.onString(bytes(value.value));
      return;
    case 'list':
      sink.beginList(value.items.length);
      for (const item of value.items) sink.onListItem(bytes(item));
      break;
    case 'set':
      sink.beginSet(value.members.length, value.packed);
      for (const member of value.members) sink.onSetMember(bytes(member));
      break;
    case 'hash':
      sink.beginHash(value.fields.length, value.packed, value.minExpireAtMs);
      for (const [field, text, expiry] of value.fields) {
        sink.onHashField(bytes(field), bytes(text), expiry);
      }
      break;
    case 'zset':
      sink.beginZset(value.members.length, value.packed);
      for (const [member, score] of value.members) sink.onZsetMember(bytes(member), score);
      break;
    case 'stream':
      tellStream(value, sink);
      break;
  }
  sink.onEnd();
}

function tellStream(value: Extract<ValueModel, { kind: 'stream' }>, sink: RdbValueSink): void {
  sink.beginStream(1);
  for (const entry of value.entries) {
    sink.onStreamEntry(entry.ms, entry.seq, entry.pairs.map(bytes));
  }
  if (value.meta !== null) sink.onStreamMeta(value.meta);
  for (const group of value.groups) {
    sink.beginStreamGroup({ ...group, name: bytes(group.name) });
    for (const consumer of group.consumers) {
      sink.onStreamConsumer({ ...consumer, name: bytes(consumer.name) });
      for (const pending of consumer.pending) sink.onStreamPending(pending);
    }
    sink.endStreamGroup();
  }
}
