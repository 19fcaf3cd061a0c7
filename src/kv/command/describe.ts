/** A command row as COMMAND INFO tells it (https://redis.io/docs/latest/commands/command/). */
import type { RespWriter } from '../../core/wire/index.ts';
import { categoriesOf } from './categories.ts';
import type { CommandSpec, KeySpec } from './spec.ts';
import type { Command } from './table.ts';

/** Writes the array of ten: name, arity, flags, key range, categories, tips, key specs, subcommands. */
export function replyCommandInfo(reply: RespWriter, command: Command): void {
  const { spec } = command;
  const [first, last, step] = keyRangeOf(spec.keys ?? []);
  reply.array(10);
  reply.bulkText(command.fullName);
  reply.integer(spec.arity);
  replyWords(reply, flagsOf(spec));
  reply.integer(first);
  reply.integer(last);
  reply.integer(step);
  replyWords(
    reply,
    // A container is nothing by itself: Redis gives it no category but this.
    spec.run === undefined ? ['@slow'] : categoriesOf(spec).map((name) => `@${name}`),
  );
  const { tips = [], keys = [] } = spec;
  reply.set(tips.length);
  for (const tip of tips) reply.bulkText(tip);
  reply.set(keys.length);
  for (const key of keys) replyKeySpec(reply, key);
  if (command.subcommands.size === 0) reply.set(0);
  else reply.array(command.subcommands.size);
  for (const sub of command.subcommands.values()) replyCommandInfo(reply, sub);
}

function replyWords(reply: RespWriter, words: readonly string[]): void {
  reply.set(words.length);
  for (const word of words) reply.simple(word);
}

/** The row's flags, and `movablekeys` when the range of keys does not say where all of them are. */
function flagsOf(spec: CommandSpec): readonly string[] {
  const moves =
    spec.keysOf !== undefined ||
    spec.keys?.some((key) => key.incomplete === true || !isRange(key)) === true;
  // Redis keeps may_replicate to itself.
  const flags = spec.flags.filter((flag) => flag !== 'may_replicate');
  return moves && !flags.includes('movablekeys') ? [...flags, 'movablekeys'] : flags;
}

type RangeSpec = KeySpec & {
  readonly begin: number;
  readonly find: { readonly last: number; readonly step: number };
};

function isRange(key: KeySpec): key is RangeSpec {
  return typeof key.begin === 'number' && key.find !== 'unknown' && 'last' in key.find;
}

/** First key, last key (negative: from the end) and step, as clients before Redis 7 know them. */
export function keyRangeOf(keys: readonly KeySpec[]): readonly [number, number, number] {
  const ranges = keys.filter(isRange);
  const [only] = ranges;
  if (only === undefined) return [0, 0, 0];
  if (keys.length === 1) return [only.begin, lastOf(only), only.find.step];
  let last = 0;
  for (const range of ranges) {
    const follows = last === 0 || range.begin === last + 1;
    if (range.find.step === 1 && follows) last = lastOf(range);
  }
  return [only.begin, last, 1];
}

function lastOf({ begin, find }: RangeSpec): number {
  return find.last >= 0 ? begin + find.last : find.last;
}

/** What is done to a key, in the words of key specifications. */
export function keyFlags(key: KeySpec): readonly string[] {
  const flags: string[] = key.notKey === true ? [] : [key.access];
  if (key.alsoRead === true && key.purpose !== 'access') flags.push('access');
  if (key.purpose !== undefined) flags.push(key.purpose);
  if (key.notKey === true) flags.push('not_key');
  if (key.incomplete === true) flags.push('incomplete');
  if (key.varies !== undefined) flags.push('variable_flags');
  return flags;
}

function replyKeySpec(reply: RespWriter, key: KeySpec): void {
  const { begin, find } = key;
  reply.map(3);
  reply.bulkText('flags');
  replyWords(reply, keyFlags(key));
  reply.bulkText('begin_search');
  if (begin === 'unknown') replySearch(reply, 'unknown', []);
  else if (typeof begin === 'number') replySearch(reply, 'index', [['index', begin]]);
  else {
    replySearch(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.from],
    ]);
  }
  reply.bulkText('find_keys');
  if (find === 'unknown') replySearch(reply, 'unknown', []);
  else if ('keynum' in find) {
    replySearch(reply, 'keynum', [
      ['keynumidx', find.keynum],
      ['firstkey', find.first],
      ['keystep', find.step],
    ]);
  } else {
    replySearch(reply, 'range', [
      ['lastkey', find.last],
      ['keystep', find.step],
      ['limit', find.limit ?? 0],
    ]);
  }
}

function replySearch(
  reply: RespWriter,
  type: string,
  fields: readonly (readonly [string, string | number])[],
): void {
  reply.map(2);
  reply.bulkText('type');
  reply.bulkText(type);
  reply.bulkText('spec');
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkText(value);
  }
}
