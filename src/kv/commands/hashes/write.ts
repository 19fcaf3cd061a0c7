/** HSET and the other commands that set and remove fields. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { wrongArity } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { deleteField, lengthOf, setField, toLarge, wasLive } from '../../values/hash/index.ts';
import { fieldAt, fieldsRemoved, fieldTime, hashForWrite } from './shared.ts';

/** Sets the pairs from argument 2 on; returns how many fields are new. */
function setPairs(call: Call): number {
  if (call.count % 2 !== 0) throw wrongArity(call.spec.name);
  const { args, db } = call;
  const { buf } = args;
  const limits = call.engine.settings;
  const now = fieldTime(call);
  let record = hashForWrite(call);
  const pairs = (call.count - 2) >>> 1;
  // One command that brings many fields gets a table at once.
  if (pairs > limits.hashMaxListpackEntries && !db.isLarge(record)) {
    record = toLarge(db, record, pairs);
  }
  let added = 0;
  for (let i = 2; i < call.count; i += 2) {
    const start = args.start(i + 1);
    const length = args.length(i + 1);
    record = setField(
      db,
      record,
      limits,
      now,
      buf,
      args.start(i),
      args.length(i),
      buf,
      start,
      length,
    );
    if (!wasLive) added++;
  }
  call.changed(1, Notify.hash, 'hset');
  return added;
}

function hset(call: Call): void {
  call.reply.integer(setPairs(call));
}

function hmset(call: Call): void {
  setPairs(call);
  call.reply.ok();
}

function hsetnx(call: Call): void {
  const { args, db } = call;
  const { buf } = args;
  const found = call.findTypedForWrite(1, Type.hash);
  if (fieldAt(call, found, 2) !== undefined) {
    call.reply.integer(0);
    return;
  }
  const before = found === 0 ? 0 : lengthOf(db, found);
  const record = setField(
    db,
    found === 0 ? hashForWrite(call) : found,
    call.engine.settings,
    fieldTime(call),
    buf,
    args.start(2),
    args.length(2),
    buf,
    args.start(3),
    args.length(3),
  );
  // It took the place of an expired field that a replay would still find.
  if (lengthOf(db, record) === before) {
    call.effect('HSET', args.copy(1), args.copy(2), args.copy(3));
  }
  call.changed(1, Notify.hash, 'hset');
  call.reply.integer(1);
}

function hdel(call: Call): void {
  const { args, db } = call;
  const now = fieldTime(call);
  let record = call.findTypedForWrite(1, Type.hash);
  let removed = 0;
  let changed = false;
  for (let i = 2; record !== 0 && i < call.count; i++) {
    const left = deleteField(db, record, now, args.buf, args.start(i), args.length(i));
    if (left === 0) continue;
    record = left;
    changed = true;
    if (wasLive) removed++;
    if (lengthOf(db, record) === 0) break;
  }
  if (changed) fieldsRemoved(call, db, record, removed > 0 ? 'hdel' : 'hexpired');
  call.reply.integer(removed);
}

const metadata = { acl: ['hash'], group: 'hash', since: '2.0.0' } as const;

export const writeCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'hset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update'),
    complexity: 'O(1) for each pair',
    summary: 'Sets fields of a hash; creates it if it does not exist.',
    syntax: 'key field value [field value ...]',
    run: hset,
  },
  {
    ...metadata,
    name: 'hmset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update'),
    complexity: 'O(N) with N pairs',
    summary: 'Sets fields of a hash; HSET does the same and tells how many were new.',
    syntax: 'key field value [field value ...]',
    run: hmset,
  },
  {
    ...metadata,
    name: 'hsetnx',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'insert'),
    complexity: 'O(1)',
    summary: 'Sets a field of a hash only if it does not exist.',
    syntax: 'key field value',
    run: hsetnx,
  },
  {
    ...metadata,
    name: 'hdel',
    arity: -3,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete'),
    complexity: 'O(N) with N fields given',
    summary: 'Removes fields of a hash; the key goes with the last.',
    syntax: 'key field [field ...]',
    run: hdel,
  },
];
