/**
 * ROLE, REPLICAOF, WAIT, WAITAOF and what else belongs to replication. This version runs on one node:
 * it is always the master of nobody, and says so.
 */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { NOT_AN_INTEGER, NOT_POSITIVE, ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { waitFor } from './wait-for.ts';

const NO_REPLICAS = new ReplyError('ERR replication is not supported by this version');
const INVALID_PORT = new ReplyError('ERR Invalid master port');
const NO_CONNECTED_REPLICAS = new ReplyError('ERR FAILOVER requires connected replicas.');
const NO_FAILOVER = new ReplyError('ERR No failover in progress.');
const NEGATIVE_TIMEOUT = new ReplyError('ERR timeout is negative');
const NOT_A_TIMEOUT = new ReplyError('ERR timeout is not an integer or out of range');
const NOT_LOCAL = new ReplyError('ERR value is out of range, value must between 0 and 1');
const NO_LOG = new ReplyError(
  'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
);
const PORT_MAX = 65535;

function role(call: Call): void {
  const { reply } = call;
  reply.array(3);
  reply.bulkText('master');
  reply.integer(0);
  reply.array(0);
}

function replicaof(call: Call): void {
  const { args } = call;
  if (args.keyword(1) === 'NO' && args.keyword(2) === 'ONE') {
    call.reply.ok();
    return;
  }
  call.intBetween(2, 0, PORT_MAX, INVALID_PORT);
  throw NO_REPLICAS;
}

function timeoutAt(call: Call, index: number): number {
  const ms = call.int(index, NOT_A_TIMEOUT);
  if (ms < 0) throw NEGATIVE_TIMEOUT;
  return ms;
}

/** No replica can acknowledge anything: wait for the time to pass, as Redis does without replicas. */
function wait(call: Call): void {
  const replicas = call.int(1, NOT_AN_INTEGER);
  const timeoutMs = timeoutAt(call, 2);
  if (replicas <= 0) call.reply.integer(0);
  else call.block({ keys: [], timeoutMs, onTimeout: (reply) => reply.integer(0) });
}

/** Waits until what this client wrote is durable here; replicas as in WAIT. */
function waitaof(call: Call): void {
  const { engine, session } = call;
  const local = call.intBetween(1, 0, 1, NOT_LOCAL);
  const replicas = call.int(2);
  if (replicas < 0) throw NOT_POSITIVE;
  const timeoutMs = timeoutAt(call, 3);
  const log = engine.persistence?.log;
  if (local === 1 && log === undefined) throw NO_LOG;
  const written = session.output?.writeIndex ?? 0;
  const isDurable = (): boolean => log === undefined || log.durableIndex >= written;
  const answer = (reply: Call['reply']): void => {
    reply.array(2);
    reply.integer(log !== undefined && isDurable() ? 1 : 0);
    reply.integer(0);
  };
  if (replicas === 0 && (local === 0 || isDurable())) {
    answer(call.reply);
    return;
  }
  waitFor(call, timeoutMs, answer, (done) => {
    if (local === 1 && log !== undefined) log.sync(() => replicas === 0 && done());
  });
}

/**
 * What a replica tells of itself before PSYNC is taken, as it is where no replica comes of it. ACK and
 * GETACK have no reply, since a replica expects none.
 */
function replconf(call: Call): void {
  const { args, session } = call;
  if (call.count % 2 === 0) throw SYNTAX_ERROR;
  for (let i = 1; i < call.count; i += 2) {
    const option = args.keyword(i);
    if (option === 'ACK' || option === 'GETACK') {
      if (!call.nested && session.replyMode === 'on') session.replyMode = 'skip';
      break;
    }
    if (option === 'LISTENING-PORT' || option === 'RDB-ONLY') call.int(i + 1);
    else if (option === 'RDB-FILTER-ONLY') checkFilter(args.text(i + 1));
    else if (option !== 'IP-ADDRESS' && option !== 'CAPA') {
      throw new ReplyError(`ERR Unrecognized REPLCONF option: ${args.text(i)}`);
    }
  }
  call.reply.ok();
}

function checkFilter(text: string): void {
  const words = text.split(' ').filter((word) => word !== '');
  for (const word of words) {
    if (word !== 'functions') {
      throw new ReplyError(`ERR Unsupported rdb-filter-only option: ${word}`);
    }
  }
}

function psync(): void {
  throw NO_REPLICAS;
}

function failover(call: Call): void {
  if (call.count === 2 && call.args.keyword(1) === 'ABORT') throw NO_FAILOVER;
  throw NO_CONNECTED_REPLICAS;
}

const replicaSpec = {
  arity: 3,
  flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  complexity: 'O(1)',
  syntax: 'host port | NO ONE',
  run: replicaof,
} as const;

const syncSpec = {
  flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
  acl: ['admin', 'dangerous'],
  group: 'server',
  complexity: 'O(1)',
  summary: 'Refused: replication is not part of this version.',
  run: psync,
} as const;

export const replicationCommands: readonly CommandSpec[] = [
  {
    name: 'role',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'],
    acl: ['admin', 'dangerous'],
    group: 'server',
    since: '2.8.12',
    complexity: 'O(1)',
    summary: 'Returns the role in replication: master, without replicas.',
    syntax: '',
    run: role,
  },
  {
    ...replicaSpec,
    name: 'replicaof',
    since: '5.0.0',
    summary: 'NO ONE is accepted; replication is not part of this version.',
  },
  {
    ...replicaSpec,
    name: 'slaveof',
    since: '1.0.0',
    summary: 'Older name of REPLICAOF.',
  },
  { ...syncSpec, name: 'sync', arity: 1, since: '1.0.0', syntax: '' },
  { ...syncSpec, name: 'psync', arity: -3, since: '2.8.0', syntax: 'replicationid offset' },
  {
    ...syncSpec,
    name: 'failover',
    arity: -1,
    flags: ['admin', 'noscript', 'stale'],
    since: '6.2.0',
    summary: 'Refused: there are no replicas.',
    syntax: '[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]',
    run: failover,
  },
  {
    name: 'replconf',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
    acl: ['admin', 'dangerous'],
    group: 'server',
    since: '3.0.0',
    complexity: 'O(1)',
    summary: 'Takes what a replica tells of itself; there are no replicas.',
    syntax: '',
    run: replconf,
  },
  {
    name: 'wait',
    arity: 3,
    flags: ['noscript'],
    acl: ['connection'],
    group: 'generic',
    since: '3.0.0',
    complexity: 'O(1)',
    summary: 'Waits for replicas to acknowledge the writes of the connection.',
    syntax: 'numreplicas timeout',
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    run: wait,
  },
  {
    name: 'waitaof',
    arity: 4,
    flags: ['noscript'],
    acl: ['connection'],
    group: 'generic',
    since: '7.2.0',
    complexity: 'O(1)',
    summary: 'Waits until the writes of the connection are durable.',
    syntax: 'numlocal numreplicas timeout',
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    run: waitaof,
  },
];
