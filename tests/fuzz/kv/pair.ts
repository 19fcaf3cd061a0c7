/**
 * Two servers, one sequence: runs a round on both and gives the first difference.
 *
 * Invariants: a round starts on empty databases over new connections; steps of one
 * connection go out in one write, and the other connection waits for their replies, so that
 * both servers see one order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { isAggregate, type Reply, show } from '../../support/resp-reply.ts';
import { sameReply } from './compare.ts';
import { type Context, explainedReplies, explainedStates, partings } from './explained.ts';
import { type Step, throughScript } from './generator.ts';
import { dumpRestore } from './grammar/scripts.ts';
import { brokenScans } from './scans.ts';
import { type KeyState, readState } from './state.ts';

/** A server of the pair; `revive` makes it answer again after it fell or hung. */
export type Side = {
  readonly address: Address;
  /** The end of what the process printed: its own word on why it fell. */
  lastWords(): string;
  revive(): Promise<void>;
};

export type Round = {
  readonly settings: readonly (readonly [string, string])[];
  readonly steps: readonly Step[];
};

export type Difference = {
  /** What would have to stay alike while the sequence is shrunk. */
  readonly signature: string;
  /** Index of the step, or the number of steps for a difference of the final state. */
  readonly index: number;
  readonly left: string;
  readonly right: string;
};

const batchMax = 40;
const batchLimitMs = 30_000;

/** Where explained differences and run commands are counted. */
export type Tally = {
  readonly explained: Map<string, number>;
  readonly commands: Map<string, number>;
  errors: number;
};

type Notes = {
  readonly tally: Tally;
  readonly context: Context;
  /** Set by an explained difference after which the states differ. */
  parted: boolean;
};

function contextOf(round: Round): Context {
  const said = new Set(round.steps.flatMap((step) => step.args.map((arg) => arg.toUpperCase())));
  return {
    restores: said.has(dumpRestore.toUpperCase()),
    sorts: said.has('SORT') || said.has('SORT_RO'),
    storesDistances: said.has('STOREDIST'),
    fails: said.has('FAIL'),
    overflows: said.has('1E400') || said.has('1E-400'),
  };
}

export function newTally(): Tally {
  return { explained: new Map(), commands: new Map(), errors: 0 };
}

/** Runs the round on both servers; undefined when nothing differs that is not explained. */
export async function runRound(
  sides: readonly [Side, Side],
  round: Round,
  tally: Tally = newTally(),
): Promise<Difference | undefined> {
  const [left, right] = sides;
  const [l, r] = await Promise.all([open(left, round), open(right, round)]);
  try {
    const queues: [Queue, Queue] = [[], []];
    const notes: Notes = { tally, context: contextOf(round), parted: false };
    let at = 0;
    while (at < round.steps.length) {
      const batch = nextBatch(round.steps, at);
      const connection = batch[0]?.connection ?? 0;
      const commands = batch.map((step) => step.args);
      const [fromLeft, fromRight] = await Promise.all([
        replies(l[connection], commands),
        replies(r[connection], commands),
      ]);
      const difference =
        fallen(sides, batch, at, [fromLeft, fromRight]) ??
        firstDifference(batch, at, fromLeft.replies, fromRight.replies, queues, notes);
      if (difference !== undefined) {
        if (fromLeft.fault !== undefined) await left.revive();
        if (fromRight.fault !== undefined) await right.revive();
        return difference;
      }
      if (notes.parted) return undefined;
      at += batch.length;
    }
    return await compareStates(sides, round.steps.length, notes);
  } finally {
    for (const client of [...l, ...r]) client.close();
  }
}

async function open(side: Side, round: Round): Promise<readonly [RespClient, RespClient]> {
  const connect = async () => {
    const control = await RespClient.connect(side.address);
    await control.pipeline([['FLUSHALL'], ['FUNCTION', 'FLUSH'], ['SCRIPT', 'FLUSH']]);
    await control.pipeline(round.settings.map((setting) => ['CONFIG', 'SET', ...setting]));
    control.close();
    return [
      await RespClient.connect(side.address),
      await RespClient.connect(side.address, { resp: 3 }),
    ] as const;
  };
  try {
    return await connect();
  } catch {
    await side.revive();
    return connect();
  }
}

function nextBatch(steps: readonly Step[], at: number): readonly Step[] {
  const connection = steps[at]?.connection;
  let end = at;
  while (end - at < batchMax && steps[end]?.connection === connection) end += 1;
  return steps.slice(at, end);
}

type Outcome = { readonly replies: readonly Reply[]; readonly fault?: string };

async function replies(
  client: RespClient,
  commands: readonly (readonly string[])[],
): Promise<Outcome> {
  const got: Reply[] = [];
  const waits = commands.map(() => client.expect().then((reply) => got.push(reply)));
  const timer = new AbortController();
  try {
    client.raw(encodeAll(commands));
    const late = sleep(batchLimitMs, 'no reply in time', { signal: timer.signal });
    const fault = await Promise.race([Promise.all(waits).then(() => undefined), late]);
    return fault === undefined ? { replies: got } : { replies: got, fault };
  } catch (error) {
    return { replies: got, fault: String(error) };
  } finally {
    timer.abort();
    for (const wait of waits) wait.catch(() => {});
  }
}

function encodeAll(commands: readonly (readonly string[])[]): Buffer {
  let text = '';
  for (const args of commands) {
    text += `*${args.length}\r\n`;
    for (const arg of args) text += `$${arg.length}\r\n${arg}\r\n`;
  }
  return Buffer.from(text, 'latin1');
}

/** A server that fell takes the replies of the whole batch along: any of its commands may be the cause. */
function fallen(
  sides: readonly [Side, Side],
  batch: readonly Step[],
  at: number,
  outcomes: readonly [Outcome, Outcome],
): Difference | undefined {
  const [left, right] = outcomes.map(({ fault, replies: got }, side) =>
    fault === undefined
      ? undefined
      : `${fault} after ${got.length} of ${batch.length} replies\n${sides[side]?.lastWords()}`,
  );
  if (left === undefined && right === undefined) return undefined;
  return {
    signature: `fall of ${right === undefined ? 'the reference' : 'Plinth'}`,
    index: at + batch.length - 1,
    left: left ?? 'answered',
    right: right ?? 'answered',
  };
}

/** Commands queued by MULTI, to compare the items of EXEC's reply by. */
type Queue = (readonly string[])[];

function firstDifference(
  batch: readonly Step[],
  at: number,
  left: readonly Reply[],
  right: readonly Reply[],
  queues: [Queue, Queue],
  notes: Notes,
): Difference | undefined {
  for (let offset = 0; offset < batch.length && !notes.parted; offset += 1) {
    const { connection, args } = batch[offset] as Step;
    const a = left[offset] as Reply;
    const b = right[offset] as Reply;
    const command = args[0]?.toUpperCase() ?? '';
    count(notes.tally.commands, command);
    if (a.type === 'error') notes.tally.errors += 1;
    const queue = queues[connection];
    if (queued(a)) queue.push(args);
    const of = command === 'EXEC' && isAggregate(a) ? queue : undefined;
    if (command === 'EXEC' || command === 'DISCARD') queues[connection] = [];
    const differing = of === undefined ? pick(args, a, b, notes) : inExec(of, a, b, notes);
    // One of the transactions will be discarded.
    if (show(a) !== show(b) && (queued(a) || queued(b))) notes.parted = true;
    if (differing === undefined) continue;
    return {
      signature: `reply of ${differing[0]?.toUpperCase()}`,
      index: at + offset,
      left: show(a),
      right: show(b),
    };
  }
  return undefined;
}

const queued = (reply: Reply) => show(reply) === '+QUEUED';

/** The command whose replies differ, or undefined. */
function pick(
  args: readonly string[],
  left: Reply,
  right: Reply,
  notes: Notes,
): readonly string[] | undefined {
  if (sameReply(args, left, right)) {
    const parting = partings.find((each) => each.matches(left));
    if (parting === undefined) return undefined;
    count(notes.tally.explained, parting.reason);
    notes.parted = true;
    return undefined;
  }
  const inner = args[0] === 'EVAL' && args[1] === throughScript ? args.slice(3) : args;
  const row = explainedReplies.find((each) => each.matches(inner, left, right, notes.context));
  if (row === undefined) return args;
  count(notes.tally.explained, row.reason);
  if (row.parts === true) notes.parted = true;
  return undefined;
}

function inExec(
  queue: Queue,
  left: Reply,
  right: Reply,
  notes: Notes,
): readonly string[] | undefined {
  if (!isAggregate(left) || !isAggregate(right)) return pick(['EXEC'], left, right, notes);
  if (left.items.length !== right.items.length) return ['EXEC'];
  for (const [index, args] of queue.entries()) {
    if (notes.parted) break;
    const found = pick(args, left.items[index] as Reply, right.items[index] as Reply, notes);
    if (found !== undefined) return found;
  }
  return undefined;
}

function count(into: Map<string, number>, name: string): void {
  into.set(name, (into.get(name) ?? 0) + 1);
}

async function compareStates(
  sides: readonly [Side, Side],
  index: number,
  notes: Notes,
): Promise<Difference | undefined> {
  const clients = await Promise.all(sides.map((side) => RespClient.connect(side.address)));
  try {
    const [l, r] = clients as [RespClient, RespClient];
    const [left, right] = await Promise.all([readState(l), readState(r)]);
    for (const name of new Set([...left.keys(), ...right.keys()])) {
      const differing = differentPart(notes, left.get(name), right.get(name));
      if (differing !== undefined) {
        return {
          signature: `state: ${differing}`,
          index,
          left: `${name}: ${JSON.stringify(left.get(name))}`,
          right: `${name}: ${JSON.stringify(right.get(name))}`,
        };
      }
    }
    const scans = (await brokenScans(r)) ?? undefined;
    return scans === undefined
      ? undefined
      : { signature: 'incomplete iteration', index, left: 'every element', right: scans };
  } finally {
    for (const client of clients) client.close();
  }
}

function differentPart(notes: Notes, left?: KeyState, right?: KeyState): string | undefined {
  if (left === undefined || right === undefined) return 'existence';
  if (left.type !== right.type) return 'type';
  for (const part of ['value', 'encoding'] as const) {
    if (left[part] === right[part]) continue;
    const row = explainedStates.find(
      (each) => each.part === part && each.matches(left, right, notes.context),
    );
    if (row === undefined) return `${part} of a ${left.type}`;
    count(notes.tally.explained, row.reason);
  }
  const bothEndless = left.ttl < 0 && right.ttl < 0;
  const alike =
    bothEndless || (left.ttl > 0 && right.ttl > 0 && Math.abs(left.ttl - right.ttl) < 60_000);
  return alike ? undefined : 'time to live';
}
