/**
 * Draws what a writer does next, without looking at the model: strings, hashes, lists, sets, sorted sets
 * and streams, small and large, times to live, renames, copies, moves, deletions, scripts, transactions,
 * FLUSHDB and SWAPDB.
 *
 * Keys whose name begins with `brief` end while the test runs. They are only ever written whole, deleted
 * and read, so that nothing depends on the moment of their end.
 */
import type { Chance } from '../../fuzz/kv/random.ts';
import type { Step } from './tier-steps.ts';
import * as steps from './tier-steps.ts';

export interface Operation {
  /** Which of the two databases. */
  readonly db: number;
  /** Sent one behind the other; a kill may come between any two. */
  readonly steps: readonly Step[];
}

/** What is drawn from. */
export interface Scope {
  readonly chance: Chance;
  /** Keys of each kind in each database. */
  readonly keysOfKind: number;
  /** By which numbers the store knows the two databases. */
  readonly numbers: readonly [number, number];
  /** The newest id of a stream's entry; ids only grow, whatever is renamed. */
  id: number;
}

type Kind = 'string' | 'number' | 'list' | 'hash' | 'set' | 'zset' | 'stream';
type Draw = (scope: Scope, db: number) => Step | readonly Step[];

const KINDS: readonly Kind[] = ['string', 'number', 'list', 'hash', 'set', 'zset', 'stream'];
const HOUR_MS = 3_600_000;
const BRIEF_KEYS = 40;
const BRIEF_MS_MAX = 2500;
const MEMBERS = 30;
/** Of the first keys of a kind, which become large. */
const MANY_MEMBERS = 4000;
const LARGE_KEYS = 3;

export function drawOperation(scope: Scope): Operation {
  const db = scope.chance.likely(0.5) ? 0 : 1;
  const drawn = weighted(scope.chance)(scope, db);
  return { db, steps: 'act' in drawn ? [drawn] : drawn };
}

/** Half of all goes to a twentieth of the keys. */
function keyOf(scope: Scope, kind: Kind): string {
  const { chance, keysOfKind } = scope;
  // Now and then one that mostly holds another type.
  const at = chance.likely(0.02) ? chance.pick(KINDS) : kind;
  const span = chance.likely(0.5) ? Math.ceil(keysOfKind / 20) : keysOfKind;
  return `${at}:${chance.between(0, span - 1)}`;
}

function anyKey(scope: Scope): string {
  return keyOf(scope, scope.chance.pick(KINDS));
}

function list<T>({ chance }: Scope, most: number, make: () => T): T[] {
  return Array.from({ length: chance.between(1, most) }, make);
}

function textOf({ chance }: Scope): string {
  const length = chance.likely(0.01) ? chance.between(5000, 20_000) : chance.between(1, 200);
  return `${chance.between(0, 999_999)}:`.padEnd(length, 'abcdefghij');
}

function word({ chance }: Scope): string {
  return `v${chance.between(0, 999_999)}`;
}

/** Of a large collection now and then hundreds at once, else a few. */
function membersFor(scope: Scope, key: string): string[] {
  const { chance } = scope;
  const isLarge = Number(key.slice(key.indexOf(':') + 1)) < LARGE_KEYS;
  const most = isLarge ? MANY_MEMBERS : MEMBERS;
  const count = isLarge && chance.likely(0.05) ? 300 : chance.between(1, 4);
  return Array.from({ length: count }, () => `m${chance.between(0, most - 1)}`);
}

function score({ chance }: Scope): number {
  return chance.between(-1000, 1000);
}

/** An entry that was made lately. */
function someId(scope: Scope): number {
  return Math.max(1, scope.id - scope.chance.between(0, 2000));
}

function timeFromNow({ chance }: Scope): number {
  return Date.now() + HOUR_MS * chance.between(2, 1000) + chance.between(0, 9999);
}

function briefKey({ chance }: Scope): string {
  return `brief:${chance.between(0, BRIEF_KEYS - 1)}`;
}

function briefEnd({ chance }: Scope): number {
  return Date.now() + chance.between(20, BRIEF_MS_MAX);
}

const strings: readonly Draw[] = [
  (s) => steps.set(keyOf(s, 'string'), textOf(s)),
  (s) => steps.set(keyOf(s, 'string'), textOf(s)),
  (s) => steps.setFor(keyOf(s, 'string'), textOf(s), s.chance.between(2, 50) * HOUR_MS),
  (s) => steps.setUntil(keyOf(s, 'string'), textOf(s), timeFromNow(s)),
  (s) => steps.setKeeping(keyOf(s, 'string'), textOf(s)),
  (s) => steps.mset(list(s, 4, () => [keyOf(s, 'string'), textOf(s)] as const)),
  (s) => steps.append(keyOf(s, 'string'), word(s)),
  (s) => steps.setrange(keyOf(s, 'string'), s.chance.between(0, 300), word(s)),
  (s) => steps.incrby(keyOf(s, 'number'), s.chance.between(-9, 9)),
  (s) => steps.incrby(keyOf(s, 'number'), s.chance.between(-9, 9)),
  (s) => steps.get(keyOf(s, 'string')),
  (s) => steps.mget(list(s, 8, () => anyKey(s))),
  (s) => steps.getdel(keyOf(s, 'string')),
  (s) => steps.script(keyOf(s, 'string'), word(s)),
];

const lists: readonly Draw[] = [
  (s) => {
    const key = keyOf(s, 'list');
    return steps.push('R', key, membersFor(s, key));
  },
  (s) =>
    steps.push(
      'L',
      keyOf(s, 'list'),
      list(s, 3, () => word(s)),
    ),
  (s) => steps.pop('L', keyOf(s, 'list')),
  (s) => steps.pop('R', keyOf(s, 'list')),
  (s) => steps.lset(keyOf(s, 'list'), s.chance.between(0, 3), word(s)),
  (s) => steps.ltrim(keyOf(s, 'list'), s.chance.between(5, 3000)),
  (s) => steps.lmove(keyOf(s, 'list'), keyOf(s, 'list')),
  (s) => steps.lrange(keyOf(s, 'list'), s.chance.between(0, 10), s.chance.between(10, 60)),
];

const hashes: readonly Draw[] = [
  (s) => {
    const key = keyOf(s, 'hash');
    return steps.hset(
      key,
      membersFor(s, key).map((field) => [field, word(s)] as const),
    );
  },
  (s) => {
    const key = keyOf(s, 'hash');
    return steps.hdel(key, membersFor(s, key));
  },
  (s) => steps.hincrby(keyOf(s, 'hash'), s.chance.between(-5, 5)),
  (s) => {
    const key = keyOf(s, 'hash');
    return steps.hmget(key, membersFor(s, key));
  },
];

const sets: readonly Draw[] = [
  (s) => {
    const key = keyOf(s, 'set');
    return steps.sadd(key, membersFor(s, key));
  },
  (s) => {
    const key = keyOf(s, 'set');
    return steps.srem(key, membersFor(s, key));
  },
  (s) => {
    const key = keyOf(s, 'set');
    return steps.smismember(key, membersFor(s, key));
  },
  (s) => steps.smove(keyOf(s, 'set'), keyOf(s, 'set'), `m${s.chance.between(0, MEMBERS - 1)}`),
  (s) => steps.sunionstore(keyOf(s, 'set'), keyOf(s, 'set'), keyOf(s, 'set')),
];

const sortedSets: readonly Draw[] = [
  (s) => {
    const key = keyOf(s, 'zset');
    return steps.zadd(
      key,
      membersFor(s, key).map((member) => [score(s), member] as const),
    );
  },
  (s) => {
    const key = keyOf(s, 'zset');
    return steps.zrem(key, membersFor(s, key));
  },
  (s) => steps.zincrby(keyOf(s, 'zset'), score(s), `m${s.chance.between(0, MEMBERS - 1)}`),
  (s) => steps.zpopmin(keyOf(s, 'zset')),
  (s) => steps.zrange(keyOf(s, 'zset'), s.chance.between(0, 5), s.chance.between(5, 40)),
];

const streams: readonly Draw[] = [
  (s) => steps.xadd(keyOf(s, 'stream'), ++s.id, word(s)),
  (s) => {
    const key = keyOf(s, 'stream');
    const count = s.chance.likely(0.02) ? 200 : 3;
    return Array.from({ length: count }, () => steps.xadd(key, ++s.id, word(s)));
  },
  (s) => steps.xtrim(keyOf(s, 'stream'), s.chance.between(0, 500)),
  (s) => steps.xgroup(keyOf(s, 'stream')),
  (s) =>
    steps.xreadgroup(keyOf(s, 'stream'), `c${s.chance.between(0, 2)}`, s.chance.between(1, 20)),
  (s) => steps.xack(keyOf(s, 'stream'), someId(s)),
  (s) => steps.xdel(keyOf(s, 'stream'), someId(s)),
];

const keys: readonly Draw[] = [
  (s) =>
    steps.del(
      'DEL',
      list(s, 3, () => anyKey(s)),
    ),
  (s) =>
    steps.del(
      'UNLINK',
      list(s, 3, () => anyKey(s)),
    ),
  (s) => steps.exists(list(s, 4, () => anyKey(s))),
  (s) => steps.type(anyKey(s)),
  (s) => {
    const kind = s.chance.pick(KINDS);
    return steps.rename(keyOf(s, kind), keyOf(s, kind));
  },
  (s) => {
    const kind = s.chance.pick(KINDS);
    return steps.renamenx(keyOf(s, kind), keyOf(s, kind));
  },
  (s, db) => {
    const kind = s.chance.pick(KINDS);
    const [from, to] = [keyOf(s, kind), keyOf(s, kind)];
    // A copy onto itself is an error.
    const target = s.chance.likely(0.5) && from !== to ? db : 1 - db;
    return steps.copy(from, to, numberOf(s, target), target);
  },
  (s, db) => steps.move(anyKey(s), numberOf(s, 1 - db), 1 - db),
  (s) => steps.pexpire(anyKey(s), s.chance.between(2, 900) * HOUR_MS),
  (s) => steps.pexpireat(anyKey(s), timeFromNow(s)),
  (s) => steps.persist(anyKey(s)),
];

const brief: readonly Draw[] = [
  (s) => steps.setUntil(briefKey(s), word(s), briefEnd(s)),
  (s) => {
    const key = briefKey(s);
    const fill = steps.hset(key, [['f', word(s)]]);
    return [steps.delBrief(key), fill, steps.pexpireat(key, briefEnd(s))];
  },
  (s) => steps.delBrief(briefKey(s)),
  (s) => steps.getBrief(briefKey(s)),
];

const together: readonly Draw[] = [
  (s) =>
    steps.transaction([
      steps.incrby(keyOf(s, 'number'), 1),
      steps.hincrby(keyOf(s, 'hash'), 1),
      steps.rename(keyOf(s, 'list'), keyOf(s, 'list')),
      steps.get(keyOf(s, 'string')),
    ]),
];

const rare: readonly Draw[] = [
  () => steps.flushdb(),
  ...many(6, (s) => steps.swapdb(...s.numbers)),
];

function many(count: number, draw: Draw): Draw[] {
  return new Array<Draw>(count).fill(draw);
}

function numberOf({ numbers }: Scope, target: number): number {
  return target === 0 ? numbers[0] : numbers[1];
}

/** Families with how often they are drawn; all together 1. */
const FAMILIES: readonly (readonly [number, readonly Draw[]])[] = [
  [0.24, strings],
  [0.13, lists],
  [0.13, hashes],
  [0.12, sets],
  [0.12, sortedSets],
  [0.09, streams],
  [0.11, keys],
  [0.04, brief],
  [0.0195, together],
  [0.0005, rare],
];

function weighted(chance: Chance): Draw {
  let left = chance.unit();
  for (const [share, draws] of FAMILIES) {
    if (left < share) return chance.pick(draws);
    left -= share;
  }
  return chance.pick(strings);
}
