/** The first difference between the whole states of two servers that is not explained. */
import { RespClient } from '../../support/resp-client.ts';
import { explainedStates } from './explained/index.ts';
import { count, type Notes } from './notes.ts';
import type { Difference, Side } from './round.ts';
import { brokenScans } from './scans.ts';
import { type KeyState, readState } from './state.ts';

/** Times to live that differ by less are the same, milliseconds: commands reach the servers one after the other. */
const TTL_NEAR_MS = 60_000;

/** `index` is where in the round the difference is said to be. */
export async function compareStates(
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
  return sameTtl(left.ttl, right.ttl) ? undefined : 'time to live';
}

function sameTtl(left: number, right: number): boolean {
  if (left < 0 || right < 0) return left < 0 && right < 0;
  return left > 0 && right > 0 && Math.abs(left - right) < TTL_NEAR_MS;
}
