/**
 * A Lua table.
 *
 *     arr   values of the keys 1..n; the last one is never nil
 *     shape key -> place in `vals`, for all other keys, in order of first assignment
 *     vals  values by place; nil marks a removed key, whose place stays until the next compaction
 *
 * Promise: `get`/`set` are raw (no metamethods, no read-only check). Removing keys while
 * traversing is allowed, as in Lua. Tables made by one constructor expression share their shape
 * until one of them gains a key. Hot: bench/lua.ts.
 */

import type { LuaValue } from './value.ts';
import { charge } from './vm.ts';

/** Anything but nil and NaN. */
export type LuaKey = Exclude<LuaValue, undefined>;

/** Keys of the hash part. A shared shape is never changed, only copied. */
export class Shape {
  index: Map<LuaKey, number>;
  keys: LuaKey[];
  shared: boolean;

  constructor(index: Map<LuaKey, number>, keys: LuaKey[], shared: boolean) {
    this.index = index;
    this.keys = keys;
    this.shared = shared;
  }
}

/** A shape for a constructor expression with these (distinct) string keys. */
export function sharedShape(keys: string[]): Shape {
  return new Shape(new Map(keys.map((key, place) => [key, place])), keys, true);
}

/** Positions at and above this one lie in the hash part; see `nextPosition`. */
const HASH_BASE = 2 ** 30;
/** Rough cost in bytes, for the memory limit. */
const TABLE_BYTES = 96;
const SLOT_BYTES = 16;
const ENTRY_BYTES = 48;
/** Shared by all tables without a hash part; never written, because `shape` is checked first. */
const NO_VALUES: LuaValue[] = [];

export class LuaTable {
  arr: LuaValue[];
  shape: Shape | undefined = undefined;
  vals: LuaValue[] = NO_VALUES;
  /** Removed keys that still take a place. */
  dead = 0;
  /** Number keys in the hash part: only then does growth of `arr` look there. */
  numbers = 0;
  metatable: LuaTable | undefined = undefined;
  /** Lua code can not change a read-only table; the host can. */
  readonly = false;
  /** Neither metatable nor read-only: assignment needs no further question. */
  plain = true;

  constructor(arr: LuaValue[] = []) {
    this.arr = arr;
    charge(TABLE_BYTES);
  }

  /** A list; trailing nils are dropped. The array becomes the table's own. */
  static fromArray(values: LuaValue[]): LuaTable {
    const table = new LuaTable(values);
    charge(values.length * SLOT_BYTES);
    if (values.length > 0 && values[values.length - 1] === undefined) table.trim();
    return table;
  }

  /** A table with string keys taken from a JavaScript object or pairs. */
  static fromEntries(entries: Iterable<readonly [LuaKey, LuaValue]>): LuaTable {
    const table = new LuaTable();
    for (const [key, value] of entries) table.set(key, value);
    return table;
  }

  /** A table of a constructor expression: list part, then the values of a shared shape. */
  static fromShape(arr: LuaValue[], shape: Shape, vals: LuaValue[]): LuaTable {
    const table = LuaTable.fromArray(arr);
    table.shape = shape;
    table.vals = vals;
    charge(vals.length * SLOT_BYTES);
    return table;
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === 'string') return this.getStr(key);
    if (typeof key === 'number') {
      const at = key - 1;
      if (at >= 0 && at < this.arr.length && Math.trunc(at) === at) return this.arr[at];
      if (this.numbers === 0) return undefined;
    }
    const shape = this.shape;
    if (shape === undefined) return undefined;
    const place = shape.index.get(key as LuaKey);
    return place === undefined ? undefined : this.vals[place];
  }

  getStr(key: string): LuaValue {
    const shape = this.shape;
    if (shape === undefined) return undefined;
    const place = shape.index.get(key);
    return place === undefined ? undefined : this.vals[place];
  }

  /** Assigns; nil removes. The key must be neither nil nor NaN (the callers check). */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') this.setNumber(key, value);
    else this.setHash(key as LuaKey, value);
  }

  private setNumber(key: number, value: LuaValue): void {
    const arr = this.arr;
    const at = key - 1;
    if (at >= 0 && at < arr.length && Math.trunc(at) === at) {
      arr[at] = value;
      if (value === undefined && at === arr.length - 1) this.trim();
    } else if (at === arr.length) {
      if (value !== undefined) {
        arr.push(value);
        charge(SLOT_BYTES);
      }
      if (this.numbers > 0) this.adopt(key, value === undefined);
    } else this.setHash(key, value);
  }

  /** The list has grown to `key`: takes over what follows from the hash part. */
  private adopt(key: number, removed: boolean): void {
    this.leaveHash(key);
    if (removed) return;
    for (let next = key + 1; this.numbers > 0; next++) {
      const place = this.shape?.index.get(next);
      const value = place === undefined ? undefined : this.vals[place];
      if (value === undefined) return;
      this.arr.push(value);
      this.leaveHash(next);
    }
  }

  /**
   * A number's value is in the list now. Its place is forgotten, or a traversal that removes it from the
   * list would go on behind that place. Shared shapes have no numbers.
   */
  private leaveHash(key: number): void {
    this.setHash(key, undefined);
    if (this.shape?.shared === false) this.shape.index.delete(key);
  }

  /** Restores the invariant that the list's last value is not nil. */
  trim(): void {
    const arr = this.arr;
    let length = arr.length;
    while (length > 0 && arr[length - 1] === undefined) length--;
    arr.length = length;
  }

  private setHash(key: LuaKey, value: LuaValue): void {
    const place = this.shape?.index.get(key);
    if (place === undefined) {
      if (value !== undefined) this.addKey(key, value);
      return;
    }
    const before = this.vals[place];
    this.vals[place] = value;
    if (value === undefined) {
      if (before === undefined) return;
      this.dead++;
      if (typeof key === 'number') this.numbers--;
    } else if (before === undefined) {
      this.dead--;
      if (typeof key === 'number') this.numbers++;
    }
  }

  private addKey(key: LuaKey, value: LuaValue): void {
    charge(ENTRY_BYTES);
    let shape = this.shape;
    if (shape === undefined) {
      shape = new Shape(new Map(), [], false);
      this.shape = shape;
      this.vals = [];
    } else if (shape.shared) {
      shape = new Shape(new Map(shape.index), shape.keys.slice(), false);
      this.shape = shape;
    } else if (this.dead > 16 && this.dead * 2 > shape.keys.length) shape = this.compact(shape);
    shape.index.set(key, shape.keys.length);
    // -0 and 0 are one key; keep the ordinary one.
    shape.keys.push(key === 0 ? 0 : key);
    this.vals.push(value);
    if (typeof key === 'number') this.numbers++;
  }

  /** Drops the places of removed keys. */
  private compact(old: Shape): Shape {
    const shape = new Shape(new Map(), [], false);
    const vals: LuaValue[] = [];
    old.keys.forEach((key, place) => {
      const value = this.vals[place];
      if (value === undefined) return;
      shape.index.set(key, vals.length);
      shape.keys.push(key);
      vals.push(value);
    });
    this.shape = shape;
    this.vals = vals;
    this.dead = 0;
    return shape;
  }

  /** A border: n with t[n] not nil and t[n+1] nil (or 0). The hash part never holds n+1. */
  length(): number {
    return this.arr.length;
  }

  /** Position of the first entry at or after `position` (0 to start), -1 at the end. */
  nextPosition(position: number): number {
    if (position < HASH_BASE) {
      const arr = this.arr;
      for (let at = position; at < arr.length; at++) if (arr[at] !== undefined) return at;
      position = HASH_BASE;
    }
    const vals = this.vals;
    for (let place = position - HASH_BASE; place < vals.length; place++) {
      if (vals[place] !== undefined) return place + HASH_BASE;
    }
    return -1;
  }

  keyAt(position: number): LuaValue {
    return position < HASH_BASE ? position + 1 : this.shape?.keys[position - HASH_BASE];
  }

  valueAt(position: number): LuaValue {
    return position < HASH_BASE ? this.arr[position] : this.vals[position - HASH_BASE];
  }

  /** Position after `key` (nil: the start), or undefined when the key was never in the table. */
  positionAfter(key: LuaValue): number | undefined {
    if (key === undefined) return 0;
    if (typeof key === 'number' && key >= 1 && key <= this.arr.length && Number.isInteger(key)) {
      return key;
    }
    const place = this.shape?.index.get(key);
    if (place !== undefined) return HASH_BASE + place + 1;
    // A list entry removed during the traversal: the list was cut behind it.
    if (typeof key === 'number' && key >= 1 && Number.isInteger(key)) return HASH_BASE;
    return undefined;
  }

  /** Attaches a metatable (undefined: none). */
  setMetatable(metatable: LuaTable | undefined): void {
    this.metatable = metatable;
    this.plain = metatable === undefined && !this.readonly;
  }

  /** Forbids or allows changes from Lua code. */
  setReadonly(readonly: boolean): void {
    this.readonly = readonly;
    this.plain = this.metatable === undefined && !readonly;
  }

  /** All entries in traversal order. */
  *entries(): Generator<[LuaValue, LuaValue]> {
    for (let at = this.nextPosition(0); at >= 0; at = this.nextPosition(at + 1)) {
      yield [this.keyAt(at), this.valueAt(at)];
    }
  }
}
