/**
 * What the merge, scans and compactions walk: entries sorted by key, versions of a key by falling
 * sequence number. Memory tables, tables and merges of them are cursors.
 *
 * A cursor's fields describe the entry it stands on and are good until its next move. A cursor whose
 * next entry is on the disk turns `cold`: its move is completed by `load`. So does one whose move, or
 * `load`, was cut short by an error, but for a seek, which is made again. In a worker thread nothing is
 * ever cold.
 */
import { Kind } from './kind.ts';

export const At = { end: 0, entry: 1, cold: 2 } as const;
export type At = (typeof At)[keyof typeof At];

export interface Cursor {
  at: At;
  key: Buffer;
  keyStart: number;
  keyLength: number;
  sequence: number;
  kind: Kind;
  /** Unix ms; 0: never. */
  expiresAtMs: number;
  value: Buffer;
  valueStart: number;
  valueLength: number;

  seekFirst(): void;
  seekLast(): void;
  /** To the first entry whose key is not below this one. */
  seek(key: Buffer, start: number, length: number): void;
  /** To the last entry whose key is below this one. */
  seekBefore(key: Buffer, start: number, length: number): void;
  next(): void;
  previous(): void;
  /** Reads what a cold cursor lacks and completes its move. @throws LsmError. */
  load(): Promise<void>;
  /** As `load`, on the loop, whatever that takes. @throws LsmError. */
  loadNow(): void;
  /** Lets go of what it holds; it is not used again. */
  close(): void;
}

const NO_BYTES = Buffer.alloc(0);

/** The fields of a cursor that shows the entry of another one. */
export class Standing {
  at: At = At.end;
  key: Buffer = NO_BYTES;
  keyStart = 0;
  keyLength = 0;
  sequence = 0;
  kind: Kind = Kind.delete;
  expiresAtMs = 0;
  value: Buffer = NO_BYTES;
  valueStart = 0;
  valueLength = 0;

  protected show(inner: Cursor): void {
    this.key = inner.key;
    this.keyStart = inner.keyStart;
    this.keyLength = inner.keyLength;
    this.sequence = inner.sequence;
    this.kind = inner.kind;
    this.expiresAtMs = inner.expiresAtMs;
    this.value = inner.value;
    this.valueStart = inner.valueStart;
    this.valueLength = inner.valueLength;
  }
}
