/** HEXPIRE and its kin, HPERSIST: when fields expire. */
import type { Call, EffectArg } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { deleteField, setFieldExpiry } from '../../values/hash/index.ts';
import { type ExpiryUnit, expireAt } from './expire-at.ts';
import { fieldList } from './field-list.ts';
import { fieldAt, fieldsRemoved, fieldTime } from './shared.ts';

/** Answers for one field. */
const NO_FIELD = -2;
const NO_EXPIRY = -1;
const CONDITION_FAILED = 0;
const DONE = 1;
const DELETED = 2;

const COUNT_NOT_POSITIVE = new ReplyError('ERR Parameter `numFields` should be greater than 0');
const CONDITIONS = new Set(['NX', 'XX', 'GT', 'LT']);

/** Whether a field that expires at `old` (0: never) may be given the expiry `at`. */
function allowed(condition: string, old: number, at: number): boolean {
  switch (condition) {
    case 'NX':
      return old === 0;
    case 'XX':
      return old !== 0;
    case 'GT':
      // Never is later than any time.
      return old !== 0 && at > old;
    case 'LT':
      return old === 0 || at < old;
    default:
      return true;
  }
}

function hexpireWith(unit: ExpiryUnit) {
  return (call: Call): void => {
    const record = call.findTypedForWrite(1, Type.hash);
    const at = expireAt(call, 2, unit);
    const keyword = call.args.keyword(3);
    const condition = CONDITIONS.has(keyword) ? keyword : '';
    const first = fieldList(call, condition === '' ? 3 : 4, COUNT_NOT_POSITIVE);
    const expiry = new FieldExpiry(call, record, at);
    call.reply.array(call.count - first);
    for (let i = first; i < call.count; i++) call.reply.integer(expiry.set(i, condition));
    expiry.finish();
  };
}

/** Gives fields of the hash at argument 1 one expiry, or removes them when it is past. */
export class FieldExpiry {
  private readonly call: Call;
  private readonly at: number;
  private readonly past: boolean;
  private record: Address;
  private readonly updated: Buffer[] = [];
  private readonly deleted: Buffer[] = [];

  /** `at`: Unix ms. `record` may be 0. */
  constructor(call: Call, record: Address, at: number) {
    this.call = call;
    this.at = at;
    this.record = record;
    this.past = at <= fieldTime(call);
  }

  /** The field at an argument; returns the answer for it. */
  set(index: number, condition: string): number {
    const { call } = this;
    const { args, db } = call;
    const field = fieldAt(call, this.record, index);
    if (field === undefined) return NO_FIELD;
    if (!allowed(condition, field.expireAt, this.at)) return CONDITION_FAILED;
    const { buf } = args;
    const start = args.start(index);
    const length = args.length(index);
    if (this.past) {
      // The record may have lost its last field by this; it stays until `finish`.
      this.record = deleteField(db, this.record, fieldTime(call), buf, start, length);
      this.deleted.push(args.copy(index));
      return DELETED;
    }
    this.record = setFieldExpiry(db, this.record, buf, start, length, this.at);
    this.updated.push(args.copy(index));
    return DONE;
  }

  /** Logs what was done and tells of it. */
  finish(): void {
    const { call, updated, deleted } = this;
    const key = call.args.copy(1);
    if (updated.length > 0) {
      call.effect('HPEXPIREAT', key, this.at, 'FIELDS', updated.length, ...updated);
      call.changed(1, Notify.hash, 'hexpire');
    }
    if (deleted.length > 0) {
      call.effect('HDEL', key, ...deleted);
      fieldsRemoved(call, call.db, this.record, 'hdel');
    }
  }
}

function hpersist(call: Call): void {
  const record = call.findTypedForWrite(1, Type.hash);
  const first = fieldList(call, 2);
  call.reply.array(call.count - first);
  persistFields(call, record, first, (answer) => call.reply.integer(answer));
}

/** Takes the expiry of the fields from argument `first` on away. */
export function persistFields(
  call: Call,
  record: Address,
  first: number,
  answer: (code: number) => void,
): void {
  const { args, db } = call;
  const persisted: EffectArg[] = [];
  let target = record;
  for (let i = first; i < call.count; i++) {
    const field = fieldAt(call, target, i);
    if (field === undefined) answer(NO_FIELD);
    else if (field.expireAt === 0) answer(NO_EXPIRY);
    else {
      target = setFieldExpiry(db, target, args.buf, args.start(i), args.length(i), 0);
      persisted.push(args.copy(i));
      answer(DONE);
    }
  }
  if (persisted.length === 0) return;
  call.effect('HPERSIST', args.copy(1), 'FIELDS', persisted.length, ...persisted);
  call.changed(1, Notify.hash, 'hpersist');
}

const metadata = {
  arity: -6,
  flags: ['write', 'denyoom', 'fast'],
  keys: keyAt1('RW', 'update'),
  acl: ['hash'],
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N) with N fields given',
} as const;

const SYNTAX_END = '[NX | XX | GT | LT] FIELDS numfields field [field ...]';

export const expireCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'hexpire',
    summary: 'Lets fields of a hash expire after some seconds.',
    syntax: `key seconds ${SYNTAX_END}`,
    run: hexpireWith({ factor: 1000, absolute: false }),
  },
  {
    ...metadata,
    name: 'hpexpire',
    summary: 'Lets fields of a hash expire after some milliseconds.',
    syntax: `key milliseconds ${SYNTAX_END}`,
    run: hexpireWith({ factor: 1, absolute: false }),
  },
  {
    ...metadata,
    name: 'hexpireat',
    summary: 'Lets fields of a hash expire at a time in seconds.',
    syntax: `key unix-time-seconds ${SYNTAX_END}`,
    run: hexpireWith({ factor: 1000, absolute: true }),
  },
  {
    ...metadata,
    name: 'hpexpireat',
    summary: 'Lets fields of a hash expire at a time in milliseconds.',
    syntax: `key unix-time-milliseconds ${SYNTAX_END}`,
    run: hexpireWith({ factor: 1, absolute: true }),
  },
  {
    ...metadata,
    name: 'hpersist',
    arity: -5,
    flags: ['write', 'fast'],
    summary: 'Takes the expiry of fields of a hash away.',
    syntax: 'key FIELDS numfields field [field ...]',
    run: hpersist,
  },
];
