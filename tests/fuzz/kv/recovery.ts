/**
 * What a restart makes of the state: all that was logged must be accepted again, and give it back.
 */
import { RespClient } from '../../support/resp-client.ts';
import type { PlinthSide } from './sides.ts';
import { type KeyState, readState } from './state.ts';

/** Restarts Plinth; tells what is not as it was before, '' for nothing. */
export async function lostByRestart(plinth: PlinthSide): Promise<string> {
  const before = await stateOf(plinth);
  const output = await plinth.restart();
  const after = await stateOf(plinth);
  const refused = output.split('\n').filter((line) => line.includes('effect was refused'));
  const changed = [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [then, now] = [before.get(name), after.get(name)];
    if (shown(then) === shown(now)) return [];
    return [`${name} was ${shown(then)} and is ${shown(now)}`];
  });
  return [...refused, ...changed].join('\n');
}

async function stateOf({ side }: PlinthSide): Promise<ReadonlyMap<string, KeyState>> {
  const client = await RespClient.connect(side.address);
  try {
    return await readState(client);
  } finally {
    client.close();
  }
}

/** Not the encoding: CONFIG SET, which moved the thresholds, is not logged. Times to live pass. */
function shown(state: KeyState | undefined): string {
  if (state === undefined) return 'nothing';
  return `${state.type} ${state.value} ${state.ttl < 0 ? 'for ever' : 'for a while'}`;
}
