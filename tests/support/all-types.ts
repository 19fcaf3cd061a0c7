/** Keys of every type and encoding of Redis 7.0, for one database, and writes to all of them. */
import type { Arg } from './resp-client.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const binary = Buffer.from(numbers(256));

/** The commands that make a set of keys whose names end in `suffix`. */
export function allTypes(suffix: string | number): Arg[][] {
  const k = (name: string): string => `${name}:${suffix}`;
  const inAnHour = Date.now() + 3_600_000;
  return [
    ['SET', k('string'), 'hello'],
    ['SET', k('string-number'), '12345'],
    ['SET', k('string-binary'), binary],
    ['SET', k('string-long'), 'abc'.repeat(3000)],
    ['SET', k('string-ending'), 'soon', 'PXAT', inAnHour],
    ['SETBIT', k('bits'), 1000, 1],
    ['PFADD', k('hll'), ...numbers(50)],
    ['RPUSH', k('list'), 'a', '12', binary],
    ['RPUSH', k('list-long'), ...numbers(400).map((i) => `item ${i} ${'x'.repeat(i % 70)}`)],
    ['RPUSH', k('list-large-items'), 'a', 'y'.repeat(9000), 'b'],
    ['SADD', k('set-numbers'), 1, -70000, 2 ** 40],
    ['SADD', k('set'), 'a', 'b', binary],
    ['SADD', k('set-large'), ...numbers(300).map((i) => `member ${i}`)],
    ['HSET', k('hash'), 'f', 'v', 'n', 7],
    ['HSET', k('hash-large'), ...numbers(300).flatMap((i) => [`field ${i}`, `value ${i}`])],
    ['EXPIRE', k('hash-large'), 4000],
    ['ZADD', k('zset'), 1, 'a', '-inf', 'b', '2.5', 'c'],
    ['ZADD', k('zset-large'), ...numbers(300).flatMap((i) => [Math.sin(i), `m${i}`])],
    ['GEOADD', k('geo'), 13.4, 52.5, 'Berlin', 2.35, 48.86, 'Paris'],
    ...numbers(120).map((i) => ['XADD', k('stream'), `${i + 1}-0`, 'n', i, 'text', `t${i}`]),
    ['XDEL', k('stream'), '7-0', '90-0'],
    ['XGROUP', 'CREATE', k('stream'), 'g', '0'],
    ['XGROUP', 'CREATE', k('stream'), 'late', '50-0', 'ENTRIESREAD', 49],
    ['XREADGROUP', 'GROUP', 'g', 'one', 'COUNT', 20, 'STREAMS', k('stream'), '>'],
    ['XREADGROUP', 'GROUP', 'g', 'two', 'COUNT', 10, 'STREAMS', k('stream'), '>'],
    ['XACK', k('stream'), 'g', '3-0', '25-0'],
    ['XGROUP', 'CREATE', k('stream-empty'), 'g', '$', 'MKSTREAM'],
  ];
}

/** The `i`th of a series of writes to the keys above: changes, moves, ends, transactions, scripts. */
export function writeTo(suffix: string | number, i: number): Arg[][] {
  const k = (name: string): string => `${name}:${suffix}`;
  const kinds: (() => Arg[][])[] = [
    () => [['SET', k('string'), i, 'PX', 50 + (i % 200)]],
    () => [['INCR', k('counter')]],
    () => [['APPEND', k('string-long'), `+${i}`]],
    () => [
      ['LPUSH', k('list'), i],
      ['RPOP', k('list-long')],
    ],
    () => [
      ['SADD', k('set'), i],
      ['SPOP', k('set-large')],
    ],
    () => [
      ['HSET', k('hash'), `f${i % 100}`, i],
      ['HINCRBYFLOAT', k('hash-large'), 'sum', '0.5'],
    ],
    () => [
      ['ZINCRBY', k('zset'), '1.5', `m${i % 50}`],
      ['ZPOPMIN', k('zset-large')],
    ],
    () => [['XADD', k('stream'), 'MAXLEN', '~', 200, '*', 'n', i]],
    () => [['XREADGROUP', 'GROUP', 'g', `c${i % 3}`, 'COUNT', 2, 'STREAMS', k('stream'), '>']],
    () => [['XAUTOCLAIM', k('stream'), 'g', 'one', 0, '0', 'COUNT', 3]],
    () => [['MULTI'], ['INCR', k('a')], ['RPUSH', k('b'), i], ['EXPIRE', k('b'), 100], ['EXEC']],
    () => [['EVAL', "return redis.call('INCRBY', KEYS[1], ARGV[1])", 1, k('script'), i]],
    () => [
      ['SET', k('short'), i, 'PX', 5],
      ['GET', k('short')],
    ],
    () => [
      ['PEXPIRE', k('hash'), 60_000],
      ['PERSIST', k('hash')],
    ],
    () => [
      ['RENAME', k('script'), k('renamed')],
      ['COPY', k('renamed'), k('copy'), 'REPLACE'],
    ],
    () => [
      ['DEL', k('bits')],
      ['SETBIT', k('bits'), i % 5000, 1],
    ],
    () => [['SINTERSTORE', k('both'), k('set'), k('set-large')]],
  ];
  return kinds[i % kinds.length]?.() ?? [];
}
