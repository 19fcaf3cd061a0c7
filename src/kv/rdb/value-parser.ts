/**
 * What all value parsers share. A parser reads one value from a cursor and tells
 * a sink. It may be stopped by `RdbStarved` at any read; its progress is in its
 * fields and it commits the cursor after each whole element, so `run` is simply
 * called again when more bytes are there, and no event is ever told twice.
 */

import type { ByteCursor } from './cursor.ts';
import { badFormat } from './fault.ts';
import { COUNT_HINT_MAX } from './limits.ts';
import type { RdbValueSink } from './sink.ts';

export interface ValueParser {
  /** Reads until the value is complete. */
  run(cursor: ByteCursor): void;
}

/** How strictly a value is read, and who is told. */
export interface ValueContext {
  readonly sink: RdbValueSink;
  /** Whether a list, set, hash or zset without elements is accepted. */
  readonly allowEmpty: boolean;
  /**
   * Whether the reader itself remembers members and fields to refuse a repeated
   * one. If not, the sink's answers alone decide.
   */
  readonly trackDuplicates: boolean;
}

/** Refuses what occurs twice in one value. */
export class UniqueGuard {
  private readonly seen: Set<string> | null;

  constructor(track: boolean) {
    this.seen = track ? new Set() : null;
  }

  check(member: Buffer): void {
    if (this.seen === null) return;
    const size = this.seen.size;
    this.seen.add(member.toString('latin1'));
    if (this.seen.size === size) badFormat('duplicate member');
  }
}

/** A count that a sink may use to size things: a claim, capped by what can be true. */
export function countHint(claimed: number, cursor: ByteCursor): number {
  return Math.min(claimed, Math.max(cursor.remaining, 1), COUNT_HINT_MAX);
}

/** Closes a collection after `elements` elements. */
export function endCollection(context: ValueContext, elements: number): void {
  if (elements === 0 && !context.allowEmpty) badFormat('empty collection');
  context.sink.onEnd();
}
