/**
 * What a checking writer writes, and what the store must hold after any prefix of it.
 *
 * Invariants: operation n of a writer is a pure function of n; it changes only keys of its
 * own prefix; the state after n operations is computed here without the store.
 */
import type { RespClient } from '../../support/resp-client.ts';
import { isAggregate, type Reply, show } from '../../support/resp-reply.ts';

export type Command = readonly string[];

/** A list grows and shrinks, a key comes and goes, two keys change together. */
const kinds = [
  'set',
  'increment',
  'push',
  'field',
  'score',
  'member',
  'entry',
  'transaction',
  'script',
  'toggle',
  'timed',
  'pop',
] as const;

const padding = 'p'.repeat(300);
const script = "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', KEYS[2])";

/** How many operations pass until each kind was done once. */
export const cycle = kinds.length;

/** The commands of operation `n` (from 1) under a prefix; it is done when the last is answered. */
export function commandsOf(prefix: string, n: number): readonly Command[] {
  const value = String(n);
  switch (kinds[n % cycle]) {
    case 'set':
      return [['SET', `${prefix}s`, `${value}:${padding}`]];
    case 'increment':
      return [['INCR', `${prefix}c`]];
    case 'push':
      return [['RPUSH', `${prefix}l`, value]];
    case 'field':
      return [['HSET', `${prefix}h`, `f${n % 19}`, value]];
    case 'score':
      return [['ZADD', `${prefix}z`, value, `m${n % 23}`]];
    case 'member':
      return [['SADD', `${prefix}t`, value]];
    case 'entry':
      return [['XADD', `${prefix}x`, `${value}-1`, 'n', value]];
    case 'transaction':
      return [['MULTI'], ['SET', `${prefix}m1`, value], ['SET', `${prefix}m2`, value], ['EXEC']];
    case 'script':
      return [['EVAL', script, '2', `${prefix}e1`, `${prefix}e2`, value]];
    case 'toggle':
      return [isOn(n) ? ['SET', `${prefix}d`, value] : ['DEL', `${prefix}d`]];
    case 'timed':
      return [['SET', `${prefix}p`, value, 'PX', '1000000000']];
    default:
      return [['LPOP', `${prefix}l`]];
  }
}

function isOn(n: number): boolean {
  return Math.floor(n / cycle) % 2 === 0;
}

/** The state after the operations 1 to `count`, one line a key, as `read` gives it. */
export function stateAfter(count: number): readonly string[] {
  let [set, toggled, timed, together, scripted]: (number | undefined)[] = [];
  let increments = 0;
  let scripts = 0;
  const list: number[] = [];
  const hash = new Map<string, number>();
  const scores = new Map<string, number>();
  const members: number[] = [];
  const entries: number[] = [];
  for (let n = 1; n <= count; n += 1) {
    switch (kinds[n % cycle]) {
      case 'set':
        set = n;
        break;
      case 'increment':
        increments += 1;
        break;
      case 'push':
        list.push(n);
        break;
      case 'field':
        hash.set(`f${n % 19}`, n);
        break;
      case 'score':
        scores.set(`m${n % 23}`, n);
        break;
      case 'member':
        members.push(n);
        break;
      case 'entry':
        entries.push(n);
        break;
      case 'transaction':
        together = n;
        break;
      case 'script':
        scripted = n;
        scripts += 1;
        break;
      case 'toggle':
        toggled = isOn(n) ? n : undefined;
        break;
      case 'timed':
        timed = n;
        break;
      default:
        list.shift();
    }
  }
  const bulk = (value: number | undefined) => (value === undefined ? '$nil' : `$"${value}"`);
  const pairs = (map: ReadonlyMap<string, number>) =>
    [...map].map(([name, n]) => `$"${name}" $"${n}"`);
  return [
    set === undefined ? '$nil' : `$"${set}:${padding}"`,
    increments === 0 ? '$nil' : bulk(increments),
    list.map(bulk).join(' '),
    pairs(hash).sort().join(' '),
    pairs(scores).sort().join(' '),
    members.map(bulk).sort().join(' '),
    entries.map((n) => `*[$"${n}-1" *[$"n" $"${n}"]]`).join(' '),
    bulk(together),
    bulk(together),
    bulk(scripted),
    scripts === 0 ? '$nil' : bulk(scripts),
    bulk(toggled),
    bulk(timed),
    timed === undefined ? 'no time to live' : 'a time to live',
  ];
}

/** Reads the state under a prefix in the form of `stateAfter`. */
export async function read(client: RespClient, prefix: string): Promise<readonly string[]> {
  const replies = await client.pipeline([
    ['GET', `${prefix}s`],
    ['GET', `${prefix}c`],
    ['LRANGE', `${prefix}l`, '0', '-1'],
    ['HGETALL', `${prefix}h`],
    ['ZRANGE', `${prefix}z`, '0', '-1', 'WITHSCORES'],
    ['SMEMBERS', `${prefix}t`],
    ['XRANGE', `${prefix}x`, '-', '+'],
    ['GET', `${prefix}m1`],
    ['GET', `${prefix}m2`],
    ['GET', `${prefix}e1`],
    ['GET', `${prefix}e2`],
    ['GET', `${prefix}d`],
    ['GET', `${prefix}p`],
    ['PTTL', `${prefix}p`],
  ]);
  return replies.map((reply, index) => {
    if (index === 13)
      return Number(showItems(reply)[0]?.slice(1)) > 0 ? 'a time to live' : 'no time to live';
    const items = showItems(reply);
    if (index === 3 || index === 4) return inPairs(items).sort().join(' ');
    if (index === 5) return items.sort().join(' ');
    return items.join(' ');
  });
}

/** All keys under a prefix, to delete them. */
export function keysOf(prefix: string): readonly string[] {
  const names = ['s', 'c', 'l', 'h', 'z', 't', 'x', 'm1', 'm2', 'e1', 'e2', 'd', 'p'];
  return names.map((name) => prefix + name);
}

function showItems(reply: Reply): string[] {
  return isAggregate(reply) ? reply.items.map(show) : [show(reply)];
}

function inPairs(items: readonly string[]): string[] {
  return items.flatMap((item, index) => (index % 2 === 0 ? [`${item} ${items[index + 1]}`] : []));
}

/**
 * How many operations the read state holds: the one count within the bounds whose state it
 * is. Throws when there is none: something was lost, doubled, torn or invented.
 */
export function countOf(
  state: readonly string[],
  bounds: { readonly low: number; readonly high: number },
): number {
  // The newest number that is to be seen; operations without a number may have followed.
  const seen =
    state
      .join(' ')
      .match(/\d+(?=[":-])/g)
      ?.map(Number) ?? [];
  const newest = Math.max(0, ...seen.filter((n) => n <= bounds.high));
  for (let count = newest; count <= newest + cycle; count += 1) {
    if (!sameState(state, stateAfter(count))) continue;
    if (count < bounds.low) {
      throw new Error(`acknowledged writes are lost: ${bounds.low} must be there, ${count} are`);
    }
    if (count > bounds.high) {
      throw new Error(`writes are there that nobody made: ${count} of ${bounds.high}`);
    }
    return count;
  }
  throw new Error(
    `no prefix of the writes gives this state (between ${bounds.low} and ${bounds.high}, newest ${newest}):\n` +
      differences(state, stateAfter(Math.max(newest, bounds.low))),
  );
}

function sameState(left: readonly string[], right: readonly string[]): boolean {
  return left.every((line, index) => line === right[index]);
}

function differences(state: readonly string[], wanted: readonly string[]): string {
  return state
    .flatMap((line, index) =>
      line === wanted[index]
        ? []
        : [`  met ${line.slice(-300)}\n  for ${wanted[index]?.slice(-300)}`],
    )
    .join('\n');
}
