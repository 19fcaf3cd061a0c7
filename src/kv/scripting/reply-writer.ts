/**
 * Lua values as replies
 * (https://redis.io/docs/latest/develop/programmability/lua-api/#lua-to-resp2-type-conversion).
 *
 * Numbers lose their fraction, lists end at the first nil, tables with one of the fields `err`, `ok`,
 * `double`, `map`, `set`, `big_number` and `verbatim_string` are what these say. Looks at tables
 * without their metatables.
 *
 * Benchmark: bench/kv.
 */
import type { RespWriter } from '../../core/wire/index.ts';
import type { Stats } from '../engine/stats.ts';
import { LuaTable, type LuaValue } from '../lua/index.ts';
import { isCounted } from './error-table.ts';

/** Tables in tables, at most. */
const DEPTH_MAX = 1000;
const INT64_MIN = -(2n ** 63n);
const TWO_63 = 2 ** 63;

export interface ReplyTarget {
  readonly reply: RespWriter;
  /** Protocol that the script chose: in 3, booleans are booleans. */
  readonly protocol: 2 | 3;
  readonly stats: Stats;
}

/** Writes the reply that a script's result stands for. */
export function writeLuaValue(to: ReplyTarget, value: LuaValue, depth = 0): void {
  const { reply } = to;
  switch (typeof value) {
    case 'number':
      writeInteger(reply, value);
      return;
    case 'string':
      reply.bulkText(value);
      return;
    case 'boolean':
      if (to.protocol === 3) reply.boolean(value);
      else if (value) reply.integer(1);
      else reply.null();
      return;
    case 'object':
      if (value instanceof LuaTable) writeTable(to, value, depth);
      else reply.null();
      return;
    default:
      reply.null();
  }
}

/** As C casts a double to a 64-bit integer on x86: what does not fit is the smallest one. */
function writeInteger(reply: RespWriter, n: number): void {
  const whole = Math.trunc(n);
  if (Number.isSafeInteger(whole)) reply.integer(whole);
  else if (whole >= -TWO_63 && whole < TWO_63) reply.bigInteger(BigInt(whole));
  else reply.bigInteger(INT64_MIN);
}

function writeTable(to: ReplyTarget, table: LuaTable, depth: number): void {
  if (depth >= DEPTH_MAX) {
    to.stats.noteError('ERR');
    to.reply.error('ERR reached lua stack limit');
    return;
  }
  // A plain list has no fields that could say something else.
  if (table.shape !== undefined && writeMarked(to, table, depth)) return;
  let count = 0;
  while (table.get(count + 1) !== undefined) count++;
  to.reply.array(count);
  for (let i = 1; i <= count; i++) writeLuaValue(to, table.get(i), depth + 1);
}

/** Writes a table that says what it is; false when it does not. */
function writeMarked(to: ReplyTarget, table: LuaTable, depth: number): boolean {
  const { reply } = to;
  const err = table.getStr('err');
  if (typeof err === 'string') {
    if (!isCounted(table)) to.stats.noteError(err);
    reply.error(err);
    return true;
  }
  const ok = table.getStr('ok');
  if (typeof ok === 'string') {
    if (ok === 'OK') reply.ok();
    else reply.simple(oneLine(ok));
    return true;
  }
  const double = table.getStr('double');
  if (typeof double === 'number') {
    reply.double(double);
    return true;
  }
  const map = table.getStr('map');
  if (map instanceof LuaTable) {
    writeMap(to, map, depth);
    return true;
  }
  const set = table.getStr('set');
  if (set instanceof LuaTable) {
    writeSet(to, set, depth);
    return true;
  }
  const bigNumber = table.getStr('big_number');
  if (typeof bigNumber === 'string') {
    reply.bigNumber(oneLine(bigNumber));
    return true;
  }
  const verbatim = table.getStr('verbatim_string');
  return verbatim instanceof LuaTable && writeVerbatim(reply, verbatim);
}

function writeMap(to: ReplyTarget, map: LuaTable, depth: number): void {
  to.reply.map(countOf(map));
  for (const [key, value] of map.entries()) {
    writeLuaValue(to, key, depth + 1);
    writeLuaValue(to, value, depth + 1);
  }
}

function writeSet(to: ReplyTarget, set: LuaTable, depth: number): void {
  to.reply.set(countOf(set));
  for (const [member] of set.entries()) writeLuaValue(to, member, depth + 1);
}

function writeVerbatim(reply: RespWriter, fields: LuaTable): boolean {
  const text = fields.getStr('string');
  const format = fields.getStr('format');
  if (typeof text !== 'string' || typeof format !== 'string') return false;
  if (reply.protocol !== 3) reply.bulkText(text);
  else {
    // The writer's own takes text of characters, this is text of bytes.
    const body = Buffer.from(`${format.padEnd(3).slice(0, 3)}:${text}`, 'latin1');
    reply.encoded(Buffer.concat([Buffer.from(`=${body.length}\r\n`), body, Buffer.from('\r\n')]));
  }
  return true;
}

function countOf(table: LuaTable): number {
  let count = 0;
  for (let at = table.nextPosition(0); at >= 0; at = table.nextPosition(at + 1)) count++;
  return count;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}
