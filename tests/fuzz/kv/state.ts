/**
 * The whole state of a server as text, one line a key, read through typed commands.
 */

import type { RespClient } from '../../support/resp-client.ts';
import type { Reply } from '../../support/resp-reply.ts';
import { isAggregate, show, textOf } from '../../support/resp-reply.ts';
import { timeless } from './compare.ts';

const readers: Readonly<Record<string, (key: string) => readonly string[]>> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  set: (key) => ['SMEMBERS', key],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  stream: (key) => ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'],
};

/** What is known of a key; `value` is canonical: sorted where the type has no order. */
export type KeyState = {
  readonly type: string;
  readonly encoding: string;
  /** Milliseconds to live, -1 without end. */
  readonly ttl: number;
  readonly value: string;
};

/** Every key of databases 0 to 2, by `database key`. Leaves database 0 selected. */
export async function readState(client: RespClient): Promise<ReadonlyMap<string, KeyState>> {
  const state = new Map<string, KeyState>();
  for (const database of ['0', '1', '2']) {
    await client.must('SELECT', database);
    const listed = await client.must('KEYS', '*');
    const names = isAggregate(listed) ? listed.items.map(textOf).sort() : [];
    const about = await client.pipeline(
      names.flatMap((name) => [
        ['TYPE', name],
        ['OBJECT', 'ENCODING', name],
        ['PTTL', name],
      ]),
    );
    const types = names.map((_, index) => textOf(about[index * 3] as Reply));
    const values = await client.pipeline(
      names.map((name, index) => readers[types[index] ?? '']?.(name) ?? ['TYPE', name]),
    );
    names.forEach((name, index) => {
      const type = types[index] ?? '';
      state.set(`${database} ${JSON.stringify(name)}`, {
        type,
        encoding: textOf(about[index * 3 + 1] as Reply),
        ttl: Number(textOf(about[index * 3 + 2] as Reply)),
        value: canonical(type, values[index] as Reply),
      });
    });
  }
  await client.must('SELECT', '0');
  return state;
}

function canonical(type: string, value: Reply): string {
  if (type === 'stream') return timeless(value);
  if (!isAggregate(value)) return show(value);
  const shown = value.items.map(show);
  if (type === 'set') return shown.sort().join(' ');
  // Scores as numbers: Redis 7.0 writes 17 digits, 7.2 the fewest.
  if (type === 'zset') {
    const written = (text: string, index: number) =>
      index % 2 === 0 ? text : scoreOf(textOf(value.items[index] as Reply));
    return shown.map(written).join(' ');
  }
  if (type !== 'hash') return shown.join(' ');
  return shown
    .flatMap((text, index) => (index % 2 === 0 ? [`${text}=${shown[index + 1]}`] : []))
    .sort()
    .join(' ');
}

function scoreOf(text: string): number {
  if (text.endsWith('inf')) return text === 'inf' ? Infinity : -Infinity;
  return Number(text);
}
