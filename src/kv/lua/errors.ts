/**
 * The three ways a script can fail.
 *
 * Promise: `LuaError` is what Lua code may raise and catch; `LuaSyntaxError` comes from compiling;
 * `LuaAbort` ends a script past every `pcall`. Anything else that is thrown is a bug of ours or of
 * the host, and no part of this folder swallows it.
 */
import type { LuaValue } from './value.ts';

/**
 * Frames kept with an error. They are only collected here, which is cheap; `positionOf` reads them in
 * the rare case that nobody catches the error. A Lua frame is among the first ones.
 */
const FRAMES_KEPT = 12;

/** An error raised by Lua code or by a host function. `value` is what `pcall` hands over. */
export class LuaError extends Error {
  override readonly name: string = 'LuaError';
  readonly value: LuaValue;

  constructor(value: LuaValue, message: string) {
    super(message);
    this.value = value;
  }
}

/** A Lua error with any value; the message repeats it when it is a text. */
export function luaError(value: LuaValue): LuaError {
  const message =
    typeof value === 'string' || typeof value === 'number' ? String(value) : '(error object)';
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_KEPT;
  try {
    return new LuaError(value, message);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** Raised by library functions, which Lua gives no position in its messages. */
export function readonlyError(): LuaError {
  return luaError(READONLY_TABLE);
}

export const READONLY_TABLE = 'Attempt to modify a readonly table';

/** The source is not Lua. The message is Lua's own: `chunk:LINE: what near 'token'`. */
export class LuaSyntaxError extends Error {
  override readonly name: string = 'LuaSyntaxError';
}

/** Thrown by the host's hook to end a script for good: `pcall` lets it pass. */
export class LuaAbort extends Error {
  override readonly name: string = 'LuaAbort';
}
