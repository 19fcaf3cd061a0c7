/**
 * DEBUG: what test suites of Redis clients look at and switch. Subcommands that only make sense inside
 * Redis' own memory are accepted and do nothing.
 */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { matchGlob } from '../../glob.ts';
import { CLOCK_MASK } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { RdbValueWriter } from '../../rdb/index.ts';
import { parseMemory } from '../../setting-table/kinds.ts';
import {
  DIGEST_OF_NOTHING,
  digestDatabases,
  digestValue,
  dumpValue,
  encodingOf,
} from '../../values/index.ts';
import { replyHelp, wrongUse } from '../shared/help.ts';
import {
  keyAtTwo,
  keyTableStats,
  listpack,
  populate,
  quicklist,
  tableStats,
} from './debug-data.ts';
import { PROTOCOL_REPLIES } from './debug-protocol.ts';

const SLEEP_SECONDS_MAX = 3600;
/** Bytes of a payload that are not the value: type, version, checksum. */
const PAYLOAD_FRAME_BYTES = 11;
const NO_PROTOCOL_TYPE = new ReplyError(
  'ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
);
const NO_PUSHES = new ReplyError('ERR RESP2 is not supported by this command');
const BAD_RELOAD = new ReplyError(
  'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.',
);
const PACKED_THRESHOLD_MAX = 2 ** 32;
const BAD_THRESHOLD = new ReplyError(
  'ERR argument must be a memory value bigger than 1 and smaller than 4gb',
);
const NO_RELOAD = new ReplyError('ERR there is no persistence to reload from');

interface Subcommand {
  /** Arguments with DEBUG and the name, at least and at most. */
  readonly min: number;
  readonly max?: number;
  readonly run: (call: Call) => void;
}

const ok = (call: Call): void => call.reply.ok();

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  'SET-ACTIVE-EXPIRE': { min: 3, max: 3, run: setActiveExpire },
  DIGEST: { min: 2, max: 2, run: digest },
  'DIGEST-VALUE': { min: 2, run: digestValues },
  SLEEP: { min: 3, max: 3, run: sleep },
  OBJECT: { min: 3, max: 4, run: object },
  LISTPACK: { min: 3, max: 3, run: listpack },
  QUICKLIST: { min: 3, max: 4, run: quicklist },
  POPULATE: { min: 3, max: 5, run: populate },
  PROTOCOL: { min: 3, max: 3, run: protocol },
  RELOAD: { min: 2, run: reload },
  LOADAOF: { min: 2, max: 2, run: reload },
  ERROR: { min: 3, max: 3, run: error },
  'STRINGMATCH-LEN': { min: 4, max: 4, run: stringmatchLength },
  HTSTATS: { min: 3, max: 4, run: tableStats },
  'HTSTATS-KEY': { min: 3, max: 4, run: keyTableStats },
  LOG: { min: 3, max: 3, run: ok },
  JMAP: { min: 2, max: 2, run: ok },
  'CHANGE-REPL-ID': { min: 2, max: 2, run: ok },
  'QUICKLIST-PACKED-THRESHOLD': { min: 3, max: 3, run: packedThreshold },
  'SET-DISABLE-DENY-SCRIPTS': { min: 3, max: 3, run: ok },
  'DICT-RESIZING': { min: 3, max: 3, run: ok },
  'PAUSE-CRON': { min: 3, max: 3, run: ok },
  REPLYBUFFER: { min: 4, max: 4, run: replyBuffer },
  'CLIENT-ENFORCE-REPLY-LIST': { min: 3, max: 3, run: ok },
  'CONFIG-REWRITE-FORCE-ALL': { min: 2, max: 2, run: ok },
  HELP: { min: 2, max: 2, run: help },
};

function debug(call: Call): void {
  const name = call.args.keyword(1);
  const found = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (
    found === undefined ||
    call.count < found.min ||
    call.count > (found.max ?? Number.POSITIVE_INFINITY)
  ) {
    throw wrongUse(call);
  }
  found.run(call);
}

function setActiveExpire(call: Call): void {
  call.engine.activeExpiry.enabled = call.args.text(2) !== '0';
  call.reply.ok();
}

function digest(call: Call): void {
  call.reply.simple(digestDatabases(call.engine.keyspace.databases));
}

function digestValues(call: Call): void {
  call.reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    const record = peek(call, i);
    call.reply.simple(record === 0 ? DIGEST_OF_NOTHING : digestValue(call.db, record));
  }
}

function peek(call: Call, index: number): Address {
  const { args, db } = call;
  return db.peek(args.buf, args.start(index), args.length(index));
}

/** Stops the whole process for a while, which is what it is for. */
function sleep(call: Call): void {
  const seconds = Number.parseFloat(call.args.text(2)) || 0;
  const ms = Math.min(Math.max(seconds, 0), SLEEP_SECONDS_MAX) * 1000;
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  call.reply.ok();
}

function object(call: Call): void {
  const { db, engine } = call;
  const record = keyAtTwo(call);
  const writer = new RdbValueWriter();
  dumpValue(db, record, writer);
  const bytes = writer.finishDump().length - PAYLOAD_FRAME_BYTES;
  const clock = db.metaOf(record) & CLOCK_MASK;
  const idle = engine.eviction.idleSeconds(clock);
  call.reply.simple(
    `Value at:0x${record.toString(16).padStart(8, '0')} refcount:1 encoding:${encodingOf(db, record)} serializedlength:${bytes} lru:${clock} lru_seconds_idle:${idle}`,
  );
}

function protocol(call: Call): void {
  const name = call.args.keyword(2);
  const write = Object.hasOwn(PROTOCOL_REPLIES, name) ? PROTOCOL_REPLIES[name] : undefined;
  if (write === undefined) throw NO_PROTOCOL_TYPE;
  if (name === 'PUSH' && call.reply.protocol === 2) throw NO_PUSHES;
  write(call.reply);
}

function reload(call: Call): void {
  const options = { save: true, flush: true, merge: false };
  for (let i = 2; i < call.count; i++) {
    const keyword = call.args.keyword(i);
    if (keyword === 'NOSAVE') options.save = false;
    else if (keyword === 'NOFLUSH') options.flush = false;
    else if (keyword === 'MERGE') options.merge = true;
    else throw BAD_RELOAD;
  }
  if (call.engine.reload === undefined) throw NO_RELOAD;
  call.engine.reload(options);
  call.reply.ok();
}

function error(call: Call): void {
  throw new ReplyError(call.args.text(2));
}

/** Matches a pattern against so many zero bytes: its time must not explode. */
function stringmatchLength(call: Call): void {
  const length = call.intBetween(2, 0, call.engine.settings.protoMaxBulkLen);
  call.reply.integer(matchGlob(call.args.bytes(3), Buffer.alloc(length)) ? 1 : 0);
}

/** The threshold is checked and has no effect: pieces of lists hold elements of any size. */
function packedThreshold(call: Call): void {
  const bytes = parseMemory(call.args.text(2));
  if (!(bytes <= PACKED_THRESHOLD_MAX)) throw BAD_THRESHOLD;
  call.reply.ok();
}

/** Buffers of replies are shared by all clients: there is nothing to resize. */
function replyBuffer(call: Call): void {
  const word = call.args.keyword(2);
  if (word !== 'PEAK-RESET-TIME' && word !== 'RESIZING') throw wrongUse(call);
  if (word === 'RESIZING' || !/^(?:never|reset)$/i.test(call.args.text(3))) call.int(3);
  call.reply.ok();
}

function help(call: Call): void {
  replyHelp(call, [
    ['CHANGE-REPL-ID', 'Accepted; there is no replication.'],
    ['DIGEST', 'Output a hex signature of all keys and values; equal data have equal ones.'],
    ['DIGEST-VALUE <key> [<key> ...]', 'Output a hex signature of the value of each key.'],
    ['ERROR <string>', 'Return an error with this message, for tests of clients.'],
    ['LOG <message>', 'Accepted; the log of the process has entries of its own.'],
    ['HTSTATS <dbid>', 'Return hash table statistics of a database.'],
    ['HTSTATS-KEY <key>', 'Return hash table statistics of a value.'],
    ['LOADAOF', 'Forget all keys and recover them from what is on disk.'],
    ['OBJECT <key>', 'Show where and how a value is kept.'],
    [
      'POPULATE <count> [<prefix>] [<size>]',
      "Create <count> string keys named <prefix>:<num>, 'key' being the prefix by default.",
      'Values are cut or filled up to <size> bytes.',
    ],
    [
      'PROTOCOL <type>',
      'Reply with a value of this type: string, integer, double, bignum, null, array, set, map,',
      'attrib, push, verbatim, true, false.',
    ],
    [
      'RELOAD [option ...]',
      'Save all keys, forget and load them. Options:',
      '* MERGE: keys that are there give way to those loaded.',
      '* NOFLUSH: keep what is in memory.',
      '* NOSAVE: do not save before.',
    ],
    ['SET-ACTIVE-EXPIRE <0|1>', 'Whether keys expire without being asked for.'],
    ['SLEEP <seconds>', 'Stop the server for <seconds>. Decimals allowed.'],
    ['QUICKLIST-PACKED-THRESHOLD <size>', 'Checked and accepted without effect.'],
    ['LISTPACK <key>', 'Tell whether a value is packed.'],
    ['QUICKLIST <key>', 'Tell whether a value is a chain of packed pieces.'],
    ['REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|time>', 'Accepted without effect.'],
    ['REPLYBUFFER RESIZING <0|1>', 'Accepted without effect.'],
    ['PAUSE-CRON <0|1>', 'Accepted without effect.'],
    ['STRINGMATCH-LEN <length> <pattern>', 'Match a pattern against so many zero bytes.'],
  ]);
}

export const debugCommands: readonly CommandSpec[] = [
  {
    name: 'debug',
    arity: -2,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    acl: ['dangerous'],
    group: 'server',
    since: '1.0.0',
    complexity: 'Depends on the subcommand.',
    summary: 'Container of commands for testing.',
    syntax: 'subcommand [argument ...]',
    run: debug,
  },
];
