/**
 * Replies of commands as Lua values
 * (https://redis.io/docs/latest/develop/programmability/lua-api/#data-type-conversion).
 *
 * Reads the bytes that a command wrote; they are our own writer's, so they are complete and right.
 *
 * Benchmark: bench/kv.
 */
import { LuaTable, type LuaValue } from '../lua/index.ts';
import { fieldTable, replyErrorTable } from './error-table.ts';

const LF = 10;
const MINUS = 45;
/** Digits that a loop reads faster than a call would. */
const LOOP_DIGITS = 15;

export class ReplyReader {
  private buf: Buffer = Buffer.alloc(0);
  private at = 0;

  /** The reply at the start of `buf`. */
  read(buf: Buffer): LuaValue {
    this.buf = buf;
    this.at = 0;
    return this.next();
  }

  private next(): LuaValue {
    switch (this.buf[this.at++]) {
      case 58: // ':'
        return this.integer();
      case 36: // '$'
        return this.bulk();
      case 42: // '*'
        return this.array();
      case 43: // '+'
        return fieldTable('ok', this.line());
      case MINUS:
        return replyErrorTable(this.line());
      case 95: // '_'
        this.at += 2;
        return undefined;
      case 35: // '#'
        this.at += 3;
        return this.buf[this.at - 3] === 116;
      case 44: // ','
        return fieldTable('double', double(this.line()));
      case 37: // '%'
        return this.map();
      case 126: // '~'
        return this.set();
      case 61: // '='
        return this.verbatim();
      case 40: // '('
        return fieldTable('big_number', this.line());
      default:
        throw new RangeError('a command wrote a reply of unknown kind');
    }
  }

  private line(): string {
    const end = this.buf.indexOf(LF, this.at);
    const text = this.buf.toString('latin1', this.at, end - 1);
    this.at = end + 1;
    return text;
  }

  private integer(): number {
    const { buf } = this;
    const from = this.at;
    let at = from;
    const negative = buf[at] === MINUS;
    if (negative) at++;
    let n = 0;
    for (let digits = 0; digits < LOOP_DIGITS; digits++) {
      const digit = (buf[at] as number) - 48;
      if (digit < 0) {
        this.at = at + 2;
        return negative ? -n : n;
      }
      n = n * 10 + digit;
      at++;
    }
    return Number(this.line());
  }

  private bulk(): LuaValue {
    const length = this.integer();
    if (length < 0) return false;
    const from = this.at;
    this.at = from + length + 2;
    return this.buf.toString('latin1', from, from + length);
  }

  private array(): LuaValue {
    const count = this.integer();
    if (count < 0) return false;
    const values: LuaValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.next());
    return LuaTable.fromArray(values);
  }

  private map(): LuaValue {
    const count = this.integer();
    const map = new LuaTable();
    for (let i = 0; i < count; i++) {
      const key = this.next();
      const value = this.next();
      if (key !== undefined) map.set(key, value);
    }
    return fieldTable('map', map);
  }

  private set(): LuaValue {
    const count = this.integer();
    const set = new LuaTable();
    for (let i = 0; i < count; i++) {
      const member = this.next();
      if (member !== undefined) set.set(member, true);
    }
    return fieldTable('set', set);
  }

  private verbatim(): LuaValue {
    const text = this.bulk() as string;
    const fields = new LuaTable();
    fields.set('format', text.slice(0, 3));
    fields.set('string', text.slice(4));
    return fieldTable('verbatim_string', fields);
  }
}

function double(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
