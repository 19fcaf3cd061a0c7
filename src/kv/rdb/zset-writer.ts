/**
 * Writes sorted sets: a small one as ZSET_LISTPACK (from version 10 on; its
 * members must come in ascending order of score, then of bytes, because Redis
 * takes that order as it is), else as ZSET_2 in any order.
 */

import { TYPE_ZSET_2, TYPE_ZSET_LISTPACK } from './constants.ts';
import { ListpackWriter } from './listpack-writer.ts';
import { formatScore } from './score.ts';
import type { ValueOutput } from './value-output.ts';
import { CountSlot } from './value-output.ts';

export class ZsetWriter {
  private readonly out: ValueOutput;
  private readonly listpack: ListpackWriter | null;
  private readonly slot: CountSlot | null;
  private members = 0;

  constructor(out: ValueOutput, countHint: number, packed: boolean) {
    this.out = out;
    if (packed && out.version >= 10) {
      this.listpack = new ListpackWriter();
      this.slot = null;
      out.type(TYPE_ZSET_LISTPACK);
    } else {
      this.listpack = null;
      out.type(TYPE_ZSET_2);
      this.slot = new CountSlot(out, countHint);
    }
  }

  member(bytes: Buffer, score: number): void {
    this.members++;
    if (this.listpack === null) {
      this.out.text(bytes);
      this.out.f64(score);
      return;
    }
    this.listpack.text(bytes);
    this.listpack.text(Buffer.from(formatScore(score), 'latin1'));
  }

  end(): void {
    if (this.listpack !== null) this.out.text(this.listpack.finish());
    this.slot?.close(this.members);
  }
}
