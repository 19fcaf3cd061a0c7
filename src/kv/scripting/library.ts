/** A library of functions, as FUNCTION LOAD makes it. */
import type { LuaFunction } from '../lua/index.ts';

export interface LibraryFunction {
  readonly name: string;
  readonly description: string | undefined;
  /** ScriptFlag bits. */
  readonly flags: number;
  readonly callback: LuaFunction;
}

export interface Library {
  readonly name: string;
  /** All of its text (latin1), its first line included. */
  readonly code: string;
  readonly functions: ReadonlyMap<string, LibraryFunction>;
}
