/**
 * Plinth as a child process, started as its users start it: `plinth up --config <file>`.
 *
 * Promise: free ports of 127.0.0.1, a temporary data folder that outlives restarts, `ready`
 * once PING is answered. `kill9` ends the process without warning; `restart` starts it again
 * on the same folder and port.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Child } from './process.ts';
import { freePort, startChild, temporaryFolder, waitUntil } from './process.ts';
import { pings } from './redis-server.ts';
import type { Server } from './server.ts';

const main = join(dirname(fileURLToPath(import.meta.url)), '../../src/main.ts');

/** Settings of one section; a group of settings is an object of its own. */
type Settings = Readonly<Record<string, Scalar | Readonly<Record<string, Scalar>>>>;
type Scalar = string | number | boolean;

export type PlinthOptions = {
  /** Settings of the section `kv` beyond port and bind. */
  readonly kv?: Settings;
  /** Folder of the data; a temporary one when absent, removed by `stop`. */
  readonly data?: string;
};

export type Plinth = Server & {
  readonly data: string;
  /** The process of now: it changes with every restart. */
  child(): Child;
  /** SIGKILL, and wait for the end. */
  kill9(): Promise<void>;
  /** SIGTERM, and wait for the end; gives the exit code. */
  terminate(): Promise<number | string>;
  /** Starts again on the same folder and port; rejects where the process ends before it is ready. */
  restart(): Promise<void>;
  /** Starts again without waiting; `child` and its output tell what becomes of it. */
  launch(): Child;
};

/** Starts Plinth with a key-value store and waits until it answers. */
export async function startPlinth(options: PlinthOptions = {}): Promise<Plinth> {
  const folder = temporaryFolder('plinth-test');
  const data = options.data ?? join(folder.path, 'data');
  mkdirSync(data, { recursive: true });
  const port = await freePort();
  const config = join(folder.path, 'plinth.yaml');
  const sections = {
    node: { data },
    admin: { port: 0 },
    files: { enabled: false },
    kv: { port, bind: '127.0.0.1', ...options.kv },
  };
  writeFileSync(config, Object.entries(sections).map(yaml).join(''));
  let child = launch(config, folder.path);
  const ready = async () => {
    let answered = false;
    await waitUntil(
      'Plinth to answer PING',
      async () => {
        answered = await pings(port);
        return answered || child.hasExited();
      },
      60_000,
    );
    if (!answered) throw new PlinthDidNotStart(child.output());
  };
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    child.process.kill(signal);
    return child.exited;
  };
  const plinth: Plinth = {
    name: 'plinth',
    host: '127.0.0.1',
    port,
    data,
    get pid() {
      return child.pid;
    },
    output: () => child.output(),
    child: () => child,
    kill9: async () => {
      await end('SIGKILL');
    },
    terminate: () => end('SIGTERM'),
    restart: async () => {
      child = launch(config, folder.path);
      await ready();
    },
    launch: () => {
      child = launch(config, folder.path);
      return child;
    },
    stop: async () => {
      await end('SIGKILL');
      folder.remove();
    },
  };
  try {
    await ready();
  } catch (error) {
    await plinth.stop();
    throw error;
  }
  return plinth;
}

/** The process ended before it was ready; the message is what it printed. */
export class PlinthDidNotStart extends Error {
  override readonly name = 'PlinthDidNotStart';
}

function launch(config: string, cwd: string): Child {
  return startChild(process.execPath, [main, 'up', '--config', config], { cwd, env: plainEnv() });
}

/** Plinth takes PLINTH_* for settings; those of the tests themselves are none. */
function plainEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
  );
}

function yaml([section, settings]: [string, Settings]): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`,
  );
  return `${section}:\n${lines.join('')}`;
}
