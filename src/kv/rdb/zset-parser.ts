/**
 * Reads sorted sets: ZSET (scores as text), ZSET_2 (scores as doubles),
 * ZSET_ZIPLIST and ZSET_LISTPACK (member and score alternating).
 */

import type { ByteCursor } from './cursor.ts';
import { badFormat } from './fault.ts';
import type { PackedSource } from './packed-source.ts';
import { parseScore } from './score.ts';
import type { ValueContext, ValueParser } from './value-parser.ts';
import { countHint, endCollection, UniqueGuard } from './value-parser.ts';

/** Length bytes of a text score that stand for a value of their own. */
const TEXT_NAN = 253;
const TEXT_INFINITY = 254;
const TEXT_MINUS_INFINITY = 255;

export type ZsetShape = 'text' | 'binary' | ((bytes: Buffer) => PackedSource);

export class ZsetParser implements ValueParser {
  private readonly context: ValueContext;
  private readonly shape: ZsetShape;
  private readonly guard: UniqueGuard;
  private left = -1;
  private members = 0;

  constructor(context: ValueContext, shape: ZsetShape) {
    this.context = context;
    this.shape = shape;
    this.guard = new UniqueGuard(context.trackDuplicates);
  }

  run(cursor: ByteCursor): void {
    if (typeof this.shape === 'function') {
      const source = this.shape(cursor.string());
      this.context.sink.beginZset(source.countHint >> 1, true);
      while (!source.done()) this.member(source.takeBytes(), parseScore(source.takeBytes()));
      cursor.commit();
    } else {
      this.runPlain(cursor, this.shape === 'binary');
    }
    endCollection(this.context, this.members);
  }

  private runPlain(cursor: ByteCursor, binary: boolean): void {
    if (this.left < 0) {
      const left = cursor.length();
      this.context.sink.beginZset(countHint(left, cursor), false);
      this.left = left;
      cursor.commit();
    }
    for (; this.left > 0; this.left--) {
      const member = cursor.string();
      this.member(member, binary ? cursor.score() : readTextScore(cursor));
      cursor.commit();
    }
  }

  private member(bytes: Buffer, score: number): void {
    this.members++;
    this.guard.check(bytes);
    if (!this.context.sink.onZsetMember(bytes, score)) badFormat('duplicate member');
  }
}

function readTextScore(cursor: ByteCursor): number {
  const length = cursor.u8();
  if (length === TEXT_INFINITY) return Infinity;
  if (length === TEXT_MINUS_INFINITY) return -Infinity;
  if (length === TEXT_NAN) badFormat('score is not a number');
  return parseScore(cursor.raw(length));
}
