/**
 * ZADD and ZINCRBY.
 *
 * Benchmark: bench/kv (ZADD).
 */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { LargeZset, ZsetAccess } from '../../values/zset/index.ts';
import { zsetFamily } from './common.ts';
import { scoreAt } from './score-args.ts';

/** Options of ZADD. */
export const Add = { nx: 1, xx: 2, gt: 4, lt: 8, ch: 16, incr: 32 } as const;

const OPTIONS: Readonly<Record<string, number>> = {
  NX: Add.nx,
  XX: Add.xx,
  GT: Add.gt,
  LT: Add.lt,
  CH: Add.ch,
  INCR: Add.incr,
};

const NX_AND_XX = new ReplyError('ERR XX and NX options at the same time are not compatible');
const GT_LT_NX = new ReplyError(
  'ERR GT, LT, and/or NX options at the same time are not compatible',
);
const ONE_PAIR = new ReplyError('ERR INCR option supports a single increment-element pair');
const NOT_A_NUMBER = new ReplyError('ERR resulting score is not a number (NaN)');

const access = new ZsetAccess();
/** Scores of the command at hand. */
let scores = new Float64Array(64);

function zadd(call: Call): void {
  let options = 0;
  let from = 2;
  for (; from < call.count; from++) {
    const option = optionAt(call, from);
    if (option === 0) break;
    options |= option;
  }
  addMembers(call, options, from);
}

/** The option bit of an argument, 0 for none. No score begins with the letters that options do. */
function optionAt(call: Call, index: number): number {
  const { args } = call;
  if (args.length(index) === 0 || (args.buf[args.start(index)] as number) < 65) return 0;
  return OPTIONS[args.keyword(index)] ?? 0;
}

function zincrby(call: Call): void {
  addMembers(call, Add.incr, 2);
}

/** Runs ZADD with its options known and its score-member pairs from argument `from` on. */
function addMembers(call: Call, options: number, from: number): void {
  const words = call.count - from;
  if (words === 0 || words % 2 !== 0) throw SYNTAX_ERROR;
  const pairs = words / 2;
  checkOptions(options, pairs);
  if (pairs > scores.length) scores = new Float64Array(pairs * 2);
  for (let i = 0; i < pairs; i++) scores[i] = scoreAt(call, from + i * 2);
  putMembers(call, options, scores, { from: from + 1, step: 2, count: pairs });
  // Room for a huge command is not kept.
  if (scores.length > 65536) scores = new Float64Array(64);
}

function checkOptions(options: number, pairs: number): void {
  if ((options & Add.nx) !== 0 && (options & Add.xx) !== 0) throw NX_AND_XX;
  const exclusive = options & (Add.gt | Add.lt | Add.nx);
  if ((exclusive & (exclusive - 1)) !== 0) throw GT_LT_NX;
  if ((options & Add.incr) !== 0 && pairs > 1) throw ONE_PAIR;
}

/**
 * Adds or updates the members at `members.count` arguments from `members.from` on, `members.step`
 * apart, with their scores, and replies as ZADD does.
 */
export function putMembers(
  call: Call,
  options: number,
  list: Float64Array,
  members: { readonly from: number; readonly step: number; readonly count: number },
): void {
  const { args, db, reply } = call;
  const limits = call.engine.settings;
  const incr = (options & Add.incr) !== 0;
  const record = call.findTypedForWrite(1, Type.zset);
  if (record === 0) {
    if ((options & Add.xx) !== 0) {
      if (incr) reply.null();
      else reply.integer(0);
      return;
    }
    access.open(db, call.create(1, Type.zset, 0));
    if (
      members.count > limits.zsetMaxListpackEntries ||
      args.length(members.from) > limits.zsetMaxListpackValue
    ) {
      access.open(db, db.setLarge(access.record, new LargeZset(call.db.arena, members.count)));
    }
  } else {
    access.open(db, record);
    if (members.count > limits.zsetMaxListpackEntries) access.enlarge(members.count);
  }
  let added = 0;
  let updated = 0;
  let skipped = 0;
  let score = 0;
  for (let i = 0; i < members.count; i++) {
    const index = members.from + i * members.step;
    score = list[i] as number;
    if (!access.find(args.buf, args.start(index), args.length(index))) {
      if ((options & Add.xx) !== 0) skipped++;
      else {
        access.insert(score, limits);
        added++;
      }
      continue;
    }
    const old = access.score;
    if (incr) score += old;
    if (Number.isNaN(score)) throw NOT_A_NUMBER;
    if (!mayReplace(options, old, score)) skipped++;
    else if (score !== old) {
      access.update(score);
      updated++;
    }
  }
  if (added + updated > 0) call.changed(1, Notify.zset, incr ? 'zincr' : 'zadd');
  if (!incr) reply.integer((options & Add.ch) !== 0 ? added + updated : added);
  else if (skipped > 0) reply.null();
  else reply.double(score);
}

function mayReplace(options: number, old: number, score: number): boolean {
  if ((options & (Add.nx | Add.gt | Add.lt)) === 0) return true;
  if ((options & Add.gt) !== 0) return score > old;
  if ((options & Add.lt) !== 0) return score < old;
  return false;
}

export const addCommands: readonly CommandSpec[] = [
  {
    ...zsetFamily,
    name: 'zadd',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update'),
    since: '1.2.0',
    complexity: 'O(log(N)) for each member, N members in the set',
    summary: 'Adds members with scores to a sorted set, or changes their scores.',
    syntax: 'key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]',
    run: zadd,
  },
  {
    ...zsetFamily,
    name: 'zincrby',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update', true),
    since: '1.2.0',
    complexity: 'O(log(N)) with N members in the set',
    summary: 'Adds to the score of a member.',
    syntax: 'key increment member',
    run: zincrby,
  },
];
