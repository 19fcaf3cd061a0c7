/**
 * Turns what the reader of an RDB file tells into requests: a key is one RESTORE (a string one
 * SET), or, when its payload grows beyond `VALUE_BYTES_MAX`, a RESTORE of its first part and
 * the commands of its type for the rest.
 *
 *     none --key--> whole --payload too large--> pieces
 *       ^------ end of key ----/--------------------/
 *
 * | state  | key          | element             | too large                  | end of key       |
 * | ------ | ------------ | ------------------- | -------------------------- | ---------------- |
 * | none   | whole        | -                   | -                          | -                |
 * | whole  | -            | whole, written      | pieces, RESTORE of so far  | none, RESTORE    |
 * | pieces | -            | pieces, sent        | -                          | none, PEXPIREAT  |
 *
 * Requests are given in the order of the file and hold no views of it. Expired keys are sent as others:
 * the commands that follow a snapshot may give them more time.
 */
import type { Arg } from '../../core/wire/index.ts';
import {
  type RdbFileSink,
  type RdbKeyInfo,
  RdbValueWriter,
  type StreamConsumer,
  type StreamGroup,
  type StreamId,
  type StreamMeta,
  type StreamPending,
} from '../rdb/index.ts';
import { STREAM_BYTES_MAX, VALUE_BYTES_MAX } from './limits.ts';
import { PieceSender } from './piece-sender.ts';

export interface FeederOptions {
  /** Remove all keys and functions first, as soon as the file is known to be one that is read. */
  readonly replace?: boolean;
  readonly valueBytesMax?: number;
  readonly streamBytesMax?: number;
}

const NO_ID: StreamId = { ms: 0n, seq: 0n };

export class SnapshotFeeder implements RdbFileSink {
  keys = 0;
  functions = 0;
  /** RDB version of the file. */
  rdbVersion = 0;
  /** What the file says of its origin, such as `redis-ver`. */
  readonly origin = new Map<string, string>();
  private readonly send: (args: readonly Arg[]) => void;
  private readonly replace: boolean;
  private readonly valueBytesMax: number;
  private readonly streamBytesMax: number;
  private readonly writer = new RdbValueWriter({ version: 11, compress: false });
  private pieces: PieceSender | null = null;
  /** The key at hand was sent with all that is told of it. */
  private sent = false;
  private key: Buffer = Buffer.alloc(0);
  private info: RdbKeyInfo = { type: 0, expireAtMs: null, idleSeconds: null, frequency: null };
  private db = 0;
  private selected = -1;
  /** Elements of the value at hand; -1 where none are needed. */
  private elements = 0;
  private lastId = NO_ID;
  private firstId = NO_ID;

  constructor(send: (args: readonly Arg[]) => void, options: FeederOptions = {}) {
    this.send = send;
    this.replace = options.replace ?? false;
    this.valueBytesMax = options.valueBytesMax ?? VALUE_BYTES_MAX;
    this.streamBytesMax = options.streamBytesMax ?? STREAM_BYTES_MAX;
  }

  /** The database that the stream behind the snapshot begins in. */
  get streamDb(): number {
    return Number(this.origin.get('repl-stream-db') ?? 0);
  }

  onHeader(version: number): void {
    this.rdbVersion = version;
    if (!this.replace) return;
    this.send(['FLUSHALL']);
    this.send(['FUNCTION', 'FLUSH']);
  }

  onAux(name: Buffer, value: Buffer): void {
    // Scripts that EVALSHA may name, of Redis before 7.
    if (name.equals(LUA)) this.send(['SCRIPT', 'LOAD', Buffer.from(value)]);
    else this.origin.set(name.toString(), value.toString());
  }

  onSelectDb(db: number): void {
    this.db = db;
  }

  onResizeDb(): void {}

  onFunction(source: Buffer): void {
    this.functions++;
    this.send(['FUNCTION', 'LOAD', 'REPLACE', Buffer.from(source)]);
  }

  onKey(key: Buffer, info: RdbKeyInfo): boolean {
    this.key = Buffer.from(key);
    this.info = info;
    this.pieces = null;
    this.sent = false;
    this.elements = 0;
    return true;
  }

  endKey(): void {
    const { pieces, info } = this;
    this.pieces = null;
    if (this.sent) this.sent = false;
    else if (pieces !== null) {
      if (info.expireAtMs !== null) this.put(['PEXPIREAT', this.key, info.expireAtMs]);
    } else if (this.elements === 0) {
      // Redis drops collections that hold nothing, too.
      this.writer.reset();
      return;
    } else {
      this.restore(true);
    }
    this.keys++;
  }

  onString(value: Buffer): void {
    this.elements = 1;
    const { expireAtMs, idleSeconds, frequency } = this.info;
    // SET has no checksum to make and to check, and knows of no use.
    if (idleSeconds === null && frequency === null) {
      const end = expireAtMs === null ? [] : ['PXAT', Math.max(expireAtMs, 1)];
      this.put(['SET', this.key, value, ...end]);
      this.sent = true;
    } else if (value.length > this.valueBytesMax) {
      this.pieces = new PieceSender(this.key, this.put);
      this.pieces.onString(value);
    } else this.writer.onString(value);
  }

  beginList(countHint: number): void {
    this.writer.beginList(countHint);
  }

  onListItem(item: Buffer): void {
    if (this.pieces !== null) this.pieces.onListItem(item);
    else {
      this.writer.onListItem(item);
      this.grown();
    }
  }

  beginSet(countHint: number, packed: boolean): void {
    this.writer.beginSet(countHint, packed);
  }

  onSetMember(member: Buffer): boolean {
    if (this.pieces !== null) return this.pieces.onSetMember(member);
    this.writer.onSetMember(member);
    this.grown();
    return true;
  }

  beginHash(countHint: number, packed: boolean, minExpireAtMs: number): void {
    this.writer.beginHash(countHint, packed, minExpireAtMs);
  }

  onHashField(field: Buffer, value: Buffer, expireAtMs: number): boolean {
    if (this.pieces !== null) return this.pieces.onHashField(field, value, expireAtMs);
    this.writer.onHashField(field, value, expireAtMs);
    this.grown();
    return true;
  }

  beginZset(countHint: number, packed: boolean): void {
    this.writer.beginZset(countHint, packed);
  }

  onZsetMember(member: Buffer, score: number): boolean {
    if (this.pieces !== null) return this.pieces.onZsetMember(member, score);
    this.writer.onZsetMember(member, score);
    this.grown();
    return true;
  }

  beginStream(nodesHint: number): void {
    this.writer.beginStream(nodesHint);
    this.firstId = NO_ID;
  }

  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    if (this.pieces !== null) {
      this.pieces.onStreamEntry(ms, seq, fieldsAndValues);
      return;
    }
    this.writer.onStreamEntry(ms, seq, fieldsAndValues);
    this.elements++;
    this.lastId = { ms, seq };
    if (this.elements === 1) this.firstId = this.lastId;
    if (this.writer.out.size > this.streamBytesMax) {
      const { firstId, lastId, elements: length } = this;
      this.writer.onStreamMeta({
        length,
        firstId,
        lastId,
        maxDeletedId: NO_ID,
        entriesAdded: length,
      });
      this.split();
    }
  }

  onStreamMeta(meta: StreamMeta): void {
    // A stream may be empty and is a key all the same.
    this.elements = Math.max(this.elements, 1);
    this.openValue.onStreamMeta(meta);
  }

  beginStreamGroup(group: StreamGroup): void {
    this.openValue.beginStreamGroup(group);
  }

  onStreamConsumer(consumer: StreamConsumer): void {
    this.openValue.onStreamConsumer(consumer);
  }

  onStreamPending(pending: StreamPending): void {
    this.openValue.onStreamPending(pending);
  }

  endStreamGroup(): void {
    this.openValue.endStreamGroup();
  }

  onEnd(): void {
    this.openValue.onEnd();
  }

  private get openValue(): PieceSender | RdbValueWriter {
    return this.pieces ?? this.writer;
  }

  private grown(): void {
    this.elements++;
    if (this.writer.out.size > this.valueBytesMax) this.split();
  }

  /** What was told so far is a value: it is sent, and the rest follows in pieces. */
  private split(): void {
    this.writer.onEnd();
    this.restore(false);
    this.pieces = new PieceSender(this.key, this.put);
  }

  private restore(whole: boolean): void {
    const { expireAtMs, idleSeconds, frequency } = this.info;
    // A time before 1970 is over like any other; RESTORE takes none below zero, and zero for none.
    const at = whole && expireAtMs !== null ? Math.max(expireAtMs, 1) : 0;
    const args: Arg[] = ['RESTORE', this.key, at, this.writer.finishDump(), 'REPLACE', 'ABSTTL'];
    if (idleSeconds !== null) args.push('IDLETIME', idleSeconds);
    else if (frequency !== null) args.push('FREQ', frequency);
    this.put(args);
  }

  private readonly put = (args: readonly Arg[]): void => {
    if (this.selected !== this.db) {
      this.selected = this.db;
      this.send(['SELECT', this.db]);
    }
    this.send(args);
  };
}

const LUA = Buffer.from('lua');
