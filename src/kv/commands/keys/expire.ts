/** EXPIRE and its kin, PERSIST: when a key goes by itself. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, untilZero } from '../../errors.ts';
import { Notify } from '../../notify.ts';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** The latest time that a double and 64 bits both hold. */
const TIME_MAX = 2 ** 63 - 1024;
const SAFE = Number.MAX_SAFE_INTEGER / 2;

const NX_WITH_OTHERS = new ReplyError(
  'ERR NX and XX, GT or LT options at the same time are not compatible',
);
const GT_WITH_LT = new ReplyError('ERR GT and LT options at the same time are not compatible');

interface Conditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

function readConditions(call: Call): Conditions | undefined {
  if (call.count === 3) return undefined;
  const found: Conditions = { nx: false, xx: false, gt: false, lt: false };
  for (let i = 3; i < call.count; i++) {
    const keyword = call.args.keyword(i);
    if (keyword === 'NX') found.nx = true;
    else if (keyword === 'XX') found.xx = true;
    else if (keyword === 'GT') found.gt = true;
    else if (keyword === 'LT') found.lt = true;
    else throw new ReplyError(`ERR Unsupported option ${untilZero(call.args.text(i))}`);
  }
  if (found.nx && (found.xx || found.gt || found.lt)) throw NX_WITH_OTHERS;
  if (found.gt && found.lt) throw GT_WITH_LT;
  return found;
}

/** Whether the conditions allow a key that expires at `current` (-1: never) to expire at `at`. */
function allows(conditions: Conditions, current: number, at: number): boolean {
  const { nx, xx, gt, lt } = conditions;
  if (nx && current >= 0) return false;
  if (xx && current < 0) return false;
  if (gt && (current < 0 || at <= current)) return false;
  return !(lt && current >= 0 && at >= current);
}

/** The point in time (Unix ms) that argument 2 means, counted from `baseMs`. */
function pointInTime(call: Call, unitMs: number, baseMs: number): number {
  const value = call.int(2);
  if (Math.abs(value) * unitMs < SAFE) return value * unitMs + baseMs;
  const unit = BigInt(unitMs);
  const exact = call.bigInt(2);
  if (exact > INT64_MAX / unit || exact < INT64_MIN / unit) throw invalidTime(call);
  if (exact * unit > INT64_MAX - BigInt(baseMs)) throw invalidTime(call);
  return Math.min(Number(exact * unit + BigInt(baseMs)), TIME_MAX);
}

function invalidTime(call: Call): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${call.spec.name}' command`);
}

function expireWith(unitMs: 1 | 1000, relative: boolean) {
  return (call: Call): void => {
    const { db, reply, engine } = call;
    const conditions = readConditions(call);
    const at = pointInTime(call, unitMs, relative ? call.nowMs : 0);
    const record = call.findForWrite(1);
    if (
      record === 0 ||
      (conditions !== undefined && !allows(conditions, db.expiryOf(record), at))
    ) {
      reply.integer(0);
      return;
    }
    // A replayed effect may be of a time that has passed: what expires is told by effects of its own.
    if (at <= call.nowMs && engine.keyspace.expiresOnLookup) {
      db.remove(record);
      call.changed(1, Notify.generic, 'del');
      call.effect('DEL', call.args.copy(1));
    } else {
      db.setExpiry(record, at);
      call.changed(1, Notify.generic, 'expire');
      call.effect('PEXPIREAT', call.args.copy(1), at);
    }
    reply.integer(1);
  };
}

function persist(call: Call): void {
  const record = call.findForWrite(1);
  const had = record !== 0 && call.db.clearExpiry(record);
  if (had) call.changed(1, Notify.generic, 'persist');
  call.reply.integer(had ? 1 : 0);
}

const metadata = {
  flags: ['write', 'fast'],
  keys: keyAt1('RW', 'update'),
  acl: ['keyspace'],
  group: 'generic',
  complexity: 'O(1)',
} as const;

export const expireCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'expire',
    arity: -3,
    since: '1.0.0',
    summary: 'Lets a key expire after some seconds.',
    syntax: 'key seconds [NX | XX | GT | LT]',
    run: expireWith(1000, true),
  },
  {
    ...metadata,
    name: 'pexpire',
    arity: -3,
    since: '2.6.0',
    summary: 'Lets a key expire after some milliseconds.',
    syntax: 'key milliseconds [NX | XX | GT | LT]',
    run: expireWith(1, true),
  },
  {
    ...metadata,
    name: 'expireat',
    arity: -3,
    since: '1.2.0',
    summary: 'Lets a key expire at a Unix time in seconds.',
    syntax: 'key unix-time-seconds [NX | XX | GT | LT]',
    run: expireWith(1000, false),
  },
  {
    ...metadata,
    name: 'pexpireat',
    arity: -3,
    since: '2.6.0',
    summary: 'Lets a key expire at a Unix time in milliseconds.',
    syntax: 'key unix-time-milliseconds [NX | XX | GT | LT]',
    run: expireWith(1, false),
  },
  {
    ...metadata,
    name: 'persist',
    arity: 2,
    since: '2.2.0',
    summary: 'Takes the expiry of a key away.',
    syntax: 'key',
    run: persist,
  },
];
