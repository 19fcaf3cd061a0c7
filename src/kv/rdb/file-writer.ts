/**
 * Writes a whole RDB file, piece by piece (its form is drawn in
 * `file-grammar.ts`). Call the methods in that order; between keys the caller may
 * wait for the disk, so what is in memory is one chunk and one value.
 */

import { invariant } from '../../core/base/index.ts';
import * as rdb from './constants.ts';
import { Crc64 } from './crc64.ts';
import type { RdbKeyInfo } from './file-sink.ts';
import type { RdbValueSink } from './sink.ts';
import type { RdbWriteOptions } from './value-writer.ts';
import { RdbValueWriter } from './value-writer.ts';

/** A chunk is given away when it has reached this size. */
const CHUNK_BYTES = 64 * 1024;
const CRC_BYTES = 8;

export class RdbFileWriter {
  /** Takes a chunk, to keep. Chunks follow each other without gaps. */
  private readonly emit: (chunk: Buffer) => void;
  private readonly values: RdbValueWriter;
  private readonly crc = new Crc64();

  /** @param emit is given each chunk, which is then its own. */
  constructor(emit: (chunk: Buffer) => void, options: RdbWriteOptions = {}) {
    this.emit = emit;
    this.values = new RdbValueWriter(options);
    const version = String(this.values.out.version).padStart(4, '0');
    this.values.out.bytes(Buffer.from(`REDIS${version}`, 'latin1'));
  }

  /** A named fact about the file, such as redis-ver or ctime. */
  aux(name: string, value: string): void {
    this.opcode(rdb.OP_AUX);
    this.values.out.text(Buffer.from(name));
    this.values.out.text(Buffer.from(value));
  }

  /** The source of a function library. */
  function(source: Buffer): void {
    this.opcode(rdb.OP_FUNCTION2);
    this.values.out.text(source);
    this.flush(CHUNK_BYTES);
  }

  /** Keys that follow belong to this database. */
  selectDb(db: number): void {
    this.opcode(rdb.OP_SELECTDB);
    this.values.out.length(db);
  }

  /** How many keys, and how many keys that expire, the database selected last holds. */
  resizeDb(keys: number, expires: number): void {
    this.opcode(rdb.OP_RESIZEDB);
    this.values.out.length(keys);
    this.values.out.length(expires);
  }

  /**
   * Begins a key. Tell the returned sink the events of its value, then call
   * `endKey`. `key` must stay unchanged until then.
   */
  beginKey(key: Buffer, info: Partial<Omit<RdbKeyInfo, 'type'>> = {}): RdbValueSink {
    const { out } = this.values;
    if (typeof info.expireAtMs === 'number') {
      this.opcode(rdb.OP_EXPIRETIME_MS);
      out.timeMs(info.expireAtMs);
    }
    if (typeof info.idleSeconds === 'number') {
      this.opcode(rdb.OP_IDLE);
      out.length(info.idleSeconds);
    }
    if (typeof info.frequency === 'number') {
      this.opcode(rdb.OP_FREQ);
      out.u8(info.frequency);
    }
    out.expectKey(key);
    return this.values;
  }

  endKey(): void {
    const { out } = this.values;
    invariant(out.versionNeeded <= out.version, 'expiring hash fields need a file of version 12');
    this.flush(CHUNK_BYTES);
  }

  /** Ends the file and emits what is left of it. */
  end(): void {
    const { out } = this.values;
    this.opcode(rdb.OP_EOF);
    this.crc.update(out.buffer, 0, out.size);
    const chunk = Buffer.allocUnsafe(out.size + CRC_BYTES);
    out.view().copy(chunk);
    this.crc.writeTo(chunk, out.size);
    out.clear();
    this.emit(chunk);
  }

  private opcode(code: number): void {
    this.values.out.u8(code);
  }

  private flush(atLeast: number): void {
    const { out } = this.values;
    if (out.size < atLeast) return;
    this.crc.update(out.buffer, 0, out.size);
    this.emit(out.take());
  }
}
