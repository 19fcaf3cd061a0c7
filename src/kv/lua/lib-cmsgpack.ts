// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The `cmsgpack` table: lua-cmsgpack 0.4 as Redis carries it (github.com/antirez/lua-cmsgpack).
 */
import { argError, checkInteger, checkString, optInteger } from './check.ts';
import { MessagePackReader } from './msgpack-decode.ts';
import { packValue } from './msgpack-encode.ts';
import { runtimeError } from './operations.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaMulti, LuaReturn } from './value.ts';
import { chargeString, checkLength } from './vm.ts';

/** Reads up to `limit` values from `offset`; both 0 reads all and gives no offset back. */
function unpack(text: string, limit: number, offset: number): LuaReturn {
  if (offset < 0 || limit < 0) {
    throw runtimeError(
      `Invalid request to unpack with offset of ${offset} and limit of ${text.length}.`,
    );
  }
  if (offset > text.length) {
    throw runtimeError(`Start offset ${offset} greater than input length ${text.length}.`);
  }
  const everything = limit === 0 && offset === 0;
  const reader = new MessagePackReader(text, offset);
  const values: LuaMulti = [];
  while (!reader.atEnd() && (everything || values.length < limit)) values.push(reader.read());
  if (!everything) values.unshift(reader.atEnd() ? -1 : reader.offset);
  return values;
}

/** Makes the `cmsgpack` table. */
export function cmsgpackLibrary(): LuaTable {
  const functions: Record<string, LuaFunction> = {
    pack(...values) {
      if (values.length === 0) throw argError(0, 'MessagePack pack needs input.');
      let text = '';
      for (const value of values) {
        const piece = packValue(value, 0);
        checkLength(text.length + piece.length);
        text += piece;
      }
      chargeString(text.length);
      return text;
    },
    unpack(text) {
      return unpack(checkString(text, 1, arguments.length), 0, 0);
    },
    unpack_one(text, offset) {
      const from = optInteger(offset, 2, arguments.length, 0);
      return unpack(checkString(text, 1, arguments.length), 1, from);
    },
    unpack_limit(text, limit, offset) {
      const most = checkInteger(limit, 2, arguments.length);
      const from = optInteger(offset, 3, arguments.length, 0);
      return unpack(checkString(text, 1, arguments.length), most, from);
    },
  };
  const library = LuaTable.fromEntries(Object.entries(functions));
  library.set('_NAME', 'cmsgpack');
  library.set('_VERSION', 'lua-cmsgpack 0.4.0');
  return library;
}
