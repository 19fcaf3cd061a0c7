/**
 * Loads a checkpoint into empty databases, block by block in bounded memory. Anything that is not as
 * it was written stops the loading with file and offset.
 */
import type { DiskFile } from '../../core/runtime/index.ts';
import type { Engine } from '../engine/engine.ts';
import { type Database, Flag, TYPE_MASK, TYPE_SHIFT, Type } from '../keyspace/index.ts';
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

/** @throws CorruptCheckpointError; the databases then hold a part and must not be used. */
export function loadCheckpoint(
  engine: Engine,
  disk: CheckpointDisk,
  path: string,
): LoadedCheckpoint {
  const file = disk.openSync(path, { mode: 'read' });
  try {
    return new CheckpointLoader(engine, file, path).load();
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

class CheckpointLoader {
  private readonly engine: Engine;
  private readonly file: DiskFile;
  private readonly path: string;
  private db: Database | undefined;
  private keys = 0;
  /** Collections whose elements come in pieces, by id. */
  private readonly open = new Map<number, OpenLarge>();
  private ended = false;
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;
  /** Offset in the file of the block being read. */
  private blockOffset = 0;

  constructor(engine: Engine, file: DiskFile, path: string) {
    this.engine = engine;
    this.file = file;
    this.path = path;
  }

  load(): LoadedCheckpoint {
    const header = decodeHeader(this.read(0, HEADER_BYTES));
    if ('wrong' in header) throw this.corrupt(0, header.wrong);
    let position = HEADER_BYTES;
    const size = this.file.sizeSync();
    while (position < size) {
      const head = this.read(position, BLOCK_HEAD_BYTES);
      if (head.length < BLOCK_HEAD_BYTES) throw this.corrupt(position, 'a block is cut off');
      const length = head.readUInt32LE(0);
      if (length > BLOCK_BYTES_MAX || position + BLOCK_HEAD_BYTES + length > size) {
        throw this.corrupt(position, `a block of ${length} bytes does not fit the file`);
      }
      const checksum = head.readUInt32LE(4);
      const records = this.read(position + BLOCK_HEAD_BYTES, length);
      if (records.length < length || checksumOf(records) !== checksum) {
        throw this.corrupt(position, 'the checksum of a block is wrong');
      }
      this.blockOffset = position;
      this.loadBlock(records);
      position += BLOCK_HEAD_BYTES + length;
    }
    if (!this.ended) throw this.corrupt(size, 'the file ends before the checkpoint does');
    return { logIndex: header.logIndex, keys: this.keys };
  }

  private loadBlock(records: Buffer): void {
    if (this.ended) throw this.corrupt(this.blockOffset, 'bytes follow the end');
    this.buffer = records;
    this.at = 0;
    while (this.at < records.length) this.loadRecord(records[this.at++] as number);
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
      case RecordKind.large:
        this.loadKey(kind === RecordKind.large);
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
        const [nameStart, nameEnd] = this.range();
        const name = this.buffer.toString('latin1', nameStart, nameEnd);
        const [start, end] = this.range();
        this.engine.loadExtra(name, this.buffer.subarray(start, end));
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

  private loadKey(large: boolean): void {
    const { db } = this;
    if (db === undefined) throw this.corrupt(this.blockOffset, 'a key before its database');
    const meta = this.u32();
    const expiry = (meta & HAS_EXPIRY) !== 0 ? this.f64() : -1;
    const [keyStart, keyEnd] = this.range();
    const [start, end] = this.range();
    let record: number;
    if (large) {
      const loader = new ValueLoader(
        this.engine,
        db,
        this.buffer.subarray(keyStart, keyEnd),
        'large',
      );
      const payload = this.buffer.subarray(start, end);
      const result = readDump(payload, loader, { trackDuplicates: false });
      if (result !== 'ok')
        throw this.corrupt(this.blockOffset, `a value could not be read: ${result}`);
      record = loader.finish();
    } else {
      const type = ((meta & TYPE_MASK) >>> TYPE_SHIFT) as Type;
      record = db.create(this.buffer, keyStart, keyEnd - keyStart, type, end - start);
      this.buffer.copy(db.bytesOf(record), db.valueOffset(record), start, end);
    }
    this.finishKey(db, record, meta, expiry);
  }

  private finishKey(db: Database, record: number, meta: number, expiry: number): void {
    const kept = db.metaOf(record) & (Flag.checkpoint | Flag.large | TYPE_MASK);
    db.setMeta(record, kept | (meta & ~(Flag.checkpoint | Flag.large | TYPE_MASK | HAS_EXPIRY)));
    const placed = expiry >= 0 ? db.setExpiry(record, expiry) : record;
    if (db.typeOf(placed) === Type.hash) noteFieldExpiries(db, placed);
    this.keys++;
  }

  private beginLarge(): void {
    const { db } = this;
    if (db === undefined) throw this.corrupt(this.blockOffset, 'a key before its database');
    const id = this.u32();
    const meta = this.u32();
    const expiry = (meta & HAS_EXPIRY) !== 0 ? this.f64() : -1;
    const [start, end] = this.range();
    const key = Buffer.from(this.buffer.subarray(start, end));
    const type = ((meta & TYPE_MASK) >>> TYPE_SHIFT) as Type;
    const loader = new ValueLoader(this.engine, db, key, 'large');
    if (type === Type.list) loader.beginList();
    else if (type === Type.set) loader.beginSet(0);
    else if (type === Type.hash) loader.beginHash(0);
    else loader.beginZset(0);
    this.open.set(id, { db, meta, expiry, type, loader });
  }

  private loadElements(): void {
    const open = this.openLarge(this.u32());
    const [start, end] = this.range();
    const { type, loader } = open;
    this.at = start;
    while (this.at < end) {
      if (type === Type.list) loader.onListItem(this.value());
      else if (type === Type.set) loader.onSetMember(this.value());
      else if (type === Type.hash) {
        const expireAt = this.f64();
        const field = this.value();
        loader.onHashField(field, this.value(), expireAt);
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

  private value(): Buffer {
    const [start, end] = this.range();
    return this.buffer.subarray(start, end);
  }

  private u32(): number {
    this.need(4);
    const value = this.buffer.readUInt32LE(this.at);
    this.at += 4;
    return value;
  }

  private f64(): number {
    this.need(8);
    const value = this.buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  private range(): [number, number] {
    const length = this.u32();
    this.need(length);
    const start = this.at;
    this.at += length;
    return [start, this.at];
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.buffer.length) {
      throw this.corrupt(this.blockOffset, 'a record is longer than its block');
    }
  }

  /** `length` bytes from `position`, fewer at the end of the file. */
  private read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const count = this.file.readSync(
        bytes,
        done,
        Math.min(length - done, READ_BYTES),
        position + done,
      );
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  private corrupt(offset: number, detail: string): CorruptCheckpointError {
    return new CorruptCheckpointError(this.path, offset, detail);
  }
}
