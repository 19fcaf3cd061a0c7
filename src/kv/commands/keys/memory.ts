/** MEMORY: where the bytes are. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { SYNTAX_ERROR } from '../../errors.ts';
import { weightOf } from '../../session/weight.ts';
import { memoryUsage } from '../../values/index.ts';
import { replyHelp } from '../shared/help.ts';

/** Below this a share of free memory in segments says nothing. */
const SMALL_BYTES = 32 * 1024 * 1024;
const FRAGMENTED = 1.5;
const NEAR_LIMIT = 0.9;

/** Sizes are counted exactly, so SAMPLES is read and not needed. */
function usage(call: Call): void {
  const { args, db, reply } = call;
  for (let i = 3; i < call.count; i++) {
    if (args.keyword(i) !== 'SAMPLES' || i + 1 >= call.count) throw SYNTAX_ERROR;
    if (call.int(++i) < 0) throw SYNTAX_ERROR;
  }
  const record = db.peek(args.buf, args.start(2), args.length(2));
  if (record === 0) reply.null();
  else reply.integer(memoryUsage(db, record));
}

function stats(call: Call): void {
  const { engine, reply } = call;
  const { keyspace, scripting } = engine;
  let clients = 0;
  for (const session of engine.sessions) clients += weightOf(session);
  const used = keyspace.usedBytes;
  const peak = Math.max(engine.stats.peakMemoryBytes, used);
  const { reservedBytes } = keyspace.arena;
  const inUse = keyspace.databases.filter((db) => db.size > 0);
  let overhead = 0;
  for (const db of keyspace.databases) {
    overhead += db.table.bucketBytes + db.expiries.bytes + db.fieldExpiries.bytes;
  }
  const dataset = used - overhead;
  const { keys } = keyspace;
  const heads: [string, number][] = [
    ['peak.allocated', peak],
    ['total.allocated', used],
    ['startup.allocated', 0],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', clients],
    ['cluster.links', 0],
    ['aof.buffer', engine.persistence?.log.pendingBytes ?? 0],
    ['lua.caches', scripting.cache.bytes],
    ['functions.caches', scripting.libraries.bytes],
  ];
  const tails: [string, number][] = [
    ['overhead.total', overhead],
    ['keys.count', keys],
    ['keys.bytes-per-key', keys === 0 ? 0 : Math.floor(used / keys)],
    ['dataset.bytes', dataset],
  ];
  const shares: [string, number][] = [
    ['dataset.percentage', used === 0 ? 0 : (dataset / used) * 100],
    ['peak.percentage', peak === 0 ? 0 : (used / peak) * 100],
  ];
  const allocator: [string, number][] = [
    ['allocator.allocated', keyspace.arena.usedBytes],
    ['allocator.active', reservedBytes],
    ['allocator.resident', reservedBytes],
  ];
  const rss = process.memoryUsage.rss();
  const unusedBytes = reservedBytes - keyspace.arena.usedBytes;
  const ratios: readonly (readonly [string, number, number])[] = [
    [
      'allocator-fragmentation',
      fragmentation(keyspace.arena.usedBytes, reservedBytes),
      unusedBytes,
    ],
    ['allocator-rss', 1, 0],
    ['rss-overhead', fragmentation(reservedBytes, rss), rss - reservedBytes],
    ['fragmentation', fragmentation(used, reservedBytes), unusedBytes],
  ];
  reply.map(
    heads.length +
      inUse.length +
      tails.length +
      shares.length +
      allocator.length +
      ratios.length * 2,
  );
  const integers = (list: readonly [string, number][]): void => {
    for (const [name, value] of list) {
      reply.bulkText(name);
      reply.integer(value);
    }
  };
  integers(heads);
  for (const db of inUse) {
    reply.bulkText(`db.${db.index}`);
    reply.map(3);
    integers([
      ['overhead.hashtable.main', db.table.bucketBytes],
      ['overhead.hashtable.expires', db.expiries.bytes + db.fieldExpiries.bytes],
      ['overhead.hashtable.slot-to-keys', 0],
    ]);
  }
  integers(tails);
  for (const [name, value] of shares) {
    reply.bulkText(name);
    reply.double(value);
  }
  integers(allocator);
  for (const [name, ratio, bytes] of ratios) {
    reply.bulkText(name === 'fragmentation' ? name : `${name}.ratio`);
    reply.double(ratio);
    reply.bulkText(`${name}.bytes`);
    reply.integer(bytes);
  }
}

function fragmentation(usedBytes: number, reservedBytes: number): number {
  return usedBytes === 0 ? 1 : reservedBytes / usedBytes;
}

function doctor(call: Call): void {
  const { engine, reply } = call;
  const { usedBytes, arena, large } = engine.keyspace;
  const { maxmemory } = engine.settings;
  const findings: string[] = [];
  if (usedBytes > SMALL_BYTES && fragmentation(usedBytes, arena.reservedBytes) > FRAGMENTED) {
    findings.push('Much memory is held for values that are gone. It is used again by new ones.');
  }
  if (maxmemory > 0 && usedBytes > maxmemory * NEAR_LIMIT) {
    findings.push('Memory is near maxmemory: raise it, or expect evictions or refused writes.');
  }
  if (large.pending > 0) {
    findings.push('Memory of deleted values is still being given back.');
  }
  reply.verbatim(
    findings.length === 0 ? 'No memory problem was found.' : `${findings.join('\n')}\n`,
  );
}

function mallocStats(call: Call): void {
  const { arena, large } = call.engine.keyspace;
  const segments = arena.bytes.filter((bytes) => bytes.length > 0).length;
  call.reply.verbatim(
    `segments:${segments}\nreserved_bytes:${arena.reservedBytes}\nused_bytes:${arena.usedBytes}\nvalues_being_freed:${large.pending}\n`,
  );
}

/** Empty segments are given back at once as it is; what is being freed is freed now. */
function purge(call: Call): void {
  call.reply.ok();
}

function help(call: Call): void {
  replyHelp(call, [
    ['DOCTOR', 'Looks for memory problems and says what was found.'],
    ['MALLOC-STATS', 'Figures of the allocator.'],
    ['PURGE', 'Asks the allocator to give unused memory back; it always does.'],
    ['STATS', 'Figures of the memory in use.'],
    ['USAGE <key> [SAMPLES <count>]', 'Bytes that a key takes with its value.'],
  ]);
}

const subcommand = {
  arity: 2,
  flags: [],
  acl: [],
  group: 'server',
  since: '4.0.0',
  complexity: 'O(1)',
  syntax: '',
} as const;

export const memoryCommands: readonly CommandSpec[] = [
  {
    name: 'memory',
    arity: -2,
    flags: [],
    acl: [],
    group: 'server',
    since: '4.0.0',
    complexity: 'Depends on the subcommand.',
    summary: 'Container of commands about memory.',
    syntax: '',
    subcommands: [
      {
        ...subcommand,
        name: 'usage',
        arity: -3,
        flags: ['readonly'],
        keys: [keyRange({ access: 'RO', begin: 2, last: 0 })],
        summary: 'Returns the bytes that a key takes with its value.',
        syntax: 'key [SAMPLES count]',
        run: usage,
      },
      {
        ...subcommand,
        name: 'stats',
        summary: 'Returns figures of the memory in use.',
        tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
        run: stats,
      },
      {
        ...subcommand,
        name: 'doctor',
        summary: 'Says which memory problems were found.',
        tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
        run: doctor,
      },
      {
        ...subcommand,
        name: 'malloc-stats',
        summary: 'Returns figures of the allocator.',
        tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
        run: mallocStats,
      },
      {
        ...subcommand,
        name: 'purge',
        summary: 'Gives unused memory back.',
        tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
        run: purge,
      },
      {
        ...subcommand,
        name: 'help',
        flags: ['loading', 'stale'],
        summary: 'Lists the subcommands.',
        run: help,
      },
    ],
  },
];
