/** FLUSHDB, FLUSHALL, SWAPDB: databases as a whole. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { flushDatabases, swapDatabases } from '../../engine/flush.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import type { Database } from '../../keyspace/index.ts';
import { NO_SUCH_DATABASE } from '../shared/database-number.ts';

const INT32_MAX = 2 ** 31 - 1;

/** ASYNC and SYNC are accepted and mean the same: memory is given back in slices. */
function flush(call: Call, databases: readonly Database[]): void {
  if (call.count > 2) throw SYNTAX_ERROR;
  if (call.count === 2) {
    const keyword = call.args.keyword(1);
    if (keyword !== 'ASYNC' && keyword !== 'SYNC') throw SYNTAX_ERROR;
  }
  flushDatabases(call.engine, databases);
  call.reply.ok();
}

function swapdb(call: Call): void {
  const numbers = [numberAt(call, 1, 'first'), numberAt(call, 2, 'second')];
  const [a, b] = numbers.map((number) => call.engine.database(number));
  if (a === undefined || b === undefined) throw NO_SUCH_DATABASE;
  swapDatabases(call.engine, a, b);
  call.reply.ok();
}

function numberAt(call: Call, index: number, which: string): number {
  const invalid = new ReplyError(`ERR invalid ${which} DB index`);
  return call.intBetween(index, -INT32_MAX - 1, INT32_MAX, invalid);
}

const metadata = {
  acl: ['keyspace', 'dangerous'],
  group: 'server',
} as const;
const allShards = ['request_policy:all_shards', 'response_policy:all_succeeded'] as const;

export const flushCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'flushdb',
    arity: -1,
    flags: ['write'],
    since: '1.0.0',
    complexity: 'O(1); the memory is freed in the background',
    summary: 'Deletes all keys of the database.',
    syntax: '[ASYNC | SYNC]',
    tips: allShards,
    run: (call) => flush(call, [call.db]),
  },
  {
    ...metadata,
    name: 'flushall',
    arity: -1,
    flags: ['write'],
    since: '1.0.0',
    complexity: 'O(1); the memory is freed in the background',
    summary: 'Deletes all keys of all databases.',
    syntax: '[ASYNC | SYNC]',
    tips: allShards,
    run: (call) => flush(call, call.engine.keyspace.databases),
  },
  {
    ...metadata,
    name: 'swapdb',
    arity: 3,
    flags: ['write', 'fast'],
    since: '4.0.0',
    complexity: 'O(N) with N clients that watch or wait for keys',
    summary: 'Exchanges the keys of two databases.',
    syntax: 'index1 index2',
    run: swapdb,
  },
];
