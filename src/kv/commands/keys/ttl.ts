/** TTL and its kin: how long a key lives, or until when. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { peekKey } from './shared.ts';

const NO_KEY = -2;
const NO_EXPIRY = -1;
const HALF_SECOND_MS = 500;

function ttlWith(seconds: boolean, absolute: boolean) {
  return (call: Call): void => {
    const record = peekKey(call, 1);
    const at = record === 0 ? NO_KEY : call.db.expiryOf(record);
    if (at < 0) {
      call.reply.integer(record === 0 ? NO_KEY : NO_EXPIRY);
      return;
    }
    const ms = absolute ? at : Math.max(0, at - call.nowMs);
    call.reply.integer(seconds ? Math.floor((ms + HALF_SECOND_MS) / 1000) : ms);
  };
}

const metadata = {
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: keyAt1('RO', 'access'),
  acl: ['keyspace'],
  group: 'generic',
  complexity: 'O(1)',
  syntax: 'key',
} as const;

export const ttlCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'ttl',
    since: '1.0.0',
    summary: 'Returns the seconds until a key expires: -1 for never, -2 for no key.',
    tips: ['nondeterministic_output'],
    run: ttlWith(true, false),
  },
  {
    ...metadata,
    name: 'pttl',
    since: '2.6.0',
    summary: 'Returns the milliseconds until a key expires: -1 for never, -2 for no key.',
    tips: ['nondeterministic_output'],
    run: ttlWith(false, false),
  },
  {
    ...metadata,
    name: 'expiretime',
    since: '7.0.0',
    summary:
      'Returns the Unix time in seconds at which a key expires: -1 for never, -2 for no key.',
    run: ttlWith(true, true),
  },
  {
    ...metadata,
    name: 'pexpiretime',
    since: '7.0.0',
    summary:
      'Returns the Unix time in milliseconds at which a key expires: -1 for never, -2 for no key.',
    run: ttlWith(false, true),
  },
];
