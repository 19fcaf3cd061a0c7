/**
 * Servers to kill: Plinth with a log so small that segments and checkpoints follow each other,
 * and redis-server with its append-only file, by which the checks themselves are checked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type PlinthOptions, startPlinth } from '../../support/plinth.ts';
import {
  type Child,
  freePort,
  startChild,
  temporaryFolder,
  waitUntil,
} from '../../support/process.ts';
import { pings } from '../../support/redis-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import { textOf } from '../../support/resp-reply.ts';
import type { Crashable } from './kill.ts';

export type Killable = { readonly server: Crashable; stop(): Promise<void> };

/** Uses a server and stops it, whatever comes of it. */
export async function withKillable(
  starting: Promise<Killable>,
  use: (server: Crashable) => Promise<void>,
): Promise<void> {
  const { server, stop } = await starting;
  try {
    await use(server);
  } finally {
    await stop();
  }
}

/** Plinth with the smallest segments, and a flush every few of them; `kv` is what else is set. */
export async function startKillablePlinth(
  fsync: 'always' | 'everysec',
  kv: PlinthOptions['kv'] = {},
): Promise<Killable> {
  const plinth = await startPlinth({
    kv: { fsync, log_segment: 128 * 1024, flush_log: 512 * 1024, ...kv },
  });
  const server: Crashable = {
    address: plinth,
    kill9: plinth.kill9,
    restart: plinth.restart,
    startAndKill: async (afterMs) => {
      plinth.launch();
      await sleep(afterMs);
      await plinth.kill9();
    },
  };
  return { server, stop: plinth.stop };
}

/** redis-server with an append-only file; without one (`'none'`) it forgets all, and must be caught. */
export async function startKillableRedis(
  appendfsync: 'always' | 'everysec' | 'none',
): Promise<Killable> {
  const folder = temporaryFolder('redis-kill');
  const port = await freePort();
  const append =
    appendfsync === 'none'
      ? ['--appendonly', 'no']
      : ['--appendonly', 'yes', '--appendfsync', appendfsync];
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder.path, '--save', ''];
  const launch = () => startChild('redis-server', [...args, ...append]);
  let child: Child = launch();
  const loaded = async () => {
    if (!(await pings(port))) return false;
    const client = await RespClient.connect({ host: '127.0.0.1', port });
    const info = await client.send(['INFO', 'persistence']);
    client.close();
    return textOf(info).includes('loading:0');
  };
  const kill9 = async () => {
    child.process.kill('SIGKILL');
    await child.exited;
  };
  const server: Crashable = {
    address: { host: '127.0.0.1', port },
    kill9,
    restart: async () => {
      child = launch();
      await waitUntil('redis-server to load', loaded);
    },
    startAndKill: async (afterMs) => {
      child = launch();
      await sleep(afterMs);
      await kill9();
    },
  };
  await waitUntil('redis-server', loaded);
  return {
    server,
    stop: async () => {
      await kill9();
      folder.remove();
    },
  };
}
