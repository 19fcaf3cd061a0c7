/** Plinth as its users start it: one process with everything, or a NameNode without disks and DataNodes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../tests/support/process.ts';
import { ServerGroup } from './servers.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const SECRET = 'bench-secret';

export interface PlinthOptions {
  /** 0: one process, its own disks. */
  readonly dataNodes?: number;
  readonly replication?: number;
  /** Folder for processor profiles, one for each process; empty for none. */
  readonly profile?: string;
  /** Has the WebHDFS door on this port. */
  readonly webHdfsPort?: number;
}

export async function startPlinth(name: string, options: PlinthOptions = {}): Promise<ServerGroup> {
  const { dataNodes = 0, replication = 1, profile = '', webHdfsPort } = options;
  const group = new ServerGroup(name);
  try {
    const port = await freePort();
    const admin = await freePort();
    const control = await freePort();
    start(group, 'name', profile, {
      admin: { port: admin },
      files: {
        replication,
        s3: { port, users: [{ name: 'bench', secret: SECRET, admin: true }] },
        webhdfs: webHdfsPort === undefined ? { enabled: false } : { port: webHdfsPort },
        ...(dataNodes > 0 && { cluster: { listen: `127.0.0.1:${control}`, local: false } }),
      },
    });
    for (let nth = 0; nth < dataNodes; nth++) {
      start(group, `data${nth}`, profile, {
        admin: { enabled: false },
        files: { join: `127.0.0.1:${control}`, rack: `rack${nth % 2}` },
      });
    }
    await group.open({ port, key: { id: 'bench', secret: SECRET } });
    if (dataNodes > 0) {
      await group.until('all DataNodes to join', async () => {
        const live = await liveNodes(admin);
        // The NameNode counts itself.
        if (live < dataNodes + 1) throw new Error(`${live} are there`);
      });
    }
    return group;
  } catch (error) {
    await group.stop();
    throw error;
  }
}

type Settings = Readonly<Record<string, unknown>>;

/** @param sections beyond what every process here has. */
function start(
  group: ServerGroup,
  name: string,
  profile: string,
  { admin, files }: { readonly admin: Settings; readonly files: Settings },
): void {
  const data = join(group.folder, name);
  mkdirSync(data);
  const off = { enabled: false };
  const sections = { node: { data }, log: { level: 'warn' }, admin, files };
  // What is JSON is YAML too.
  const config = join(group.folder, `${name}.yaml`);
  writeFileSync(config, JSON.stringify({ ...sections, kv: off, cache: off, balancer: off }));
  const profiled = profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  group.start([process.execPath, ...profiled, main, 'up', '--json', '--config', config]);
}

async function liveNodes(admin: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${admin}/status`);
  const status = (await answer.json()) as {
    systems: { name: string; facts: { nodesLive?: number } }[];
  };
  return status.systems.find(({ name }) => name === 'files')?.facts.nodesLive ?? 0;
}
