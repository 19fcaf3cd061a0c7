/** HTTL and its kin: how long fields live. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import type { ExpiryUnit } from './expire-at.ts';
import { fieldList } from './field-list.ts';
import { fieldAt } from './shared.ts';

const NO_FIELD = -2;
const NO_EXPIRY = -1;

function httlWith({ factor, absolute }: ExpiryUnit) {
  return (call: Call): void => {
    const record = call.findTyped(1, Type.hash);
    const first = fieldList(call, 2);
    call.reply.array(call.count - first);
    for (let i = first; i < call.count; i++) {
      const field = fieldAt(call, record, i);
      if (field === undefined) call.reply.integer(NO_FIELD);
      else if (field.expireAt === 0) call.reply.integer(NO_EXPIRY);
      else {
        const ms = absolute ? field.expireAt : field.expireAt - call.nowMs;
        call.reply.integer(Math.ceil(ms / factor));
      }
    }
  };
}

const metadata = {
  arity: -5,
  flags: ['readonly', 'fast'],
  keys: keyAt1('RO', 'access'),
  acl: ['hash'],
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N) with N fields given',
  syntax: 'key FIELDS numfields field [field ...]',
} as const;

export const ttlCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'httl',
    summary: 'Returns the seconds that fields of a hash still live.',
    tips: ['nondeterministic_output'],
    run: httlWith({ factor: 1000, absolute: false }),
  },
  {
    ...metadata,
    name: 'hpttl',
    summary: 'Returns the milliseconds that fields of a hash still live.',
    tips: ['nondeterministic_output'],
    run: httlWith({ factor: 1, absolute: false }),
  },
  {
    ...metadata,
    name: 'hexpiretime',
    summary: 'Returns when fields of a hash expire, in seconds.',
    run: httlWith({ factor: 1000, absolute: true }),
  },
  {
    ...metadata,
    name: 'hpexpiretime',
    summary: 'Returns when fields of a hash expire, in milliseconds.',
    run: httlWith({ factor: 1, absolute: true }),
  },
];
