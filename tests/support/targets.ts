/**
 * The same test against the reference and against Plinth, so that a difference shows.
 */
import { after, before, describe } from 'node:test';
import { type Peer, requirePeer } from './peers.ts';
import { type PlinthOptions, startPlinth } from './plinth.ts';
import { startRedis } from './redis-server.ts';
import type { Server, ServerName } from './server.ts';

export type TargetOptions = {
  readonly only?: ServerName;
  readonly peers?: readonly Peer[];
  readonly redis?: readonly string[];
  readonly plinth?: PlinthOptions;
};

/**
 * Declares a suite per target. `declare` gets a function that gives the running server; call
 * it inside tests and hooks only, as the server starts before the first of them.
 */
export function onEachTarget(
  title: string,
  options: TargetOptions,
  declare: (server: () => Server, name: ServerName) => void,
): void {
  for (const name of ['redis', 'plinth'] as const) {
    if (options.only !== undefined && options.only !== name) continue;
    const peers = requirePeer(...(options.peers ?? []), ...(name === 'redis' ? needed : []));
    describe(`${title} [${name}]`, peers, () => {
      let server: Server | undefined;
      before(async () => {
        server =
          name === 'redis' ? await startRedis(options.redis) : await startPlinth(options.plinth);
      });
      declare(() => {
        if (server === undefined) throw new Error('the server is not started yet');
        return server;
      }, name);
      // Hooks run in the order of their declaration: clients close before the server ends.
      after(async () => {
        await server?.stop();
      });
    });
  }
}

const needed: readonly Peer[] = ['redis-server'];
