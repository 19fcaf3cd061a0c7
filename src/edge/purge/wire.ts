/**
 * Messages of purges as the bus carries them: what comes is checked here, so that the state machines see nothing but
 * what they know. Grammar: docs/formats/edge-bus.md.
 */
import { type PurgeAsked, type PurgeProblem, purgeProblemTable } from '../../cache/index.ts';
import type { MessageKind } from '../bus/index.ts';
import type {
  OrderedPurge,
  PopReceipt,
  Position,
  PurgeReceipt,
  ToCoordinator,
  ToMember,
} from './messages.ts';

type Body = Readonly<Record<string, unknown>>;
type Reader<M> = (body: Body) => M | undefined;
type Of<M extends { readonly kind: string }, K extends M['kind']> = M & { readonly kind: K };

/** A kind of one of the unions; its body is the message itself. */
function kindOf<M extends object>(name: string, read: Reader<M>): MessageKind<M> {
  return { name: `purge.${name}`, read };
}

type Table<M extends { readonly kind: string }> = {
  readonly [K in M['kind']]: MessageKind<Of<M, K>>;
};

export const toCoordinatorKinds: Table<ToCoordinator> = {
  join: kindOf('join', ({ position }) => {
    if (position === null) return { kind: 'join', position };
    const read = readPosition(position);
    return read && { kind: 'join', position: read };
  }),
  applied: kindOf('applied', ({ sequence }) =>
    isCount(sequence) ? { kind: 'applied', sequence } : undefined,
  ),
  beat: kindOf('beat', ({ n, applied }) =>
    isCount(n) && isCount(applied) ? { kind: 'beat', n, applied } : undefined,
  ),
  ask: kindOf('ask', ({ id, purges, who, by }) => {
    const read = listOf(purges, readPurge);
    return isText(id) && isText(who) && isText(by) && read !== undefined
      ? { kind: 'ask', id, purges: read, who, by }
      : undefined;
  }),
};

export const toMemberKinds: Table<ToMember> = {
  joined: kindOf('joined', ({ reset }) => {
    if (reset === null) return { kind: 'joined', reset };
    const read = readPosition(reset);
    return read && { kind: 'joined', reset: read };
  }),
  entries: kindOf('entries', ({ after, entries }) => {
    const read = listOf(entries, readEntry);
    if (!isCount(after) || read === undefined) return undefined;
    const isInOrder = read.every(({ sequence }, i) => sequence === after + 1 + i);
    return isInOrder ? { kind: 'entries', after, entries: read } : undefined;
  }),
  lease: kindOf('lease', ({ n, leaseMs }) =>
    isCount(n) && isCount(leaseMs) ? { kind: 'lease', n, leaseMs } : undefined,
  ),
  receipt: kindOf('receipt', ({ id, receipt }) => {
    const read = readReceipt(receipt);
    return isText(id) && read !== undefined ? { kind: 'receipt', id, receipt: read } : undefined;
  }),
  refused: kindOf('refused', ({ id, problem, detail }) =>
    isText(id) && isProblem(problem) && isText(detail)
      ? { kind: 'refused', id, problem, detail }
      : undefined,
  ),
};

/** Undefined: it is none. Also for what is read from the log of the coordinator. */
export function readEntry(value: unknown): OrderedPurge | undefined {
  const position = readPosition(value);
  if (position === undefined) return undefined;
  const { id, purges, who, by, leaseMs } = value as Body;
  const read = listOf(purges, readPurge);
  return isText(id) && isText(who) && isText(by) && isCount(leaseMs) && read !== undefined
    ? { ...position, id, purges: read, who, by, leaseMs }
    : undefined;
}

export function readPosition(value: unknown): Position | undefined {
  if (!isObject(value)) return undefined;
  const { epoch, sequence } = value;
  return isText(epoch) && epoch !== '' && isCount(sequence) ? { epoch, sequence } : undefined;
}

const KINDS: readonly PurgeAsked['kind'][] = ['url', 'prefix', 'host', 'tag', 'all'];

function readPurge(value: unknown): PurgeAsked | undefined {
  if (!isObject(value)) return undefined;
  const kind = KINDS.find((each) => each === value.kind);
  const { value: named, soft } = value;
  return kind !== undefined && isText(named) && typeof soft === 'boolean'
    ? { kind, value: named, soft }
    : undefined;
}

function readReceipt(value: unknown): PurgeReceipt | undefined {
  if (!isObject(value)) return undefined;
  const { sequence, epoch, ms } = value;
  const pops = listOf(value.pops, readPopReceipt);
  return isCount(sequence) && isText(epoch) && isTime(ms) && pops !== undefined
    ? { sequence, epoch, ms, pops }
    : undefined;
}

function readPopReceipt(value: unknown): PopReceipt | undefined {
  if (!isObject(value)) return undefined;
  const { pop, state, ms } = value;
  return isText(pop) && (state === 'confirmed' || state === 'cut-off') && isTime(ms)
    ? { pop, state, ms }
    : undefined;
}

/** Undefined: it is no list, or something in it is not as it should be. */
function listOf<T>(value: unknown, read: (one: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const list: T[] = [];
  for (const one of value) {
    const known = read(one);
    if (known === undefined) return undefined;
    list.push(known);
  }
  return list;
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTime(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && value >= 0);
}

function isProblem(value: unknown): value is PurgeProblem {
  return typeof value === 'string' && Object.hasOwn(purgeProblemTable, value);
}
