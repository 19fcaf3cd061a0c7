/** Reads sets: SET (count and members), SET_INTSET, SET_LISTPACK. */

import type { ByteCursor } from './cursor.ts';
import { badFormat } from './fault.ts';
import type { PackedSource } from './packed-source.ts';
import type { ValueContext, ValueParser } from './value-parser.ts';
import { countHint, endCollection, UniqueGuard } from './value-parser.ts';

export class SetParser implements ValueParser {
  private readonly context: ValueContext;
  private readonly open: ((bytes: Buffer) => PackedSource) | null;
  private readonly guard: UniqueGuard;
  private left = -1;
  private members = 0;

  /** `open` reads the compact encoding; null for the plain one. */
  constructor(context: ValueContext, open: ((bytes: Buffer) => PackedSource) | null) {
    this.context = context;
    this.open = open;
    this.guard = new UniqueGuard(context.trackDuplicates);
  }

  run(cursor: ByteCursor): void {
    if (this.open !== null) {
      const source = this.open(cursor.string());
      this.context.sink.beginSet(source.countHint, true);
      while (!source.done()) this.member(source.takeBytes());
      cursor.commit();
    } else {
      this.runPlain(cursor);
    }
    endCollection(this.context, this.members);
  }

  private runPlain(cursor: ByteCursor): void {
    if (this.left < 0) {
      const left = cursor.length();
      this.context.sink.beginSet(countHint(left, cursor), false);
      this.left = left;
      cursor.commit();
    }
    for (; this.left > 0; this.left--) {
      this.member(cursor.string());
      cursor.commit();
    }
  }

  private member(bytes: Buffer): void {
    this.members++;
    this.guard.check(bytes);
    if (!this.context.sink.onSetMember(bytes)) badFormat('duplicate member');
  }
}
