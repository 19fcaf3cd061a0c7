/**
 * One command each: its arguments, and what it does to the model and must answer.
 *
 * An answer is a line as `show` writes replies, several where the clock decides, or undefined where any
 * will do. A step is made without looking at the model, so it may meet any type or nothing.
 */
import {
  copyOf,
  type Entry,
  find,
  idOf,
  type Keys,
  obtain,
  Refused,
  ranked,
  removeIfEmpty,
  type World,
  WRONG_TYPE,
} from './tier-model.ts';

export type Expected = string | readonly string[] | undefined;

/** When a command ran, wall clock in milliseconds: not before `low`, not after `high`. */
export interface Moment {
  readonly low: number;
  readonly high: number;
}

export interface Step {
  readonly args: readonly string[];
  /** Does it to the model. @throws Refused */
  act(world: World, db: number, moment: Moment): Expected;
}

export const OK = '+OK';
export const integer = (n: number): string => `:${n}`;
export const bulk = (text: string | undefined): string =>
  text === undefined ? '$nil' : `$${JSON.stringify(text)}`;
export const array = (items: readonly string[]): string => `*[${items.join(' ')}]`;

function step(args: readonly (string | number)[], act: (keys: Keys, at: Moment) => Expected): Step {
  return { args: args.map(String), act: (world, db, at) => act(world.db(db), at) };
}

function wide(args: readonly (string | number)[], act: Step['act']): Step {
  return { args: args.map(String), act };
}

function put(keys: Keys, key: string, value: Entry['value'], expiry?: Entry['expiry']): void {
  keys.set(key, { value, expiry });
}

// Strings

export const set = (key: string, text: string): Step =>
  step(['SET', key, text], (keys) => {
    put(keys, key, { type: 'string', text });
    return OK;
  });

export const setFor = (key: string, text: string, ms: number): Step =>
  step(['SET', key, text, 'PX', ms], (keys, { low, high }) => {
    put(keys, key, { type: 'string', text }, { low: low + ms, high: high + ms });
    return OK;
  });

export const setUntil = (key: string, text: string, endsAt: number): Step =>
  step(['SET', key, text, 'PXAT', endsAt], (keys) => {
    put(keys, key, { type: 'string', text }, { low: endsAt, high: endsAt });
    return OK;
  });

export const setKeeping = (key: string, text: string): Step =>
  step(['SET', key, text, 'KEEPTTL'], (keys) => {
    put(keys, key, { type: 'string', text }, keys.get(key)?.expiry);
    return OK;
  });

export const mset = (pairs: readonly (readonly [string, string])[]): Step =>
  step(['MSET', ...pairs.flat()], (keys) => {
    for (const [key, text] of pairs) put(keys, key, { type: 'string', text });
    return OK;
  });

export const get = (key: string): Step =>
  step(['GET', key], (keys) => bulk(find(keys, key, 'string')?.text));

export const mget = (names: readonly string[]): Step =>
  step(['MGET', ...names], (keys) =>
    array(
      names.map((key) => {
        const value = keys.get(key)?.value;
        return bulk(value?.type === 'string' ? value.text : undefined);
      }),
    ),
  );

export const getdel = (key: string): Step =>
  step(['GETDEL', key], (keys) => {
    const text = find(keys, key, 'string')?.text;
    keys.delete(key);
    return bulk(text);
  });

export const setrange = (key: string, offset: number, text: string): Step =>
  step(['SETRANGE', key, offset, text], (keys) => {
    const value = obtain(keys, key, 'string');
    const old = value.text.padEnd(offset, '\0');
    value.text = old.slice(0, offset) + text + old.slice(offset + text.length);
    return integer(value.text.length);
  });

export const append = (key: string, text: string): Step =>
  step(['APPEND', key, text], (keys) => {
    const value = obtain(keys, key, 'string');
    value.text += text;
    return integer(value.text.length);
  });

export const incrby = (key: string, by: number): Step =>
  step(['INCRBY', key, by], (keys) => {
    const old = find(keys, key, 'string')?.text ?? '0';
    if (!/^(0|-?[1-9]\d{0,14})$/.test(old)) {
      throw new Refused('-ERR value is not an integer or out of range');
    }
    const sum = Number(old) + by;
    obtain(keys, key, 'string').text = String(sum);
    return integer(sum);
  });

/** A script that says nothing of its keys: keeps the end of what was there and what is added. */
export const script = (key: string, text: string): Step => {
  const body =
    "local v = (redis.call('GET', ARGV[1]) or '') .. ARGV[2] v = string.sub(v, -300) " +
    "redis.call('SET', ARGV[1], v) return #v";
  return step(['EVAL', body, 0, key, text], (keys) => {
    const value = ((keys.has(key) ? find(keys, key, 'string')?.text : '') + text).slice(-300);
    put(keys, key, { type: 'string', text: value });
    return integer(value.length);
  });
};

// Lists

export const push = (side: 'L' | 'R', key: string, items: readonly string[]): Step =>
  step([`${side}PUSH`, key, ...items], (keys) => {
    const list = obtain(keys, key, 'list').items;
    if (side === 'R') list.push(...items);
    else list.unshift(...items.toReversed());
    return integer(list.length);
  });

export const pop = (side: 'L' | 'R', key: string): Step =>
  step([`${side}POP`, key], (keys) => {
    const list = find(keys, key, 'list')?.items;
    const item = side === 'R' ? list?.pop() : list?.shift();
    removeIfEmpty(keys, key);
    return bulk(item);
  });

export const lset = (key: string, index: number, item: string): Step =>
  step(['LSET', key, index, item], (keys) => {
    const list = find(keys, key, 'list')?.items;
    if (list === undefined) throw new Refused('-ERR no such key');
    if (index >= list.length) throw new Refused('-ERR index out of range');
    list[index] = item;
    return OK;
  });

export const ltrim = (key: string, last: number): Step =>
  step(['LTRIM', key, 0, last], (keys) => {
    const list = find(keys, key, 'list')?.items;
    list?.splice(last + 1);
    removeIfEmpty(keys, key);
    return OK;
  });

export const lmove = (from: string, to: string): Step =>
  step(['LMOVE', from, to, 'LEFT', 'RIGHT'], (keys) => {
    const source = find(keys, from, 'list');
    if (source === undefined) return bulk(undefined);
    const target = obtain(keys, to, 'list');
    const item = source.items.shift() as string;
    target.items.push(item);
    removeIfEmpty(keys, from);
    return bulk(item);
  });

export const lrange = (key: string, first: number, last: number): Step =>
  step(['LRANGE', key, first, last], (keys) =>
    array((find(keys, key, 'list')?.items ?? []).slice(first, last + 1).map(bulk)),
  );

// Hashes

export const hset = (key: string, pairs: readonly (readonly [string, string])[]): Step =>
  step(['HSET', key, ...pairs.flat()], (keys) => {
    const { fields } = obtain(keys, key, 'hash');
    const before = fields.size;
    for (const [field, text] of pairs) fields.set(field, text);
    return integer(fields.size - before);
  });

export const hdel = (key: string, names: readonly string[]): Step =>
  step(['HDEL', key, ...names], (keys) => {
    const fields = find(keys, key, 'hash')?.fields;
    const gone = names.filter((name) => fields?.delete(name)).length;
    removeIfEmpty(keys, key);
    return integer(gone);
  });

/** On a field that nothing else writes. */
export const hincrby = (key: string, by: number): Step =>
  step(['HINCRBY', key, 'sum', by], (keys) => {
    const { fields } = obtain(keys, key, 'hash');
    const sum = Number(fields.get('sum') ?? 0) + by;
    fields.set('sum', String(sum));
    return integer(sum);
  });

export const hmget = (key: string, names: readonly string[]): Step =>
  step(['HMGET', key, ...names], (keys) => {
    const fields = find(keys, key, 'hash')?.fields;
    return array(names.map((name) => bulk(fields?.get(name))));
  });

// Sets

export const sadd = (key: string, members: readonly string[]): Step =>
  step(['SADD', key, ...members], (keys) => {
    const all = obtain(keys, key, 'set').members;
    const before = all.size;
    for (const member of members) all.add(member);
    return integer(all.size - before);
  });

export const srem = (key: string, members: readonly string[]): Step =>
  step(['SREM', key, ...members], (keys) => {
    const all = find(keys, key, 'set')?.members;
    const gone = members.filter((member) => all?.delete(member)).length;
    removeIfEmpty(keys, key);
    return integer(gone);
  });

export const smismember = (key: string, members: readonly string[]): Step =>
  step(['SMISMEMBER', key, ...members], (keys) => {
    const all = find(keys, key, 'set')?.members;
    return array(members.map((member) => integer(all?.has(member) === true ? 1 : 0)));
  });

export const smove = (from: string, to: string, member: string): Step =>
  step(['SMOVE', from, to, member], (keys) => {
    if (!keys.has(from)) return integer(0);
    const source = find(keys, from, 'set')?.members;
    find(keys, to, 'set');
    if (source?.has(member) !== true) return integer(0);
    if (from === to) return integer(1);
    source.delete(member);
    removeIfEmpty(keys, from);
    obtain(keys, to, 'set').members.add(member);
    return integer(1);
  });

export const sunionstore = (to: string, one: string, other: string): Step =>
  step(['SUNIONSTORE', to, one, other], (keys) => {
    const found = [one, other].map((key) => find(keys, key, 'set')?.members ?? new Set<string>());
    const members = new Set(found.flatMap((each) => [...each]));
    if (members.size === 0) keys.delete(to);
    else put(keys, to, { type: 'set', members });
    return integer(members.size);
  });

// Sorted sets; scores are whole numbers

export const zadd = (key: string, pairs: readonly (readonly [number, string])[]): Step =>
  step(['ZADD', key, ...pairs.flat()], (keys) => {
    const { scores } = obtain(keys, key, 'zset');
    const before = scores.size;
    for (const [score, member] of pairs) scores.set(member, score);
    return integer(scores.size - before);
  });

export const zincrby = (key: string, by: number, member: string): Step =>
  step(['ZINCRBY', key, by, member], (keys) => {
    const { scores } = obtain(keys, key, 'zset');
    const sum = (scores.get(member) ?? 0) + by;
    scores.set(member, sum);
    return bulk(String(sum));
  });

export const zrem = (key: string, members: readonly string[]): Step =>
  step(['ZREM', key, ...members], (keys) => {
    const scores = find(keys, key, 'zset')?.scores;
    const gone = members.filter((member) => scores?.delete(member)).length;
    removeIfEmpty(keys, key);
    return integer(gone);
  });

export const zpopmin = (key: string): Step =>
  step(['ZPOPMIN', key], (keys) => {
    const scores = find(keys, key, 'zset')?.scores ?? new Map<string, number>();
    const first = ranked(scores)[0];
    if (first === undefined) return array([]);
    scores.delete(first[0]);
    removeIfEmpty(keys, key);
    return array(first.map((each) => bulk(String(each))));
  });

export const zrange = (key: string, first: number, last: number): Step =>
  step(['ZRANGE', key, first, last, 'WITHSCORES'], (keys) => {
    const scores = find(keys, key, 'zset')?.scores ?? new Map<string, number>();
    const items = ranked(scores).slice(first, last + 1);
    return array(items.flat().map((each) => bulk(String(each))));
  });

// Streams

export const xadd = (key: string, id: number, text: string): Step =>
  step(['XADD', key, idOf(id), 'f', text], (keys) => {
    const stream = obtain(keys, key, 'stream');
    stream.entries.set(id, text);
    stream.last = id;
    return bulk(idOf(id));
  });

export const xtrim = (key: string, length: number): Step =>
  step(['XTRIM', key, 'MAXLEN', '=', length], (keys) => {
    const entries = find(keys, key, 'stream')?.entries ?? new Map<number, string>();
    const gone = [...entries.keys()].slice(0, Math.max(0, entries.size - length));
    for (const id of gone) entries.delete(id);
    return integer(gone.length);
  });

export const xgroup = (key: string): Step =>
  step(['XGROUP', 'CREATE', key, 'g', 0, 'MKSTREAM'], (keys) => {
    const stream = obtain(keys, key, 'stream');
    if (stream.group !== undefined) {
      throw new Refused('-BUSYGROUP Consumer Group name already exists');
    }
    stream.group = { last: 0, pending: new Map() };
    return OK;
  });

export const xreadgroup = (key: string, consumer: string, count: number): Step =>
  step(['XREADGROUP', 'GROUP', 'g', consumer, 'COUNT', count, 'STREAMS', key, '>'], (keys) => {
    const stream = find(keys, key, 'stream');
    if (stream?.group === undefined) throw new Refused('-NOGROUP');
    const { group } = stream;
    const fresh = [...stream.entries].filter(([id]) => id > group.last).slice(0, count);
    if (fresh.length === 0) return '*nil';
    for (const [id] of fresh) {
      group.pending.set(id, consumer);
      group.last = id;
    }
    const entries = fresh.map(([id, text]) =>
      array([bulk(idOf(id)), array([bulk('f'), bulk(text)])]),
    );
    return array([array([bulk(key), array(entries)])]);
  });

export const xack = (key: string, id: number): Step =>
  step(['XACK', key, 'g', idOf(id)], (keys) =>
    integer(find(keys, key, 'stream')?.group?.pending.delete(id) === true ? 1 : 0),
  );

export const xdel = (key: string, id: number): Step =>
  step(['XDEL', key, idOf(id)], (keys) =>
    integer(find(keys, key, 'stream')?.entries.delete(id) === true ? 1 : 0),
  );

// Keys of any type

export const del = (word: 'DEL' | 'UNLINK', names: readonly string[]): Step =>
  step([word, ...names], (keys) => integer(names.filter((name) => keys.delete(name)).length));

/** A deletion of a key that may have expired. */
export const delBrief = (key: string): Step =>
  step(['DEL', key], (keys) => {
    keys.delete(key);
    return [integer(0), integer(1)];
  });

/** A read of a key that may have expired. */
export const getBrief = (key: string): Step =>
  step(['GET', key], (keys) => {
    const entry = keys.get(key);
    if (entry === undefined) return bulk(undefined);
    const { value, expiry } = entry;
    const there = value.type === 'string' ? bulk(value.text) : WRONG_TYPE;
    return expiry === undefined ? there : [there, bulk(undefined)];
  });

export const exists = (names: readonly string[]): Step =>
  step(['EXISTS', ...names], (keys) => integer(names.filter((name) => keys.has(name)).length));

export const type = (key: string): Step =>
  step(['TYPE', key], (keys) => `+${keys.get(key)?.value.type ?? 'none'}`);

export const rename = (from: string, to: string): Step =>
  step(['RENAME', from, to], (keys) => {
    const entry = keys.get(from);
    if (entry === undefined) throw new Refused('-ERR no such key');
    keys.delete(from);
    keys.set(to, entry);
    return OK;
  });

export const renamenx = (from: string, to: string): Step =>
  step(['RENAMENX', from, to], (keys) => {
    const entry = keys.get(from);
    if (entry === undefined) throw new Refused('-ERR no such key');
    if (keys.has(to)) return integer(0);
    keys.delete(from);
    keys.set(to, entry);
    return integer(1);
  });

/** Into database `target` of the two, which the store knows by `number`. */
export const copy = (from: string, to: string, number: number, target: number): Step =>
  wide(['COPY', from, to, 'DB', number, 'REPLACE'], (world, db) => {
    const entry = world.db(db).get(from);
    if (entry === undefined) return integer(0);
    world.db(target).set(to, copyOf(entry));
    return integer(1);
  });

export const move = (key: string, number: number, target: number): Step =>
  wide(['MOVE', key, number], (world, db) => {
    const entry = world.db(db).get(key);
    if (entry === undefined || world.db(target).has(key)) return integer(0);
    world.db(db).delete(key);
    world.db(target).set(key, entry);
    return integer(1);
  });

export const pexpire = (key: string, ms: number): Step =>
  step(['PEXPIRE', key, ms], (keys, { low, high }) => {
    const entry = keys.get(key);
    if (entry !== undefined) entry.expiry = { low: low + ms, high: high + ms };
    return integer(entry === undefined ? 0 : 1);
  });

export const pexpireat = (key: string, endsAt: number): Step =>
  step(['PEXPIREAT', key, endsAt], (keys) => {
    const entry = keys.get(key);
    if (entry !== undefined) entry.expiry = { low: endsAt, high: endsAt };
    return integer(entry === undefined ? 0 : 1);
  });

export const persist = (key: string): Step =>
  step(['PERSIST', key], (keys) => {
    const entry = keys.get(key);
    const had = entry?.expiry !== undefined;
    if (entry !== undefined) entry.expiry = undefined;
    return integer(had ? 1 : 0);
  });

export const flushdb = (): Step =>
  step(['FLUSHDB'], (keys) => {
    keys.clear();
    return OK;
  });

export const swapdb = (one: number, other: number): Step =>
  wide(['SWAPDB', one, other], (world) => {
    world.swap();
    return OK;
  });

/** Runs steps as one; what they answer is in the last reply. */
export function transaction(steps: readonly Step[]): readonly Step[] {
  const exec = wide(['EXEC'], (world, db, moment) => {
    const replies = steps.map((each) => answerOf(each, world, db, moment));
    return replies.every((reply) => typeof reply === 'string') ? array(replies) : undefined;
  });
  const queued = steps.map(({ args }) => wide(args, () => '+QUEUED'));
  return [wide(['MULTI'], () => OK), ...queued, exec];
}

/** Does a step to the model; gives what it must answer, errors too. */
export function answerOf(each: Step, world: World, db: number, moment: Moment): Expected {
  try {
    return each.act(world, db, moment);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}
