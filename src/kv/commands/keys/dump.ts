/** DUMP and RESTORE: one value as a portable payload. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { LFU_COUNTER_MAX, lfuBits } from '../../engine/lfu.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { CLOCK_MASK } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { DUMP_ERROR_TEXT, RdbValueWriter, readDump } from '../../rdb/index.ts';
import { dumpValue, ValueLoader } from '../../values/index.ts';
import { peekKey } from './shared.ts';

const BUSY_KEY = new ReplyError('BUSYKEY Target key name already exists.');
const BEYOND_TIME = new ReplyError("ERR invalid expire time in 'restore' command");
/** The latest time that a double and 64 bits both hold. */
const TIME_MAX = 2 ** 63 - 1024;
const INVALID_TTL = new ReplyError('ERR Invalid TTL value, must be >= 0');
const INVALID_IDLETIME = new ReplyError('ERR Invalid IDLETIME value, must be >= 0');
const INVALID_FREQ = new ReplyError('ERR Invalid FREQ value, must be >= 0 and <= 255');

function dump(call: Call): void {
  const { db, reply } = call;
  const record = peekKey(call, 1);
  if (record === 0) {
    reply.null();
    return;
  }
  const writer = new RdbValueWriter();
  dumpValue(db, record, writer);
  reply.bulk(writer.finishDump());
}

interface RestoreOptions {
  replace: boolean;
  absolute: boolean;
  /** Seconds since the last use; -1: not told. */
  idleSeconds: number;
  /** LFU counter; -1: not told. */
  frequency: number;
}

function readOptions(call: Call): RestoreOptions {
  const { args } = call;
  const options = { replace: false, absolute: false, idleSeconds: -1, frequency: -1 };
  for (let i = 4; i < call.count; i++) {
    const keyword = args.keyword(i);
    const more = i + 1 < call.count;
    if (keyword === 'REPLACE') options.replace = true;
    else if (keyword === 'ABSTTL') options.absolute = true;
    else if (keyword === 'IDLETIME' && more && options.frequency < 0) {
      options.idleSeconds = call.int(++i);
      if (options.idleSeconds < 0) throw INVALID_IDLETIME;
    } else if (keyword === 'FREQ' && more && options.idleSeconds < 0) {
      options.frequency = call.int(++i);
      if (options.frequency < 0 || options.frequency > LFU_COUNTER_MAX) throw INVALID_FREQ;
    } else throw SYNTAX_ERROR;
  }
  return options;
}

function restore(call: Call): void {
  const { args, db, engine, reply } = call;
  const options = readOptions(call);
  const old = call.findForWrite(1);
  if (old !== 0 && !options.replace) throw BUSY_KEY;
  const ttl = call.int(2);
  if (ttl < 0) throw INVALID_TTL;
  const at = ttl === 0 || options.absolute ? Math.min(ttl, TIME_MAX) : ttl + call.nowMs;
  // Redis lets the sum overflow, and the key is gone at once.
  if (at > TIME_MAX) throw BEYOND_TIME;
  const key = args.copy(1);
  const loader = new ValueLoader(engine, db, key);
  const result = readDump(args.bytes(3), loader, { trackDuplicates: false });
  if (result !== 'ok') {
    loader.drop();
    throw new ReplyError(DUMP_ERROR_TEXT[result]);
  }
  if (old !== 0) db.remove(old);
  if (at !== 0 && at <= call.nowMs && engine.keyspace.expiresOnLookup) {
    loader.drop();
    if (old !== 0) {
      call.changed(1, Notify.generic, 'del');
      call.effect('DEL', key);
    }
    reply.ok();
    return;
  }
  const record = loader.finish();
  noteUse(call, record, options);
  if (at !== 0) db.setExpiry(record, at);
  engine.notify(db, key, 0, key.length, Notify.new, 'new');
  call.changed(1, Notify.generic, 'restore');
  if (at !== 0 && !options.absolute) {
    call.effect('RESTORE', key, at, args.copy(3), ...args.copies(4), 'ABSTTL');
  }
  reply.ok();
}

/** Sets the access clock to what the payload's sender knew, as far as the policy looks at it. */
function noteUse(call: Call, record: Address, options: RestoreOptions): void {
  const { db, engine } = call;
  const { eviction } = engine;
  let clock: number;
  if (eviction.isLfu) {
    if (options.frequency < 0) return;
    clock = lfuBits(call.nowMs, options.frequency);
  } else {
    if (options.idleSeconds < 0) return;
    clock = eviction.idleFor(options.idleSeconds);
  }
  db.setMeta(record, (db.metaOf(record) & ~CLOCK_MASK) | clock);
}

const restoreSpec = {
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: keyAt1('OW', 'update'),
  acl: ['keyspace', 'dangerous'],
  group: 'generic',
  complexity: 'O(N) with N bytes of the value, O(N log N) for sorted sets',
  syntax: 'key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
  run: restore,
} as const satisfies Partial<CommandSpec>;

export const dumpCommands: readonly CommandSpec[] = [
  {
    name: 'dump',
    arity: 2,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    acl: ['keyspace'],
    group: 'generic',
    since: '2.6.0',
    complexity: 'O(N) with N bytes of the value',
    summary: 'Returns the value of a key as a payload that RESTORE reads.',
    syntax: 'key',
    tips: ['nondeterministic_output'],
    run: dump,
  },
  {
    ...restoreSpec,
    name: 'restore',
    since: '2.6.0',
    summary: 'Creates a key from the payload of DUMP.',
  },
  {
    ...restoreSpec,
    name: 'restore-asking',
    flags: ['write', 'denyoom', 'asking'],
    since: '3.0.0',
    summary: 'RESTORE as nodes of a cluster send it when a slot moves.',
  },
];
