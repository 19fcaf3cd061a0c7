/**
 * Where the writers of single values put their bytes. The type byte is known
 * late (a small set may turn out not to be all integers), and in a file the key
 * stands between it and the value; both are settled here.
 */

import { ByteWriter } from './byte-writer.ts';
import type { RdbVersion } from './constants.ts';

export class ValueOutput extends ByteWriter {
  readonly version: RdbVersion;
  /** Whether strings of more than 20 bytes are compressed where that saves bytes. */
  readonly compress: boolean;
  /** Least RDB version a reader must know for what was written. */
  versionNeeded: RdbVersion;
  private key: Buffer | null = null;

  constructor(version: RdbVersion, compress: boolean) {
    super();
    this.version = version;
    this.compress = compress;
    this.versionNeeded = version;
  }

  /** The key to put behind the type byte of the next value. It must stay unchanged until then. */
  expectKey(key: Buffer): void {
    this.key = key;
  }

  /** Drops everything written and expected. */
  forget(): void {
    this.clear();
    this.key = null;
    this.versionNeeded = this.version;
  }

  /** Opens a value: its type byte and, in a file, its key. */
  type(type: number): void {
    this.u8(type);
    if (this.key === null) return;
    this.text(this.key);
    this.key = null;
  }

  /** A string inside a value. */
  text(source: Buffer): void {
    this.string(source, this.compress);
  }
}

/**
 * A count in front of its elements. Written as hinted, which is right nearly
 * always, and put right at the end if it was not.
 */
export class CountSlot {
  private readonly out: ValueOutput;
  private readonly at: number;
  private readonly width: number;
  private readonly hinted: number;

  constructor(out: ValueOutput, hinted: number) {
    this.out = out;
    this.at = out.size;
    this.hinted = hinted;
    out.length(hinted);
    this.width = out.size - this.at;
  }

  close(actual: number): void {
    if (actual === this.hinted) return;
    this.out.remove(this.at, this.width);
    this.out.insertLength(this.at, actual);
  }
}
