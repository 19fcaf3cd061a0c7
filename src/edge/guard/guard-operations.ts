/** What operators can ask of a running guard, one row each. */
import {
  networkProblemTable,
  type Operation,
  type OperationAnswer,
  type OperationRefused,
  parseNetwork,
} from '../../core/base/index.ts';
import type { GuardShown } from './guard-shown.ts';

/** What the operations need. */
export interface GuardDoor {
  shown(): GuardShown;
  /** @param forMs 0: until it is unblocked. @returns false: there are too many. */
  block(network: string, reason: string, forMs: number): boolean;
  /** @returns blocks that this has ended. */
  unblock(network: string): number;
}

const refusals = {
  'bad-body': [400, 'The body is not as it should be.'],
  'too-many': [409, 'Operators block too many networks already.'],
  'not-blocked': [404, 'Nothing of this network is blocked.'],
} as const;

function refuse(problem: keyof typeof refusals, detail: string): OperationRefused {
  const [status, title] = refusals[problem];
  return { ok: false, status, problem, title, detail };
}

export function guardOperations(guard: GuardDoor): readonly Operation[] {
  return [
    {
      method: 'GET',
      path: '/guard',
      about: 'What the guard has learnt, who asks most, who is held back or blocked, and why.',
      needsToken: false,
      run: () => ({ ok: true, body: guard.shown() }),
    },
    {
      method: 'POST',
      path: '/guard/block',
      about: 'Blocks a network, for some seconds or until it is unblocked.',
      needsToken: true,
      run: ({ body }) => block(guard, body),
    },
    {
      method: 'POST',
      path: '/guard/unblock',
      about: 'Ends the blocks of a network, whoever began them.',
      needsToken: true,
      run: ({ body }) => unblock(guard, body),
    },
  ];
}

const SECONDS_MAX = 31_536_000;
const REASON_CHARACTERS_MAX = 200;
const WANTED_BLOCK =
  'wanted { "network": an address or a network, "seconds": a number from 1 to 31536000, "reason": a text }; all but network may be left out';

function block(guard: GuardDoor, body: unknown): OperationAnswer {
  if (!isObject(body)) return refuse('bad-body', WANTED_BLOCK);
  const { network, seconds, reason = 'an operator', ...others } = body;
  const isRight =
    typeof network === 'string' &&
    (seconds === undefined || (typeof seconds === 'number' && isSeconds(seconds))) &&
    typeof reason === 'string' &&
    reason.length <= REASON_CHARACTERS_MAX &&
    Object.keys(others).length === 0;
  if (!isRight) return refuse('bad-body', WANTED_BLOCK);
  const parsed = parseNetwork(network);
  if (parsed.kind === 'problem') return refuse('bad-body', saysOf(network, parsed.problem));
  if (guard.block(network, reason, Math.round((seconds ?? 0) * 1000))) {
    return { ok: true, body: { blocked: network } };
  }
  return refuse('too-many', 'end some of them first');
}

function isSeconds(seconds: number): boolean {
  return seconds >= 1 && seconds <= SECONDS_MAX;
}

const WANTED_UNBLOCK = 'wanted { "network": an address or a network }';

function unblock(guard: GuardDoor, body: unknown): OperationAnswer {
  if (!isObject(body)) return refuse('bad-body', WANTED_UNBLOCK);
  const { network, ...others } = body;
  if (typeof network !== 'string' || Object.keys(others).length > 0) {
    return refuse('bad-body', WANTED_UNBLOCK);
  }
  const parsed = parseNetwork(network);
  if (parsed.kind === 'problem') return refuse('bad-body', saysOf(network, parsed.problem));
  const ended = guard.unblock(network);
  return ended === 0
    ? refuse('not-blocked', `no block of ${network} holds`)
    : { ok: true, body: { unblocked: network, ended } };
}

function saysOf(network: string, problem: keyof typeof networkProblemTable): string {
  return `${JSON.stringify(network)} ${networkProblemTable[problem]}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
