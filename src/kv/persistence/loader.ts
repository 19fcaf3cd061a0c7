/**
 * Loads a checkpoint into empty databases, block by block in bounded memory. Anything that is not as
 * it was written stops the loading with file and offset.
 *
 * Benchmark: bench/kv (start).
 */
import { runAtOnce, STEP_BYTES, type Steps } from '../../core/base/index.ts';
import type { DiskFile } from '../../core/runtime/index.ts';
import type { Engine } from '../engine/engine.ts';
import { type Database, Flag, TYPE_MASK, TYPE_SHIFT, Type } from '../keyspace/index.ts';
import { copyBytes, FETCH_MAX } from '../memory/index.ts';
import { readDump } from '../rdb/index.ts';
import { noteFieldExpiries } from '../values/hash/index.ts';
import { ValueLoader } from '../values/index.ts';
import type { CheckpointDisk } from './checkpointer.ts';
import { CorruptCheckpointError } from './errors.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_HEAD_BYTES,
  checksumOf,
  decodeHeader,
  HAS_EXPIRY,
  HEADER_BYTES,
  indexOfName,
  RecordKind,
} from './format.ts';
import { type ItemSource, readStreamItem } from './stream-items.ts';

/** Read at once; longer blocks are read whole. */
const READ_BYTES = 1024 * 1024;

export interface LoadedCheckpoint {
  readonly logIndex: number;
  readonly keys: number;
}

/** The newest checkpoint of a folder, undefined when there is none. */
export function newestCheckpoint(disk: CheckpointDisk, folder: string): string | undefined {
  let newest: string | undefined;
  for (const name of disk.listSync(folder)) {
    if (indexOfName(name) >= 0 && (newest === undefined || name > newest)) newest = name;
  }
  return newest;
}

/** As `checkpointSteps`, in this call. */
export function loadCheckpoint(
  engine: Engine,
  disk: CheckpointDisk,
  path: string,
): LoadedCheckpoint {
  return runAtOnce(checkpointSteps(engine, disk, path));
}

/**
 * Yields how far it is; nobody may use the databases in between.
 * @throws CorruptCheckpointError; the databases then hold a part and must not be used.
 */
export function* checkpointSteps(
  engine: Engine,
  disk: CheckpointDisk,
  path: string,
): Steps<LoadedCheckpoint> {
  const file = disk.openSync(path, { mode: 'read' });
  try {
    return yield* new CheckpointLoader(engine, file, path).load();
  } finally {
    file.closeSync();
  }
}

interface OpenLarge {
  readonly db: Database;
  readonly meta: number;
  readonly expiry: number;
  readonly type: Type;
  readonly loader: ValueLoader;
}

class CheckpointLoader implements ItemSource {
  private readonly engine: Engine;
  private readonly file: DiskFile;
  private readonly path: string;
  private db: Database | undefined;
  private keys = 0;
  /** Collections whose elements come in pieces, by id. */
  private readonly open = new Map<number, OpenLarge>();
  private ended = false;
  /** Part of the file: `windowBytes` bytes from `windowAt` on. The block being read is within. */
  private buffer: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  private windowAt = 0;
  private windowBytes = 0;
  /** Where in `buffer` the next byte of the block is, and its end. */
  private at = 0;
  private end = 0;
  /** Hashes of the keys in the records to come. */
  private readonly hashes = new Uint32Array(FETCH_MAX);
  private hashCount = 0;
  private hashNext = 0;
  /** Offset in the file of the block being read. */
  private blockOffset = 0;

  constructor(engine: Engine, file: DiskFile, path: string) {
    this.engine = engine;
    this.file = file;
    this.path = path;
  }

  *load(): Steps<LoadedCheckpoint> {
    const size = this.file.sizeSync();
    const headerBytes = Math.min(HEADER_BYTES, size);
    const headerAt = this.show(0, headerBytes);
    const header = decodeHeader(this.buffer.subarray(headerAt, headerAt + headerBytes));
    if ('wrong' in header) throw this.corrupt(0, header.wrong);
    let position = HEADER_BYTES;
    let nextStep = STEP_BYTES;
    while (position < size) {
      if (position + BLOCK_HEAD_BYTES > size) throw this.corrupt(position, 'a block is cut off');
      const head = this.show(position, BLOCK_HEAD_BYTES);
      const length = this.buffer.readUInt32LE(head);
      const checksum = this.buffer.readUInt32LE(head + 4);
      if (length > BLOCK_BYTES_MAX || position + BLOCK_HEAD_BYTES + length > size) {
        throw this.corrupt(position, `a block of ${length} bytes does not fit the file`);
      }
      this.blockOffset = position;
      this.at = this.show(position + BLOCK_HEAD_BYTES, length);
      this.end = this.at + length;
      if (checksumOf(this.buffer.subarray(this.at, this.end)) !== checksum) {
        throw this.corrupt(position, 'the checksum of a block is wrong');
      }
      this.loadBlock();
      position += BLOCK_HEAD_BYTES + length;
      if (position >= nextStep) {
        nextStep = position + STEP_BYTES;
        yield { doneBytes: position, totalBytes: size };
      }
    }
    if (!this.ended) throw this.corrupt(size, 'the file ends before the checkpoint does');
    return { logIndex: header.logIndex, keys: this.keys };
  }

  private loadBlock(): void {
    if (this.ended) throw this.corrupt(this.blockOffset, 'bytes follow the end');
    this.hashCount = 0;
    this.hashNext = 0;
    while (this.at < this.end) {
      if (this.hashNext === this.hashCount) this.lookAhead();
      this.loadRecord(this.buffer[this.at++] as number);
    }
  }

  /**
   * Hashes the keys of packed records from here on, up to the next record of another kind, and has the
   * processor fetch their buckets: one by one each would be waited for.
   */
  private lookAhead(): void {
    const { db, buffer, end, hashes } = this;
    this.hashCount = 0;
    this.hashNext = 0;
    if (db === undefined) return;
    const { table } = db;
    let count = 0;
    // Damaged lengths end the look: loading the record will say what is wrong.
    for (let at = this.at; count < FETCH_MAX && buffer[at] === RecordKind.packed; ) {
      if (at + PACKED_HEAD_MAX > end) break;
      const hasExpiry = ((buffer[at + 4] as number) & EXPIRY_OF_HIGH_BYTE) !== 0;
      const key = at + 9 + (hasExpiry ? 8 : 0);
      const length = u32At(buffer, key - 4);
      if (key + length + 4 > end) break;
      hashes[count++] = table.hash(buffer, key, length);
      at = key + length + 4 + u32At(buffer, key + length);
      if (at >= end) break;
    }
    table.fetch(hashes, count);
    this.hashCount = count;
  }

  private loadRecord(kind: number): void {
    switch (kind) {
      case RecordKind.database: {
        const index = this.u32();
        const keys = this.u32();
        this.db = this.engine.database(index);
        if (this.db === undefined) {
          throw this.corrupt(this.blockOffset, `database ${index} is not configured`);
        }
        this.db.table.reserve(keys);
        return;
      }
      case RecordKind.packed:
        this.loadPacked();
        return;
      case RecordKind.large:
        this.loadLarge();
        return;
      case RecordKind.begin:
        this.beginLarge();
        return;
      case RecordKind.elements:
        this.loadElements();
        return;
      case RecordKind.done:
        this.endLarge();
        return;
      case RecordKind.extra: {
        const name = this.value().toString('latin1');
        this.engine.loadExtra(name, Buffer.from(this.value()));
        return;
      }
      case RecordKind.end: {
        const keys = this.f64();
        if (this.open.size > 0) throw this.corrupt(this.blockOffset, 'a collection has no end');
        if (keys !== this.keys) {
          throw this.corrupt(this.blockOffset, `${this.keys} keys found, ${keys} were written`);
        }
        this.ended = true;
        return;
      }
      default:
        throw this.corrupt(this.blockOffset, `a record of unknown kind ${kind}`);
    }
  }

  private loadPacked(): void {
    const db = this.database();
    const meta = this.u32();
    const expiry = (meta & HAS_EXPIRY) !== 0 ? this.f64() : -1;
    const keyLength = this.u32();
    const key = this.at;
    this.skip(keyLength);
    const length = this.u32();
    const value = this.at;
    this.skip(length);
    const { buffer, hashes } = this;
    const hash =
      this.hashNext < this.hashCount
        ? (hashes[this.hashNext++] as number)
        : db.table.hash(buffer, key, keyLength);
    const type = ((meta & TYPE_MASK) >>> TYPE_SHIFT) as Type;
    const record = db.createHashed(hash, buffer, key, keyLength, type, length);
    copyBytes(buffer, value, db.bytesOf(record), db.valueOffset(record), length);
    this.finishKey(db, record, meta, expiry);
  }

  private loadLarge(): void {
    const db = this.database();
    const meta = this.u32();
    const expiry = (meta & HAS_EXPIRY) !== 0 ? this.f64() : -1;
    const loader = new ValueLoader(this.engine, db, this.value(), 'large');
    const result = readDump(this.value(), loader, { trackDuplicates: false });
    if (result !== 'ok') {
      throw this.corrupt(this.blockOffset, `a value could not be read: ${result}`);
    }
    this.finishKey(db, loader.finish(), meta, expiry);
  }

  private database(): Database {
    if (this.db === undefined) throw this.corrupt(this.blockOffset, 'a key before its database');
    return this.db;
  }

  private finishKey(db: Database, record: number, meta: number, expiry: number): void {
    const kept = db.metaOf(record) & (Flag.checkpoint | Flag.large | TYPE_MASK);
    db.setMeta(record, kept | (meta & ~(Flag.checkpoint | Flag.large | TYPE_MASK | HAS_EXPIRY)));
    const placed = expiry >= 0 ? db.setExpiry(record, expiry) : record;
    if (db.typeOf(placed) === Type.hash) noteFieldExpiries(db, placed);
    this.keys++;
  }

  private beginLarge(): void {
    const db = this.database();
    const id = this.u32();
    const meta = this.u32();
    const expiry = (meta & HAS_EXPIRY) !== 0 ? this.f64() : -1;
    const key = Buffer.from(this.value());
    const type = ((meta & TYPE_MASK) >>> TYPE_SHIFT) as Type;
    const loader = new ValueLoader(this.engine, db, key, 'large');
    if (type === Type.list) loader.beginList();
    else if (type === Type.set) loader.beginSet(0);
    else if (type === Type.hash) loader.beginHash(0);
    else if (type === Type.stream) loader.beginStream();
    else loader.beginZset(0);
    this.open.set(id, { db, meta, expiry, type, loader });
  }

  private loadElements(): void {
    const open = this.openLarge(this.u32());
    const length = this.u32();
    this.need(length);
    const end = this.at + length;
    const { type, loader } = open;
    while (this.at < end) {
      if (type === Type.list) loader.onListItem(this.value());
      else if (type === Type.set) loader.onSetMember(this.value());
      else if (type === Type.hash) {
        const expireAt = this.f64();
        const field = this.value();
        loader.onHashField(field, this.value(), expireAt);
      } else if (type === Type.stream) {
        if (!readStreamItem(this, loader)) throw this.corrupt(this.blockOffset, UNKNOWN_ITEM);
      } else {
        const score = this.f64();
        loader.onZsetMember(this.value(), score);
      }
    }
  }

  private endLarge(): void {
    const id = this.u32();
    const { db, meta, expiry, loader } = this.openLarge(id);
    this.open.delete(id);
    this.finishKey(db, loader.finish(), meta, expiry);
  }

  private openLarge(id: number): OpenLarge {
    const open = this.open.get(id);
    if (open === undefined) throw this.corrupt(this.blockOffset, `no collection ${id} has begun`);
    return open;
  }

  /** A view of the bytes that follow, behind their length. */
  value(): Buffer {
    const length = this.u32();
    const start = this.at;
    this.skip(length);
    return this.buffer.subarray(start, this.at);
  }

  u32(): number {
    this.need(4);
    const value = u32At(this.buffer, this.at);
    this.at += 4;
    return value;
  }

  f64(): number {
    this.need(8);
    const value = this.buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  private skip(bytes: number): void {
    this.need(bytes);
    this.at += bytes;
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.end) {
      throw this.corrupt(this.blockOffset, 'a record is longer than its block');
    }
  }

  /** Makes `length` bytes of the file, which has them, visible; returns where they begin in `buffer`. */
  private show(position: number, length: number): number {
    const at = position - this.windowAt;
    if (at >= 0 && at + length <= this.windowBytes) return at;
    if (length > this.buffer.length || this.buffer.length > READ_BYTES) {
      this.buffer = Buffer.allocUnsafeSlow(Math.max(length, READ_BYTES));
    }
    this.windowAt = position;
    this.windowBytes = 0;
    while (this.windowBytes < length) {
      const { buffer, windowBytes } = this;
      const rest = Math.min(buffer.length - windowBytes, READ_BYTES);
      const count = this.file.readSync(buffer, windowBytes, rest, position + windowBytes);
      if (count === 0) throw this.corrupt(position, 'the file became shorter while it was read');
      this.windowBytes += count;
    }
    return 0;
  }

  private corrupt(offset: number, detail: string): CorruptCheckpointError {
    return new CorruptCheckpointError(this.path, offset, detail);
  }
}

const UNKNOWN_ITEM = 'an item of a stream is of unknown kind';
/** Bytes of a packed record before its key, at most, and of the length of its value. */
const PACKED_HEAD_MAX = 21;
/** The bit HAS_EXPIRY in the highest byte of the meta. */
const EXPIRY_OF_HIGH_BYTE = HAS_EXPIRY >>> 24;

function u32At(buf: Buffer, at: number): number {
  return (buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)) >>> 0;
}
