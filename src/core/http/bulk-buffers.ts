/**
 * Read buffers for long bodies: a connection that brings one reads into memory of its own, so that what it
 * brought can be written on without a copy and stays as it is until it is read again.
 *
 * 256 KiB: measured for bodies of 64 KiB and more (ARCHITECTURE.md). The number of buffers is bounded; without
 * one a body is copied through the shared buffer, which is slower and nothing else. A stream of which nobody knows
 * how long it is (chunks, tunnels) has one only while its reads are large, so that ten thousand idle ones hold none;
 * a few connections to servers keep theirs from one long response to the next.
 */
import type { BodyReader } from './body-reader.ts';

const BULK_BYTES = 262_144;
/** A body of which less is to come is not worth it. */
export const BULK_BODY_BYTES_MIN = 65_536;
/** A read of a body of unknown length from which on more of the kind are expected, and below which they are not. */
const LARGE_READ_BYTES = 32_768;
const SMALL_READ_BYTES = 8_192;
/** So many small reads in a row: single ones come in the middle of bulk. */
const QUIET_READS_MAX = 8;
const IN_USE_MAX = 512;
const KEPT_MAX = 16;
/** Connections that keep their buffer while they wait for the next message, for it will be a long one too. */
const RESTING_MAX = 32;

const kept: Buffer[] = [];
let inUse = 0;
let resting = 0;

/** A buffer to read into, null when too many are in use. */
export function takeBulkBuffer(): Buffer | null {
  if (inUse === IN_USE_MAX) return null;
  inUse++;
  return kept.pop() ?? Buffer.allocUnsafeSlow(BULK_BYTES);
}

/** Nobody reads into it any more. `free`: nobody refers to a chunk in it either. */
export function giveBulkBuffer(buffer: Buffer, free: boolean): void {
  inUse--;
  if (free && kept.length < KEPT_MAX) kept.push(buffer);
}

/** Buffers that messages are read into. */
export function bulkBuffersInUse(): number {
  return inUse - resting;
}

/** What reads can be sent elsewhere: a stream or a connection. */
interface Readable {
  readonly chunksStay: boolean;
  useReadBuffer(buffer: Buffer | null): void;
}

/** The buffer of one connection, if it has one. */
export class BulkReads {
  private buffer: Buffer | null = null;
  private rests = false;
  private quietReads = 0;
  private readonly source: Readable;

  constructor(source: Readable) {
    this.source = source;
  }

  /**
   * Behind a read of so many bytes, of a body that goes on. Called inside `onData`. `free`: nobody refers to
   * the chunk that was read.
   */
  adapt({ left }: BodyReader, readBytes: number, free: boolean): void {
    if (this.buffer !== null) {
      if (readBytes >= SMALL_READ_BYTES) this.quietReads = 0;
      else if (left === 0 && ++this.quietReads > QUIET_READS_MAX) this.give(free);
    } else if (left > 0 ? left >= BULK_BODY_BYTES_MIN : readBytes >= LARGE_READ_BYTES) {
      this.take();
    }
  }

  /**
   * Behind a message whose body had so many bytes: one of the same length is expected on the connection, and
   * then its first bytes come into the buffer too. Called inside `onData`.
   */
  rest(bytes: number, free: boolean): void {
    const worth = bytes >= LARGE_READ_BYTES && resting < RESTING_MAX;
    if (this.buffer !== null && !(worth && free)) this.give(free);
    else if (worth && this.buffer === null) this.take();
    if (this.buffer === null) return;
    this.rests = true;
    resting++;
  }

  /** The next message begins. */
  wake(): void {
    if (!this.rests) return;
    this.rests = false;
    resting--;
  }

  /** Reads go to the shared buffer again. `free`: nobody refers to a chunk in this one. */
  give(free: boolean): void {
    this.wake();
    const { buffer } = this;
    if (buffer === null) return;
    this.buffer = null;
    this.source.useReadBuffer(null);
    giveBulkBuffer(buffer, free);
  }

  private take(): void {
    if (this.source.chunksStay) return;
    this.quietReads = 0;
    this.buffer = takeBulkBuffer();
    if (this.buffer !== null) this.source.useReadBuffer(this.buffer);
  }
}
