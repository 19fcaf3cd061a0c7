/**
 * The commands that are measured, as redis-benchmark sends them: `__rand_int__` becomes twelve random
 * digits below `RANGE`, so `key:__rand_int__` has 16 bytes.
 */

/** Different keys, fields or members that a case touches. */
export const RANGE = 100_000;

export interface BenchCommand {
  readonly name: string;
  /** The request, with the value in it. */
  readonly args: (value: string) => readonly string[];
  /** Sent before each round, as many times as the round sends the command. */
  readonly refill?: (value: string) => readonly string[];
  /** Sent before the first round, three times `RANGE` times, so that most random keys are there. */
  readonly prepare?: (value: string) => readonly string[];
  /** Whether the command changes something, so that persistence matters. */
  readonly writes: boolean;
  /** How many times a plain command's work it does, about; 1 where absent. */
  readonly cost?: number;
  /** Part of the measurement with values of 10 KiB. */
  readonly big?: boolean;
}

const key = 'key:__rand_int__';

export const COMMANDS: readonly BenchCommand[] = [
  {
    name: 'GET',
    args: () => ['GET', key],
    prepare: (value) => ['SET', key, value],
    writes: false,
    big: true,
  },
  { name: 'SET', args: (value) => ['SET', key, value], writes: true, big: true },
  { name: 'INCR', args: () => ['INCR', 'counter:__rand_int__'], writes: true },
  { name: 'LPUSH', args: (value) => ['LPUSH', 'list', value], writes: true, big: true },
  { name: 'RPUSH', args: (value) => ['RPUSH', 'list', value], writes: true },
  {
    name: 'LPOP',
    args: () => ['LPOP', 'list'],
    refill: (value) => ['RPUSH', 'list', value],
    writes: true,
  },
  { name: 'SADD', args: () => ['SADD', 'set', 'member:__rand_int__'], writes: true },
  {
    name: 'HSET',
    args: (value) => ['HSET', 'hash', 'field:__rand_int__', value],
    writes: true,
    big: true,
  },
  {
    name: 'ZADD',
    args: () => ['ZADD', 'zset', '__rand_int__', 'member:__rand_int__'],
    writes: true,
  },
  { name: 'XADD', args: (value) => ['XADD', 'stream', '*', 'field', value], writes: true },
  {
    name: 'MSET (10)',
    args: (value) => ['MSET', ...Array.from({ length: 10 }, () => [key, value]).flat()],
    writes: true,
    cost: 10,
  },
  {
    name: 'LRANGE_100',
    args: () => ['LRANGE', 'list', '0', '99'],
    prepare: (value) => ['RPUSH', 'list', value],
    writes: false,
    cost: 20,
  },
  {
    name: 'EVAL (incr)',
    args: () => ['EVAL', "return redis.call('incr', KEYS[1])", '1', 'counter:__rand_int__'],
    writes: true,
  },
];
