/**
 * The elements of a value that is too large for one payload, added to the key by the commands of its
 * type, many elements a command.
 */
import type { Arg } from '../../core/wire/index.ts';
import type { RdbValueSink, StreamId, StreamMeta } from '../rdb/index.ts';
import { PIECE_BYTES_MAX, PIECE_COUNT_MAX } from './limits.ts';

export class PieceSender implements RdbValueSink {
  private readonly send: (args: readonly Arg[]) => void;
  private readonly key: Buffer;
  private verb = '';
  private elements: Arg[] = [];
  private bytes = 0;
  private group: Buffer = NOTHING;
  private consumer: Buffer = NOTHING;

  constructor(key: Buffer, send: (args: readonly Arg[]) => void) {
    this.key = key;
    this.send = send;
  }

  onString(value: Buffer): void {
    this.send(['SET', this.key, value]);
  }

  beginList(): void {}
  beginSet(): void {}
  beginHash(): void {}
  beginZset(): void {}
  beginStream(): void {}

  onListItem(item: Buffer): void {
    this.add('RPUSH', item);
  }

  onSetMember(member: Buffer): boolean {
    this.add('SADD', member);
    return true;
  }

  onHashField(field: Buffer, value: Buffer, expireAtMs: number): boolean {
    this.add('HSET', field, value);
    if (expireAtMs > 0) {
      this.flush();
      this.send(['HPEXPIREAT', this.key, expireAtMs, 'FIELDS', 1, Buffer.from(field)]);
    }
    return true;
  }

  onZsetMember(member: Buffer, score: number): boolean {
    this.add('ZADD', scoreText(score), member);
    return true;
  }

  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    this.send(['XADD', this.key, `${ms}-${seq}`, ...fieldsAndValues]);
  }

  onStreamMeta({ lastId, entriesAdded, maxDeletedId }: StreamMeta): void {
    const words = ['ENTRIESADDED', entriesAdded, 'MAXDELETEDID', idText(maxDeletedId)];
    this.send(['XSETID', this.key, idText(lastId), ...words]);
  }

  beginStreamGroup(group: { name: Buffer; lastId: StreamId; entriesRead: number | null }): void {
    this.group = Buffer.from(group.name);
    const read = group.entriesRead === null ? [] : ['ENTRIESREAD', group.entriesRead];
    this.send(['XGROUP', 'CREATE', this.key, this.group, idText(group.lastId), ...read]);
  }

  onStreamConsumer({ name }: { name: Buffer }): void {
    this.consumer = Buffer.from(name);
    this.send(['XGROUP', 'CREATECONSUMER', this.key, this.group, this.consumer]);
  }

  /** XCLAIM makes no pending entry of a stream entry that is gone: those are lost here. */
  onStreamPending(pending: { id: StreamId; deliveryTimeMs: number; deliveryCount: number }): void {
    const { id, deliveryTimeMs, deliveryCount } = pending;
    const to = [this.key, this.group, this.consumer, 0, idText(id)];
    const how = ['TIME', deliveryTimeMs, 'RETRYCOUNT', deliveryCount, 'FORCE', 'JUSTID'];
    this.send(['XCLAIM', ...to, ...how]);
  }

  endStreamGroup(): void {}

  onEnd(): void {
    this.flush();
  }

  private add(verb: string, ...element: readonly (Buffer | string)[]): void {
    this.verb = verb;
    for (const part of element) {
      // What a reader tells is a view of its bytes at hand.
      this.elements.push(typeof part === 'string' ? part : Buffer.from(part));
      this.bytes += part.length;
    }
    if (this.bytes >= PIECE_BYTES_MAX || this.elements.length >= PIECE_COUNT_MAX) this.flush();
  }

  private flush(): void {
    if (this.elements.length === 0) return;
    this.send([this.verb, this.key, ...this.elements]);
    this.elements = [];
    this.bytes = 0;
  }
}

const NOTHING = Buffer.alloc(0);

/** A score as ZADD reads it: the shortest text that is the same double. */
function scoreText(score: number): string {
  if (Number.isFinite(score)) return Object.is(score, -0) ? '-0' : String(score);
  return score > 0 ? 'inf' : '-inf';
}

function idText({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}
