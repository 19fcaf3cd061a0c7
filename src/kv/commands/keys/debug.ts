/**
 * DEBUG: what test suites of Redis clients look at and switch. Subcommands that only make sense inside
 * Redis' own memory are accepted and do nothing.
 */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { NO_SUCH_KEY, ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { matchGlob } from '../../glob.ts';
import { CLOCK_MASK } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { RdbValueWriter } from '../../rdb/index.ts';
import {
  DIGEST_OF_NOTHING,
  digestDatabases,
  digestValue,
  dumpValue,
  encodingOf,
} from '../../values/index.ts';
import { replyHelp } from '../shared/help.ts';
import { PROTOCOL_REPLIES } from './debug-protocol.ts';

const SLEEP_SECONDS_MAX = 3600;
/** Bytes of a payload that are not the value: type, version, checksum. */
const PAYLOAD_FRAME_BYTES = 11;
const NO_PROTOCOL_TYPE = new ReplyError(
  'ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
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
  PROTOCOL: { min: 3, max: 3, run: protocol },
  RELOAD: { min: 2, run: reload },
  LOADAOF: { min: 2, max: 2, run: reload },
  ERROR: { min: 3, max: 3, run: error },
  'STRINGMATCH-LEN': { min: 4, max: 4, run: stringmatchLength },
  HTSTATS: { min: 3, max: 4, run: tableStats },
  LOG: { min: 3, max: 3, run: ok },
  JMAP: { min: 2, max: 2, run: ok },
  'CHANGE-REPL-ID': { min: 2, max: 2, run: ok },
  'QUICKLIST-PACKED-THRESHOLD': { min: 3, max: 3, run: ok },
  'SET-DISABLE-DENY-SCRIPTS': { min: 3, max: 3, run: ok },
  'DICT-RESIZING': { min: 3, max: 3, run: ok },
  'PAUSE-CRON': { min: 3, max: 3, run: ok },
  REPLYBUFFER: { min: 3, run: ok },
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
    throw new ReplyError(
      `ERR unknown subcommand or wrong number of arguments for '${call.args.text(1).slice(0, 128)}'. Try DEBUG HELP.`,
    );
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
  const record = peek(call, 2);
  if (record === 0) throw NO_SUCH_KEY;
  const writer = new RdbValueWriter();
  dumpValue(db, record, writer);
  const bytes = writer.finishDump().length - PAYLOAD_FRAME_BYTES;
  const clock = db.metaOf(record) & CLOCK_MASK;
  const idle = (engine.keyspace.accessClock - clock) & CLOCK_MASK;
  call.reply.simple(
    `Value at:0x${record.toString(16).padStart(8, '0')} refcount:1 encoding:${encodingOf(db, record)} serializedlength:${bytes} lru:${clock} lru_seconds_idle:${idle}`,
  );
}

function listpack(call: Call): void {
  const record = peek(call, 2);
  if (record === 0) throw NO_SUCH_KEY;
  if (!encodingOf(call.db, record).startsWith('listpack')) {
    throw new ReplyError('ERR Not a listpack encoded object.');
  }
  call.reply.simple('The value is packed in its record.');
}

function protocol(call: Call): void {
  const name = call.args.keyword(2);
  const write = Object.hasOwn(PROTOCOL_REPLIES, name) ? PROTOCOL_REPLIES[name] : undefined;
  if (write === undefined) throw NO_PROTOCOL_TYPE;
  write(call.reply);
}

function reload(call: Call): void {
  const options = { save: true, flush: true, merge: false };
  for (let i = 2; i < call.count; i++) {
    const keyword = call.args.keyword(i);
    if (keyword === 'NOSAVE') options.save = false;
    else if (keyword === 'NOFLUSH') options.flush = false;
    else if (keyword === 'MERGE') options.merge = true;
    else throw SYNTAX_ERROR;
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

function tableStats(call: Call): void {
  const db = call.engine.database(call.int(2));
  if (db === undefined) throw new ReplyError('ERR Out of range database');
  const { table, expiries } = db;
  call.reply.verbatim(
    `[Dictionary HT]\n table size: ${table.bucketCount}\n number of elements: ${table.size}\n rehashing: ${table.rehashing ? 'yes' : 'no'}\n[Expires HT]\n number of elements: ${expiries.size}\n`,
  );
}

function help(call: Call): void {
  replyHelp(call, [
    ['DIGEST', 'Digest of all keys and values; equal data have equal digests.'],
    ['DIGEST-VALUE <key> [<key> ...]', 'Digest of the value of each key.'],
    ['ERROR <text>', 'Answers with an error of this text.'],
    ['HTSTATS <db>', 'Figures of the hash table of a database.'],
    ['LISTPACK <key>', 'Says whether a value is packed.'],
    ['OBJECT <key>', 'Where and how a value is kept.'],
    ['PROTOCOL <type>', 'A reply of this type.'],
    ['RELOAD [NOSAVE] [NOFLUSH] [MERGE]', 'Saves all keys, forgets and loads them.'],
    ['LOADAOF', 'Forgets all keys and recovers them from what is on disk.'],
    ['SET-ACTIVE-EXPIRE <0|1>', 'Whether keys expire without being asked for.'],
    ['SLEEP <seconds>', 'Stops the process for a while.'],
    ['STRINGMATCH-LEN <length> <pattern>', 'Matches a pattern against so many zero bytes.'],
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
