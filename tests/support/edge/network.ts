/**
 * A network of points of presence, each a process of its own with the one file that all share.
 *
 * Promise: free ports of 127.0.0.1, a data folder each that outlives restarts; `stop` ends all of them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BalancerStatus } from '../../../src/balancer/index.ts';
import { type Child, freePort, startChild, temporaryFolder, waitUntil } from '../process.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface PopWanted {
  readonly name: string;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly shield?: boolean;
  /** Further settings of it: `drained: true`. */
  readonly more?: string;
}

export interface RunningPop {
  readonly name: string;
  /** For users. */
  readonly http: number;
  readonly https: number;
  readonly tier: number;
  readonly bus: number;
  readonly admin: number;
  readonly folder: string;
  child(): Child;
  kill9(): Promise<void>;
  terminate(): Promise<number | string>;
  /** Starts it again on its folder and ports. */
  restart(): Promise<void>;
}

export interface EdgeNetwork {
  readonly folder: string;
  readonly pops: ReadonlyMap<string, RunningPop>;
  pop(name: string): RunningPop;
  stop(): Promise<void>;
}

export interface NetworkWanted {
  readonly pops: readonly PopWanted[];
  /** Lines of the section `edge` beside PoPs and secret, two blanks before each. */
  readonly edge: string;
  /** Other sections. */
  readonly more?: string;
}

export async function startNetwork({ pops, edge, more = '' }: NetworkWanted): Promise<EdgeNetwork> {
  const folder = temporaryFolder('plinth-edge');
  const ports = new Map<
    string,
    Readonly<Record<'http' | 'https' | 'tier' | 'bus' | 'admin', number>>
  >();
  for (const { name } of pops) {
    const [http, https, tier, bus, admin] = [
      ...[await freePort(), await freePort(), await freePort()],
      ...[await freePort(), await freePort()],
    ] as [number, number, number, number, number];
    ports.set(name, { http, https, tier, bus, admin });
  }
  const file = join(folder.path, 'plinth.yaml');
  const rows = pops.map(({ name, latitude = 0, longitude = 0, shield = false, more: own = '' }) => {
    const { http, https, tier, bus } = ports.get(name)!;
    return `    - { name: ${name}, latitude: ${latitude}, longitude: ${longitude}, shield: ${shield}, http_port: ${http}, https_port: ${https}, tier_port: ${tier}, bus_port: ${bus}${own === '' ? '' : `, ${own}`} }\n`;
  });
  writeFileSync(
    file,
    `kv: { enabled: false }
files: { enabled: false }
edge:
  enabled: true
  secret: a secret of the test network
  pops:
${rows.join('')}${edge}
${more}`,
  );
  const running = new Map<string, RunningPop>();
  const network: EdgeNetwork = {
    folder: folder.path,
    pops: running,
    pop(name) {
      const found = running.get(name);
      if (found === undefined) throw new Error(`there is no PoP ${name}`);
      return found;
    },
    async stop() {
      await Promise.all([...running.values()].map((pop) => pop.kill9()));
      folder.remove();
    },
  };
  try {
    await Promise.all(
      pops.map(async ({ name }) => {
        const pop = startPop(name, join(folder.path, name), file, ports.get(name)!);
        running.set(name, pop);
        await ready(pop);
      }),
    );
    for (const pop of running.values()) await seesOthers(pop);
  } catch (error) {
    await network.stop();
    throw error;
  }
  return network;
}

function startPop(
  name: string,
  folder: string,
  file: string,
  ports: Readonly<Record<'http' | 'https' | 'tier' | 'bus' | 'admin', number>>,
): RunningPop {
  mkdirSync(folder, { recursive: true });
  const launch = (): Child => {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([variable]) => !variable.startsWith('PLINTH_')),
    );
    return startChild(process.execPath, [main, 'up', '--config', file], {
      cwd: folder,
      env: {
        ...env,
        PLINTH_EDGE_POP: name,
        PLINTH_NODE_DATA: join(folder, 'data'),
        PLINTH_ADMIN_PORT: String(ports.admin),
      },
    });
  };
  let child = launch();
  const end = (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string> => {
    child.process.kill(signal);
    return child.exited;
  };
  const pop: RunningPop = {
    name,
    ...ports,
    folder,
    child: () => child,
    kill9: async () => {
      await end('SIGKILL');
    },
    terminate: () => end('SIGTERM'),
    async restart() {
      child = launch();
      await ready(pop);
    },
  };
  return pop;
}

/** It has looked at the PoPs that run, and found them well. */
async function seesOthers(pop: RunningPop): Promise<void> {
  await waitUntil(`the PoP ${pop.name} to see the others`, async () => {
    const answer = await fetch(`http://127.0.0.1:${pop.admin}/systems/balancer/status`);
    const { pools } = (await answer.json()) as BalancerStatus;
    return pools
      .filter(({ name }) => name === 'edge-tier' || name === 'edge-pops')
      .every(({ servers }) =>
        servers.every(({ state, check }) => state === 'up' && check?.state !== 'unknown'),
      );
  });
}

async function ready(pop: RunningPop): Promise<void> {
  await waitUntil(
    `the PoP ${pop.name}`,
    async () => {
      if (pop.child().hasExited()) throw new Error(pop.child().output());
      try {
        return (await fetch(`http://127.0.0.1:${pop.admin}/ready`)).ok;
      } catch {
        return false;
      }
    },
    60_000,
  );
}
