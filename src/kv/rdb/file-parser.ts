/**
 * Reads a whole RDB file from chunks of any size.
 *
 * Memory is bounded by the largest single element (a string, a listpack), not by
 * the file or a value: what was told is dropped, and a claimed length allocates
 * nothing until its bytes have come. Nothing is thrown but what the sink throws.
 */

import { Crc64 } from './crc64.ts';
import { ByteCursor } from './cursor.ts';
import { RdbFault, RdbStarved } from './fault.ts';
import { FileGrammar } from './file-grammar.ts';
import type { RdbFileSink } from './file-sink.ts';

export type RdbFileStatus =
  | 'more'
  | 'ok'
  | 'truncated'
  | 'bad-checksum'
  | 'bad-format'
  | 'unsupported';

export interface RdbFileResult {
  readonly status: RdbFileStatus;
  /** Bytes from the start of the file that were understood. */
  readonly offset: number;
  /** Constant text: which rule was broken; empty where `status` says it all. */
  readonly reason: string;
}

export interface RdbFileOptions {
  /**
   * Refuse repeated members inside a value in the reader, at the cost of a set
   * of them. Default false: the sink's answers decide.
   */
  readonly trackDuplicates?: boolean;
  /** Longest string accepted, in bytes. Default 512 MiB. */
  readonly stringBytesMax?: number;
}

const NOTHING = Buffer.alloc(0);

export class RdbFileParser {
  private readonly grammar: FileGrammar;
  private readonly cursor: ByteCursor;
  private readonly crc = new Crc64();
  /** Up to where in the cursor's bytes the checksum went. */
  private summed = 0;
  /** Bytes not understood yet; the first `heldBytes` are in use. */
  private held: Buffer = NOTHING;
  private heldBytes = 0;
  /** Bytes at hand needed before a retry makes sense. */
  private needed = 1;
  private offset = 0;
  private result: RdbFileResult | null = null;

  constructor(sink: RdbFileSink, options: RdbFileOptions = {}) {
    this.cursor = new ByteCursor(options.stringBytesMax);
    this.grammar = new FileGrammar(sink, {
      trackDuplicates: options.trackDuplicates ?? false,
      checksum: () => this.sum(),
    });
  }

  /**
   * Takes the next bytes of the file. 'more' asks for further ones; any other
   * status is final. Bytes behind the end of the file are left alone: `offset`
   * tells where it ended. The chunk may be reused when this returns.
   */
  push(chunk: Buffer): RdbFileResult {
    if (this.result !== null) return this.result;
    if (this.heldBytes > 0) {
      this.hold(chunk);
      if (this.heldBytes >= this.needed) this.parseHeld();
    } else if (chunk.length >= this.needed) {
      const rest = this.parse(chunk);
      if (rest.length > 0) this.hold(rest);
    } else {
      this.hold(chunk);
    }
    return this.result ?? this.tell('more');
  }

  /** There are no further bytes. */
  end(): RdbFileResult {
    this.result ??= this.tell('truncated');
    return this.result;
  }

  private parseHeld(): void {
    const rest = this.parse(this.held.subarray(0, this.heldBytes));
    rest.copy(this.held);
    this.heldBytes = rest.length;
    if (rest.length === 0) this.held = NOTHING;
  }

  /** Understands as much of `bytes` as it can; returns what is to be seen again. */
  private parse(bytes: Buffer): Buffer {
    const { cursor, grammar } = this;
    cursor.load(bytes);
    this.summed = 0;
    this.needed = 1;
    try {
      grammar.run(cursor);
      this.sum();
      this.result = this.tell(grammar.checksumIsWrong ? 'bad-checksum' : 'ok');
    } catch (cause) {
      this.sum();
      if (cause instanceof RdbFault) this.result = this.tell(cause.kind, cause.reason);
      else if (cause instanceof RdbStarved) this.needed = cause.wanted;
      else throw cause;
    }
    return this.result === null ? bytes.subarray(cursor.committed) : NOTHING;
  }

  /** Brings checksum and offset up to what was committed. */
  private sum(): Crc64 {
    const { buffer, committed } = this.cursor;
    this.crc.update(buffer, this.summed, committed);
    this.offset += committed - this.summed;
    this.summed = committed;
    return this.crc;
  }

  private hold(chunk: Buffer): void {
    const size = this.heldBytes + chunk.length;
    if (size > this.held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.heldBytes));
      this.held.copy(grown, 0, 0, this.heldBytes);
      this.held = grown;
    }
    chunk.copy(this.held, this.heldBytes);
    this.heldBytes = size;
  }

  private tell(status: RdbFileStatus, reason = ''): RdbFileResult {
    return { status, offset: this.offset, reason };
  }
}

/**
 * Reads a whole RDB file, one chunk after another from `pull`, which gives null
 * at the end and may make the reader wait. Errors of `pull` and of the sink pass
 * through.
 */
export async function readRdbFile(
  pull: () => Promise<Buffer | null>,
  sink: RdbFileSink,
  options: RdbFileOptions = {},
): Promise<RdbFileResult> {
  const parser = new RdbFileParser(sink, options);
  for (;;) {
    const chunk = await pull();
    const result = chunk === null ? parser.end() : parser.push(chunk);
    if (result.status !== 'more') return result;
  }
}
