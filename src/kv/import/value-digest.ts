/**
 * A short text that two values share when they are equal, whatever their encodings: for comparing what
 * two servers hold. Members of sets, hashes, sorted sets and groups count in any order, the rest in
 * theirs. It finds accidents, not forgeries.
 *
 * Left out, since no copy has them the same: when consumers were last seen, how hot a key is. With
 * `asReplica` also how many entries a group has read: Redis tells its replicas of what XREADGROUP
 * delivered by XCLAIM, which does not move that counter.
 */
import {
  type RdbValueSink,
  readDump,
  type StreamConsumer,
  type StreamGroup,
  type StreamId,
  type StreamMeta,
  type StreamPending,
} from '../rdb/index.ts';

/** Two 32-bit lanes over bytes (multiply and rotate, finished as MurmurHash3 does). */
class Lanes {
  a = 0;
  b = 0;

  start(): this {
    this.a = 0x2545f491 | 0;
    this.b = 0x9e3779b9 | 0;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    let { a, b } = this;
    const { length } = bytes;
    for (let i = 0; i < length; i++) {
      const byte = bytes[i] as number;
      a = Math.imul(a ^ byte, 0x01000193);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b + byte, 0x85ebca6b);
      b ^= b >>> 15;
    }
    this.a = a;
    this.b = b;
    return this.number(length);
  }

  /** A whole number up to 32 bits. */
  number(n: number): this {
    this.a = Math.imul(this.a ^ n, 0xcc9e2d51);
    this.a = (this.a << 15) | (this.a >>> 17);
    this.b = Math.imul(this.b + n, 0xc2b2ae35);
    this.b ^= this.b >>> 13;
    return this;
  }

  double(n: number): this {
    DOUBLE[0] = n;
    return this.number(DOUBLE_WORDS[0] as number).number(DOUBLE_WORDS[1] as number);
  }

  id({ ms, seq }: StreamId): this {
    return this.big(ms).big(seq);
  }

  big(n: bigint): this {
    return this.number(Number(n & 0xffffffffn) | 0).number(Number(n >> 32n) | 0);
  }

  /** Adds what another gathered as one of many members, in no order. */
  member(other: Lanes): void {
    other.finish();
    this.a = (this.a + other.a) | 0;
    this.b = (this.b + other.b) | 0;
  }

  finish(): void {
    this.a = mixed(this.a ^ Math.imul(this.b, 0x27d4eb2f));
    this.b = mixed(this.b ^ Math.imul(this.a, 0x165667b1));
  }
}

function mixed(lane: number): number {
  let n = lane;
  n = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  n = Math.imul(n ^ (n >>> 13), 0xc2b2ae35);
  return n ^ (n >>> 16);
}

const DOUBLE = new Float64Array(1);
const DOUBLE_WORDS = new Int32Array(DOUBLE.buffer);

export class ValueDigest implements RdbValueSink {
  private type = '';
  private count = 0;
  private readonly whole = new Lanes();
  private readonly one = new Lanes();
  private readonly group = new Lanes();
  private readonly consumer = new Lanes();
  private inConsumer = false;
  private readonly asReplica: boolean;

  constructor(options: { readonly asReplica?: boolean } = {}) {
    this.asReplica = options.asReplica ?? false;
  }

  /** Whether the value told last is a collection without elements. */
  get holdsNothing(): boolean {
    return this.count === 0 && this.type !== 'string' && this.type !== 'stream';
  }

  /** The digest of the value told last; begins anew. */
  take(): string {
    this.whole.finish();
    const { a, b } = this.whole;
    return `${this.type} ${this.count} ${hex(a)}${hex(b)}`;
  }

  onString(value: Buffer): void {
    this.begin('string');
    this.whole.bytes(value);
  }

  beginList(): void {
    this.begin('list');
  }

  onListItem(item: Buffer): void {
    this.count++;
    this.whole.bytes(item);
  }

  beginSet(): void {
    this.begin('set');
  }

  onSetMember(member: Buffer): boolean {
    this.one.start().bytes(member);
    return this.add();
  }

  beginHash(): void {
    this.begin('hash');
  }

  onHashField(field: Buffer, value: Buffer, expireAtMs: number): boolean {
    this.one.start().bytes(field).bytes(value).double(expireAtMs);
    return this.add();
  }

  beginZset(): void {
    this.begin('zset');
  }

  onZsetMember(member: Buffer, score: number): boolean {
    // Redis tells 0 and -0 apart in some encodings only.
    this.one
      .start()
      .bytes(member)
      .double(score === 0 ? 0 : score);
    return this.add();
  }

  beginStream(): void {
    this.begin('stream');
  }

  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    this.count++;
    this.whole.big(ms).big(seq);
    for (const part of fieldsAndValues) this.whole.bytes(part);
  }

  onStreamMeta({ length, lastId, maxDeletedId, entriesAdded }: StreamMeta): void {
    this.whole.double(length).id(lastId).id(maxDeletedId).double(entriesAdded);
  }

  beginStreamGroup({ name, lastId, entriesRead }: StreamGroup): void {
    this.group.start().bytes(name).id(lastId);
    if (!this.asReplica) this.group.double(entriesRead ?? -1);
  }

  onStreamConsumer({ name }: StreamConsumer): void {
    this.endConsumer();
    this.consumer.start().bytes(name);
    this.inConsumer = true;
  }

  onStreamPending({ id, deliveryTimeMs, deliveryCount }: StreamPending): void {
    this.consumer.id(id).double(deliveryTimeMs).double(deliveryCount);
  }

  endStreamGroup(): void {
    this.endConsumer();
    this.whole.member(this.group);
  }

  onEnd(): void {}

  private endConsumer(): void {
    if (this.inConsumer) this.group.member(this.consumer);
    this.inConsumer = false;
  }

  private begin(type: string): void {
    this.type = type;
    this.count = 0;
    this.inConsumer = false;
    this.whole.start();
  }

  private add(): true {
    this.count++;
    this.whole.member(this.one);
    return true;
  }
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}

/** Behind the value: the version of the payload and its checksum. */
const FOOTER_BYTES = 10;

/** Whether two payloads of DUMP hold the same value, one of them being a replica's. */
export function sameValue(one: Buffer, other: Buffer): boolean {
  const bare = (payload: Buffer): Buffer => payload.subarray(0, -FOOTER_BYTES);
  if (bare(one).equals(bare(other))) return true;
  const digest = digestOf(one, true);
  return digest !== null && digest === digestOf(other, true);
}

/** The digest of a DUMP payload; null when it is none. */
export function digestOf(payload: Buffer, asReplica = false): string | null {
  const digest = new ValueDigest({ asReplica });
  const result = readDump(payload, digest, { trackDuplicates: false });
  return result === 'ok' ? digest.take() : null;
}
