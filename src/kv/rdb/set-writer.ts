/**
 * Writes sets: a small one as SET_INTSET while all its members are integers,
 * else as SET_LISTPACK (from version 11 on); anything else as SET.
 */

import { TYPE_SET, TYPE_SET_INTSET, TYPE_SET_LISTPACK } from './constants.ts';
import { decimalBytes, parseCanonicalInteger } from './decimal.ts';
import { encodeIntset } from './intset.ts';
import { ListpackWriter } from './listpack-writer.ts';
import type { ValueOutput } from './value-output.ts';
import { CountSlot } from './value-output.ts';

export class SetWriter {
  private readonly out: ValueOutput;
  private readonly countHint: number;
  /** Members so far, while all of them are integers and the set is small; then null. */
  private integers: (number | bigint)[] | null;
  private listpack: ListpackWriter | null = null;
  private slot: CountSlot | null = null;
  private members = 0;

  constructor(out: ValueOutput, countHint: number, packed: boolean) {
    this.out = out;
    this.countHint = countHint;
    this.integers = packed ? [] : null;
    if (!packed) this.openPlain();
  }

  member(bytes: Buffer): void {
    this.members++;
    if (this.integers !== null) {
      const integer = parseCanonicalInteger(bytes);
      if (integer !== null) {
        this.integers.push(integer);
        return;
      }
      this.leaveIntset(this.integers);
    }
    this.write(bytes);
  }

  end(): void {
    if (this.integers !== null && this.members > 0) {
      this.out.type(TYPE_SET_INTSET);
      this.out.text(encodeIntset(this.integers));
    } else if (this.listpack !== null) {
      this.out.type(TYPE_SET_LISTPACK);
      this.out.text(this.listpack.finish());
    } else {
      if (this.slot === null) this.openPlain();
      this.slot?.close(this.members);
    }
  }

  private openPlain(): void {
    this.out.type(TYPE_SET);
    this.slot = new CountSlot(this.out, this.countHint);
  }

  private leaveIntset(integers: (number | bigint)[]): void {
    this.integers = null;
    if (this.out.version >= 11) this.listpack = new ListpackWriter();
    else this.openPlain();
    for (const integer of integers) this.write(decimalBytes(integer));
  }

  private write(bytes: Buffer): void {
    if (this.listpack !== null) this.listpack.text(bytes);
    else this.out.text(bytes);
  }
}
