/**
 * The two servers, each pinned to SERVER_CORE with the same promise of durability, in a folder of its
 * own. They may be stopped cleanly, killed, and started again on the same data.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Child,
  freePort,
  residentBytes,
  startChild,
  temporaryFolder,
  waitUntil,
} from '../../tests/support/process.ts';
import { RespClient } from '../../tests/support/resp-client.ts';

export const SERVER_CORE = 1;
export const CLIENT_CORE = 0;

/** When a write is safe; `none` keeps nothing at all. */
export type Durability = 'none' | 'everysec' | 'always';
export type PeerName = 'plinth' | 'redis';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_MS_MAX = 180_000;

export class Peer {
  readonly name: PeerName;
  readonly port: number;
  private readonly durability: Durability;
  private readonly folder: { path: string; remove(): void };
  private child: Child | undefined;

  private constructor(name: PeerName, port: number, durability: Durability) {
    this.name = name;
    this.port = port;
    this.durability = durability;
    this.folder = temporaryFolder(`bench-${name}`);
  }

  static async start(name: PeerName, durability: Durability): Promise<Peer> {
    const peer = new Peer(name, await freePort(), durability);
    await peer.launch();
    return peer;
  }

  /** Starts the process; resolves with the milliseconds until it answered PING with PONG. */
  async launch(): Promise<number> {
    const from = performance.now();
    const command = this.name === 'redis' ? this.redisCommand() : this.plinthCommand();
    const child = startChild('taskset', ['-c', String(SERVER_CORE), ...command], {
      cwd: this.folder.path,
    });
    this.child = child;
    await waitUntil(
      `${this.name} to answer`,
      async () => {
        if (child.hasExited()) throw new Error(`${this.name} did not start:\n${child.output()}`);
        return this.answers();
      },
      START_MS_MAX,
    );
    return performance.now() - from;
  }

  private redisCommand(): string[] {
    const always = ['redis-server', '--bind', '127.0.0.1', '--port', String(this.port)];
    const log = ['--save', '', '--dir', this.folder.path, '--loglevel', 'warning'];
    if (this.durability === 'none') return [...always, ...log, '--appendonly', 'no'];
    return [...always, ...log, '--appendonly', 'yes', '--appendfsync', this.durability];
  }

  private plinthCommand(): string[] {
    const data = join(this.folder.path, 'data');
    mkdirSync(data, { recursive: true });
    const settings = [
      `node.data=${data}`,
      `kv.port=${this.port}`,
      'admin.enabled=false',
      'files.enabled=false',
      'log.level=warn',
      `kv.persistence=${this.durability !== 'none'}`,
    ];
    if (this.durability !== 'none') settings.push(`kv.fsync=${this.durability}`);
    return [process.execPath, main, 'up', ...settings.flatMap((setting) => ['--set', setting])];
  }

  private async answers(): Promise<boolean> {
    try {
      const client = await this.connect();
      const reply = await client.send(['PING']);
      client.close();
      return reply.type !== 'error';
    } catch {
      return false;
    }
  }

  connect(): Promise<RespClient> {
    return RespClient.connect({ host: '127.0.0.1', port: this.port });
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  residentBytes(): Promise<number> {
    return residentBytes(this.pid);
  }

  /** Ends the process as its users would (SIGTERM), the data kept. */
  async terminate(): Promise<void> {
    this.child?.process.kill('SIGTERM');
    await this.child?.exited;
  }

  async kill9(): Promise<void> {
    this.child?.process.kill('SIGKILL');
    await this.child?.exited;
  }

  async stop(): Promise<void> {
    await this.kill9();
    this.folder.remove();
  }
}
