/**
 * Reads all that a database holds, by SCAN and by each key's type, and tells how it differs from the model.
 */
import type { RespClient } from '../../support/resp-client.ts';
import { isError, itemsOf, type Reply, show, textOf } from '../../support/resp-reply.ts';
import { describeValue, type Expiry, type Keys } from './tier-model.ts';

/** What was read of a key. */
export interface Found {
  readonly value: string;
  /** Wall clock in milliseconds; undefined for no end. */
  readonly endsAt: number | undefined;
}

export interface State {
  readonly keys: ReadonlyMap<string, Found>;
  /** What DBSIZE said. */
  readonly size: number;
  /** Wall clock before the first and after the last command. */
  readonly low: number;
  readonly high: number;
}

const BATCH = 300;
/** A key may be seen so long after its end, and be gone so long before: rounding, no more. */
const TOLERANCE_MS = 2;
const DIFFERENCES_SHOWN = 12;

/** Reads the database that the client has selected. A key that ends meanwhile is left out. */
export async function readState(client: RespClient): Promise<State> {
  const low = Date.now();
  const names = await scanAll(client);
  const keys = new Map<string, Found>();
  for (let at = 0; at < names.length; at += BATCH) {
    const some = names.slice(at, at + BATCH);
    const facts = await client.pipeline(
      some.flatMap((name) => [
        ['TYPE', name],
        ['PEXPIRETIME', name],
      ]),
    );
    const types = some.map((_, i) => textOf(facts[2 * i]!));
    const reads = some.map((name, i) => readsOf(types[i]!, name));
    const replies = await client.pipeline(reads.flat());
    let next = 0;
    for (const [i, name] of some.entries()) {
      const answers = replies.slice(next, next + reads[i]!.length);
      next += reads[i]!.length;
      const endsAt = Number(textOf(facts[2 * i + 1]!));
      const value = describeReplies(types[i]!, answers);
      if (value === undefined || endsAt === -2) continue;
      keys.set(name, { value, endsAt: endsAt < 0 ? undefined : endsAt });
    }
  }
  const size = Number(textOf(await client.must('DBSIZE')));
  return { keys, size, low, high: Date.now() };
}

async function scanAll(client: RespClient): Promise<string[]> {
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = itemsOf(await client.must('SCAN', cursor, 'COUNT', 500));
    for (const item of itemsOf(found!)) names.add(textOf(item));
    cursor = textOf(next!);
  } while (cursor !== '0');
  return [...names];
}

function readsOf(type: string, name: string): string[][] {
  switch (type) {
    case 'string':
      return [['GET', name]];
    case 'list':
      return [['LRANGE', name, '0', '-1']];
    case 'hash':
      return [['HGETALL', name]];
    case 'set':
      return [['SMEMBERS', name]];
    case 'zset':
      return [['ZRANGE', name, '0', '-1', 'WITHSCORES']];
    case 'stream':
      return [
        ['XRANGE', name, '-', '+'],
        ['XINFO', 'STREAM', name],
        ['XINFO', 'GROUPS', name],
        ['XPENDING', name, 'g', '-', '+', '1000000'],
      ];
    default:
      return [];
  }
}

/** In the form of `describeValue`; undefined where the key has ended between the commands. */
function describeReplies(type: string, replies: readonly Reply[]): string | undefined {
  const [first] = replies;
  if (first === undefined || first.type === 'null-bulk') return undefined;
  if (isError(first)) return `unreadable: ${show(first)}`;
  if (type === 'string') return `string ${textOf(first)}`;
  if (type === 'stream') return describeStream(replies);
  const items = itemsOf(first).map(textOf);
  if (items.length === 0) return undefined;
  switch (type) {
    case 'hash':
      return `hash ${inPairs(items, '=').sort().join(' ')}`;
    case 'set':
      return `set ${items.sort().join(' ')}`;
    default:
      return `${type} ${items.join(' ')}`;
  }
}

function describeStream([range, info, groups, pending]: readonly Reply[]): string {
  const entries = itemsOf(range!).map((entry) => {
    const [id, fields] = itemsOf(entry);
    return `${textOf(id!)}=${textOf(itemsOf(fields!)[1]!)}`;
  });
  const last = fieldOf(info!, 'last-generated-id');
  const [group] = itemsOf(groups!);
  const shown =
    group === undefined ? 'no group' : `group at ${fieldOf(group, 'last-delivered-id')}`;
  const waiting = isError(pending!)
    ? []
    : itemsOf(pending!).map((each) => {
        const [id, consumer] = itemsOf(each).map(textOfAny);
        return `${id}:${consumer}`;
      });
  return `stream ${entries.join(' ')} last ${last} ${shown} ${waiting.join(' ')}`.trimEnd();
}

function fieldOf(reply: Reply, name: string): string {
  const items = itemsOf(reply);
  const at = items.findIndex((item) => textOfAny(item) === name);
  return textOfAny(items[at + 1]!);
}

function textOfAny(reply: Reply): string {
  return 'text' in reply ? reply.text : show(reply);
}

function inPairs(items: readonly string[], sign: string): string[] {
  return items.flatMap((item, i) => (i % 2 === 0 ? [`${item}${sign}${items[i + 1]}`] : []));
}

export interface Difference {
  readonly key: string;
  readonly says: string;
}

/** What of a state is not as the model has it; keys that end about now may be there or not. */
export function differences(keys: Keys, state: State): Difference[] {
  const found: Difference[] = [];
  for (const [key, { value, expiry }] of keys) {
    const met = state.keys.get(key);
    if (met === undefined) {
      if (!mayHaveEnded(expiry, state.high)) found.push({ key, says: `is missing, ${value.type}` });
      continue;
    }
    if (expiry !== undefined && expiry.high + TOLERANCE_MS < state.low) {
      found.push({ key, says: `ended ${state.low - expiry.high} ms ago and is there` });
    }
    const wanted = describeValue(value);
    if (met.value !== wanted) found.push({ key, says: firstDifference(met.value, wanted) });
    if (!sameEnd(expiry, met.endsAt)) {
      const span = expiry === undefined ? 'never' : `from ${expiry.low} to ${expiry.high}`;
      found.push({ key, says: `ends at ${met.endsAt ?? 'no time'}, not ${span}` });
    }
  }
  for (const [key, { value }] of state.keys) {
    if (!keys.has(key))
      found.push({ key, says: `is there and must not be: ${value.slice(0, 80)}` });
  }
  return found.length > 0 ? found : sizeDifference(keys, state);
}

/** Keys whose end has come may still be counted. */
function sizeDifference(keys: Keys, { size, high }: State): Difference[] {
  let sure = 0;
  for (const { expiry } of keys.values()) if (!mayHaveEnded(expiry, high)) sure++;
  if (size >= sure && size <= keys.size) return [];
  return [{ key: 'DBSIZE', says: `is ${size}, not from ${sure} to ${keys.size}` }];
}

function mayHaveEnded(expiry: Expiry | undefined, now: number): boolean {
  return expiry !== undefined && expiry.low - TOLERANCE_MS <= now;
}

function sameEnd(expiry: Expiry | undefined, endsAt: number | undefined): boolean {
  if (expiry === undefined || endsAt === undefined) return expiry === endsAt;
  return endsAt >= expiry.low - TOLERANCE_MS && endsAt <= expiry.high + TOLERANCE_MS;
}

function firstDifference(met: string, wanted: string): string {
  let at = 0;
  while (at < met.length && met[at] === wanted[at]) at++;
  const from = Math.max(0, at - 30);
  const part = (text: string): string => JSON.stringify(text.slice(from, at + 50));
  return (
    `is (${met.length}) ${part(met)}, not (${wanted.length}) ${part(wanted)}, ` +
    `at ${at} of ${met.slice(0, met.indexOf(' '))}`
  );
}

export function describeDifferences(found: readonly Difference[]): string {
  const lines = found.slice(0, DIFFERENCES_SHOWN).map(({ key, says }) => `  ${key} ${says}`);
  const more = found.length - lines.length;
  return [...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

/** Keys whose end has surely come; the model forgets them once the store has to. */
export function forgetEnded(keys: Keys, now: number): void {
  for (const [key, { expiry }] of keys) {
    if (expiry !== undefined && expiry.high + TOLERANCE_MS < now) keys.delete(key);
  }
}
