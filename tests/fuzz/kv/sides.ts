/**
 * The servers of a differential run: the reference, tuned to answer soon, and Plinth.
 */
import { startPlinth } from '../../support/plinth.ts';
import { startRedis } from '../../support/redis-server.ts';
import type { Server } from '../../support/server.ts';
import type { Side } from './pair.ts';

/** redis-server as the reference. */
export function startReference(): Promise<Server> {
  return startRedis(['--hz', '100', '--loglevel', 'warning']);
}

/** A side that cannot be revived: the reference does not fall. */
export function sideOf(server: Server): Side {
  return {
    address: server,
    revive: async () => {
      throw new Error(`${server.name} fell:\n${server.output().slice(-4000)}`);
    },
  };
}

/** Plinth as a side; a fall is a finding, and the process is started again to shrink it. */
export async function startPlinthSide(): Promise<{ readonly side: Side; stop(): Promise<void> }> {
  const plinth = await startPlinth({ kv: { fsync: 'never' } });
  const side: Side = {
    address: plinth,
    revive: async () => {
      await plinth.kill9();
      await plinth.restart();
    },
  };
  return { side, stop: plinth.stop };
}
