/**
 * Two servers, one sequence: runs a round on both and gives the first difference.
 *
 * Invariants: a round starts on empty databases over new connections; steps of one
 * connection go out in one write, and the other connection waits for their replies, so that
 * both servers see one order.
 */
import { firstDifference, type Queue } from './compare-replies.ts';
import { compareStates } from './compare-states.ts';
import { exchange, type Outcome, openRound } from './exchange.ts';
import { contextOf, type Notes, newTally, type Tally } from './notes.ts';
import type { Difference, Round, Side, Step } from './round.ts';

/** Steps that go out in one write, at most. */
const batchMax = 40;

/** Runs the round on both servers; undefined when nothing differs that is not explained. */
export async function runRound(
  sides: readonly [Side, Side],
  round: Round,
  tally: Tally = newTally(),
): Promise<Difference | undefined> {
  const [left, right] = sides;
  const [l, r] = await Promise.all([openRound(left, round), openRound(right, round)]);
  try {
    const queues: [Queue, Queue] = [[], []];
    const notes: Notes = { tally, context: contextOf(round), parted: false };
    let at = 0;
    while (at < round.steps.length) {
      const batch = nextBatch(round.steps, at);
      const connection = batch[0]?.connection ?? 0;
      const commands = batch.map((step) => step.args);
      await Promise.all([left.disturb?.(), right.disturb?.()]);
      const [fromLeft, fromRight] = await Promise.all([
        exchange(l[connection], commands),
        exchange(r[connection], commands),
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

function nextBatch(steps: readonly Step[], at: number): readonly Step[] {
  const connection = steps[at]?.connection;
  let end = at;
  while (end - at < batchMax && steps[end]?.connection === connection) end += 1;
  return steps.slice(at, end);
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
