/**
 * The servers of a differential run: the reference, tuned to answer soon, and Plinth.
 *
 * Promise: a side that fell, or hangs, answers again after `revive`, at an address that may
 * be another, so that the way to its fall can be made short.
 */
import { startPlinth } from '../../support/plinth.ts';
import { startRedis } from '../../support/redis-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import type { Server } from '../../support/server.ts';
import type { Side } from './round.ts';

export type RunningSide = { readonly side: Side; stop(): Promise<void> };

/** redis-server as the reference; `settings` are as on its command line. */
export async function startReference(settings: readonly string[] = []): Promise<RunningSide> {
  const start = () => startRedis(['--hz', '100', '--loglevel', 'warning', ...settings]);
  let server: Server = await start();
  const side: Side = {
    get address() {
      return server;
    },
    lastWords: () => server.output().slice(-4000),
    revive: async () => {
      await server.stop();
      server = await start();
    },
  };
  return { side, stop: () => server.stop() };
}

export type PlinthSide = RunningSide & {
  /** Ends the process in order, and starts it on what it logged; gives the lines of its start. */
  restart(): Promise<string>;
};

/** Plinth as a side. `cold`: its keys leave memory all the time, in flushes that never end. */
export async function startPlinthSide(cold = false): Promise<PlinthSide> {
  const plinth = await startPlinth({ kv: { fsync: 'never', ...(cold && { tier_memory: 1 }) } });
  const side: Side = {
    address: plinth,
    lastWords: () => plinth.output().slice(-4000),
    revive: async () => {
      await plinth.kill9();
      await plinth.restart();
    },
    ...(cold && { disturb: () => forget(plinth) }),
  };
  const restart = async () => {
    await plinth.terminate();
    await plinth.restart();
    return plinth.output();
  };
  return { side, stop: plinth.stop, restart };
}

/** All keys leave memory, or a flush begins and they leave it one by one. */
async function forget(address: Side['address']): Promise<void> {
  // The server may have fallen: who sends it commands sees that.
  const client = await RespClient.connect(address).catch(() => undefined);
  if (client === undefined) return;
  const command = Math.random() < 0.5 ? ['DEBUG', 'RELOAD'] : ['BGSAVE'];
  // An error when a flush is under way.
  await client.send(command).catch(() => undefined);
  client.close();
}
