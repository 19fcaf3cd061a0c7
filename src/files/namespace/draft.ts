/**
 * What an operation sees and changes before anything is decided: records as they will be once all that waits
 * for the journal is in the tables, and on top of that its own changes.
 *
 * Invariant: an operation that throws has changed nothing. A record that is not in memory throws `COLD`, and the
 * operation is decided anew once it is.
 */

import { RecordReader, RecordWriter } from '../codec.ts';
import { COUNTER_KEY } from './keys.ts';

/** Key and value; null: the record goes. */
export type Changes = Map<string, Buffer | null>;

/** The records below a draft. */
export interface RecordView {
  /** @throws COLD, LsmError. */
  get(key: Buffer): Buffer | null;
  /** The first record of a range. @throws LsmError. */
  first(from: Buffer, to: Buffer): { readonly key: Buffer; readonly value: Buffer } | null;
}

/** Thrown when a record has to come from the disk first; `key` says which. */
export class Cold {
  key: Buffer = Buffer.alloc(0);
}

/** Numbers are given away from here on: those below are the root's and none. */
const FIRST_NUMBER = 16;

export class Draft {
  readonly nowMs: number;
  /** By the latin-1 text of the key. */
  readonly changes: Changes = new Map();
  private readonly view: RecordView;

  constructor(view: RecordView, nowMs: number) {
    this.view = view;
    this.nowMs = nowMs;
  }

  get(key: Buffer): Buffer | null {
    const own = this.changes.get(key.toString('latin1'));
    return own === undefined ? this.view.get(key) : own;
  }

  /** The first record of a range, as it was before this operation: its own changes are not seen. */
  first(from: Buffer, to: Buffer): { readonly key: Buffer; readonly value: Buffer } | null {
    return this.view.first(from, to);
  }

  put(key: Buffer, value: Buffer): void {
    this.changes.set(key.toString('latin1'), value);
  }

  delete(key: Buffer): void {
    this.changes.set(key.toString('latin1'), null);
  }

  /** Numbers that nobody has, the first of `count` in a row. */
  numbers(count = 1): number {
    const stored = this.get(COUNTER_KEY);
    const next = stored === null ? FIRST_NUMBER : new RecordReader(stored).varint();
    this.put(COUNTER_KEY, new RecordWriter(8).varint(next + count).done());
    return next;
  }
}
