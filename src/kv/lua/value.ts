/**
 * The Lua values as JavaScript sees them.
 *
 * Promise: a value that Lua code can hold is one of the types below and nothing else.
 * Invariants: nil is `undefined` (never `null`); a string holds one byte a character (latin1);
 * no Lua value is a JavaScript array, so an array always means "several results".
 */
import type { LuaTable } from './table.ts';

/** One Lua value. */
export type LuaValue =
  | undefined
  | boolean
  | number
  | string
  | LuaTable
  | LuaFunction
  | LuaUserdata
  | LuaThread;

/** Several results (or none) of one call. Receivers never change it. */
export type LuaMulti = LuaValue[];

/** What a function gives back: one value as it is, several (or none) as an array. */
export type LuaReturn = LuaValue | LuaMulti;

/** A callable value. `resumable` is there only for functions compiled in coroutine mode. */
export interface LuaFunction {
  // biome-ignore lint/suspicious/noConfusingVoidType: a host function may end without `return`, which is one nil
  (...args: LuaValue[]): LuaReturn | void;
  resumable?: (...args: LuaValue[]) => LuaSteps;
}

/** A running body that may stop at `coroutine.yield` and be continued with values. */
export type LuaSteps = Generator<LuaMulti, LuaReturn, LuaMulti>;

/** An opaque value: Lua can compare it, print it and hand it around. `cjson.null` is one. */
export class LuaUserdata {
  /** What stands behind `userdata: ` when it is printed. */
  readonly label: string;

  constructor(label: string) {
    this.label = label;
  }
}

/** A coroutine. Its life is in coroutine.ts. */
export class LuaThread {
  status: 'suspended' | 'running' | 'normal' | 'dead' = 'suspended';
  /** The function not yet started, until the first resume. */
  body: LuaFunction | undefined;
  /** The started body, from the first resume to the end. */
  steps: LuaSteps | undefined;

  constructor(body: LuaFunction) {
    this.body = body;
  }
}

/** What a running body yields when the host asked for a pause; it is continued with nothing. */
export const PAUSE: LuaMulti = [];

/** No results at all; shared, never changed. */
export const NOTHING: LuaMulti = [];

/** Name of a value's type, as Lua's `type` gives it. */
export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
      return 'boolean';
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    case 'function':
      return 'function';
    default:
      if (value instanceof LuaThread) return 'thread';
      return value instanceof LuaUserdata ? 'userdata' : 'table';
  }
}

/** The first of a call's results. */
export function first(result: ReturnType<LuaFunction>): LuaValue {
  return Array.isArray(result) ? result[0] : (result as LuaValue);
}

/** A call's results as an array. */
export function all(result: ReturnType<LuaFunction>): LuaMulti {
  return Array.isArray(result) ? result : [result as LuaValue];
}
