/**
 * The first difference among the replies to a batch that is not explained. The items of EXEC's
 * reply are held against the commands that were queued, each by its own measure.
 */
import { isAggregate, type Reply, show } from '../../support/resp-reply.ts';
import { sameReply } from './compare.ts';
import { explainedReplies, partings } from './explained/index.ts';
import { count, type Notes } from './notes.ts';
import type { Difference, Step } from './round.ts';
import { innerCommand } from './through-script.ts';

/** Commands queued by MULTI, to compare the items of EXEC's reply by. */
export type Queue = (readonly string[])[];

/** `at` is the place of the batch in the round; `queues`, by connection, outlive the batch. */
export function firstDifference(
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
    const differing =
      of === undefined ? unexplained(args, a, b, notes) : unexplainedInExec(of, a, b, notes);
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
function unexplained(
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
  const inner = innerCommand(args);
  const row = explainedReplies.find((each) => each.matches(inner, left, right, notes.context));
  if (row === undefined) return args;
  count(notes.tally.explained, row.reason);
  if (row.parts === true) notes.parted = true;
  return undefined;
}

function unexplainedInExec(
  queue: Queue,
  left: Reply,
  right: Reply,
  notes: Notes,
): readonly string[] | undefined {
  if (!isAggregate(left) || !isAggregate(right)) return unexplained(['EXEC'], left, right, notes);
  if (left.items.length !== right.items.length) return ['EXEC'];
  for (const [index, args] of queue.entries()) {
    if (notes.parted) break;
    const found = unexplained(args, left.items[index] as Reply, right.items[index] as Reply, notes);
    if (found !== undefined) return found;
  }
  return undefined;
}
