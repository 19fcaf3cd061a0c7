/**
 * The balancer as a process of its own, started as its users start it, changed by `PATCH /config`, and looked into.
 *
 * Promise: a temporary folder with its `plinth.yaml`; figures of memory are taken behind a collection, so that
 * what they show beyond the level is held by something.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BalancerStatus } from '../../../src/balancer/admin/balancer-status.ts';
import { type Child, residentBytes, startChild, temporaryFolder, waitUntil } from '../process.ts';
import { Inspector } from './inspector.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

export interface Figures {
  readonly residentBytes: number;
  /** Heap and what it holds outside, behind a collection. */
  readonly heldBytes: number;
  readonly descriptors: number;
  /** What keeps the process alive, by kind: timers, sockets, servers. */
  readonly resources: Readonly<Record<string, number>>;
}

export interface PatchAnswer {
  readonly status: number;
  readonly body: string;
}

export interface BalancerProcess {
  readonly folder: string;
  readonly child: Child;
  readonly pid: number;
  /** A merge patch of the configuration. */
  patch(body: unknown): Promise<PatchAnswer>;
  /** A call of the admin door, with the token. */
  call(method: string, path: string, body?: unknown): Promise<PatchAnswer>;
  status(): Promise<BalancerStatus>;
  descriptors(): number;
  figures(): Promise<Figures>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | string>;
}

/** Starts Plinth with this text for its `balancer` section and no key-value store. */
export async function startBalancer(
  balancer: string,
  flags: readonly string[] = [],
): Promise<BalancerProcess> {
  const { path: folder, remove } = temporaryFolder('plinth-balancer');
  const file = join(folder, 'plinth.yaml');
  writeFileSync(
    file,
    `kv: { enabled: false }\nfiles: { enabled: false }\nadmin: { port: 0 }\nbalancer:\n${balancer}`,
  );
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
  );
  const args = ['--inspect=127.0.0.1:0', ...flags, main, 'up', '--json', '--config', file];
  const child = startChild(process.execPath, args, { cwd: folder, env });
  const announced = (): string | undefined => child.output().match(/^\{"version".*\}$/m)?.[0];
  try {
    await waitUntil('the balancer', () => announced() !== undefined || child.hasExited());
    const line = announced();
    if (line === undefined) throw new Error(`the balancer did not start: ${child.output()}`);
    const { listening } = JSON.parse(line) as { listening: { system: string; port: number }[] };
    const port = listening.find(({ system }) => system === 'admin')?.port as number;
    const inspector = await Inspector.connect(/ws:\/\/\S+/.exec(child.output())?.[0] as string);
    const token = readFileSync(join(folder, 'plinth-data/admin-token'), 'utf8').trim();
    return opened({ folder, child, inspector, door: `http://127.0.0.1:${port}`, token, remove });
  } catch (error) {
    child.process.kill('SIGKILL');
    await child.exited;
    remove();
    throw error;
  }
}

function opened(parts: {
  readonly folder: string;
  readonly child: Child;
  readonly inspector: Inspector;
  readonly door: string;
  readonly token: string;
  remove(): void;
}): BalancerProcess {
  const { folder, child, inspector, door, token, remove } = parts;
  const { pid } = child;
  const call = async (method: string, path: string, body?: unknown): Promise<PatchAnswer> => {
    const type = path === '/config' ? 'application/merge-patch+json' : 'application/json';
    const answer = await fetch(`${door}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.text() };
  };
  const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length;
  return {
    ...{ folder, child, pid, call, descriptors },
    patch: (body) => call('PATCH', '/config', body),
    status: async () =>
      JSON.parse((await call('GET', '/systems/balancer/status')).body) as BalancerStatus,
    figures: async () => {
      const { heldBytes, resources } = await inspector.held();
      return {
        residentBytes: await residentBytes(pid),
        ...{ heldBytes, resources },
        descriptors: descriptors(),
      };
    },
    stop: async () => {
      inspector.close();
      child.process.kill('SIGTERM');
      const late = setTimeout(() => child.process.kill('SIGKILL'), 30_000);
      const code = await child.exited;
      clearTimeout(late);
      remove();
      return code;
    },
  };
}
