/** OBJECT: what Redis' clients ask about how a value is kept. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { lfuCounter } from '../../engine/lfu.ts';
import { ReplyError } from '../../errors.ts';
import { CLOCK_MASK, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { encodingOf } from '../../values/index.ts';
import { replyHelp } from '../shared/help.ts';

/** Reference count that Redis shows for the small integers that it shares. */
const SHARED_REFCOUNT = 2 ** 31 - 1;
const SHARED_DIGITS_MAX = 4;

const IS_LFU = new ReplyError(
  'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
);
const IS_NOT_LFU = new ReplyError(
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
);

/** Replies with what `tell` says of the key at argument 2, null when there is none. */
function about(tell: (call: Call, record: Address) => void) {
  return (call: Call): void => {
    const { args, db } = call;
    const record = db.peek(args.buf, args.start(2), args.length(2));
    if (record === 0) call.reply.null();
    else tell(call, record);
  };
}

function encoding(call: Call, record: Address): void {
  call.reply.bulkText(encodingOf(call.db, record));
}

function refcount(call: Call, record: Address): void {
  const { db, engine } = call;
  const shares =
    engine.settings.maxmemory === 0 || !/l[rf]u$/.test(engine.settings.maxmemoryPolicy);
  const shared =
    shares &&
    db.typeOf(record) === Type.string &&
    db.valueLength(record) <= SHARED_DIGITS_MAX &&
    db.valueBytes(record)[0] !== MINUS &&
    encodingOf(db, record) === 'int';
  call.reply.integer(shared ? SHARED_REFCOUNT : 1);
}

const MINUS = 45;

function idletime(call: Call, record: Address): void {
  const { db, engine } = call;
  if (engine.eviction.isLfu) throw IS_LFU;
  const bits = db.metaOf(record) & CLOCK_MASK;
  call.reply.integer(engine.eviction.idleSeconds(bits));
}

function freq(call: Call, record: Address): void {
  const { db, engine } = call;
  if (!engine.eviction.isLfu) throw IS_NOT_LFU;
  const bits = db.metaOf(record) & CLOCK_MASK;
  call.reply.integer(lfuCounter(bits, call.nowMs, engine.settings));
}

function help(call: Call): void {
  replyHelp(call, [
    ['ENCODING <key>', 'Name of the form in which the value is kept.'],
    ['FREQ <key>', 'How often the key is used, under an LFU policy.'],
    ['IDLETIME <key>', 'Seconds since the key was used.'],
    ['REFCOUNT <key>', 'Number of references to the value.'],
  ]);
}

const subcommand = {
  arity: 3,
  flags: ['readonly'],
  keys: [keyRange({ access: 'RO', begin: 2, last: 0 })],
  acl: ['keyspace'],
  group: 'generic',
  since: '2.2.3',
  complexity: 'O(1)',
  syntax: 'key',
  tips: ['nondeterministic_output'],
} as const;

export const objectCommands: readonly CommandSpec[] = [
  {
    name: 'object',
    arity: -2,
    flags: [],
    acl: [],
    group: 'generic',
    since: '2.2.3',
    complexity: 'Depends on the subcommand.',
    summary: 'Container of commands that look into a value.',
    syntax: '',
    subcommands: [
      {
        ...subcommand,
        name: 'encoding',
        summary: 'Returns the form in which a value is kept.',
        run: about(encoding),
      },
      {
        ...subcommand,
        name: 'freq',
        since: '4.0.0',
        summary: 'Returns the logarithmic access counter of a key.',
        run: about(freq),
      },
      {
        ...subcommand,
        name: 'idletime',
        summary: 'Returns the seconds since a key was last used.',
        run: about(idletime),
      },
      {
        ...subcommand,
        name: 'refcount',
        summary: 'Returns the number of references to a value.',
        run: about(refcount),
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        acl: ['keyspace'],
        group: 'generic',
        since: '6.2.0',
        complexity: 'O(1)',
        summary: 'Lists the subcommands.',
        syntax: '',
        run: help,
      },
    ],
  },
];
