/**
 * Plinth on SERVER_CORE with or without a memory limit, in a folder of its own. It may be killed and started
 * again on the same data.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, freePort, startChild } from '../../tests/support/process.ts';
import { RespClient } from '../../tests/support/resp-client.ts';
import { type Figures, readFigures, TIER_MEMORY } from '../../tests/support/tier.ts';
import { cpuMicros } from '../kv/machine.ts';
import { SERVER_CORE } from '../kv/peers.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_MS_MAX = 180_000;
/** Between two tries to reach a server that starts. */
const TRY_MS = 2;
const SETTLE_MS_MAX = 120_000;
const SETTLE_STEP_MS = 500;
/** Share of a processor below which a server does nothing but tell the time. */
const IDLE_SHARE = 0.03;

export interface TierServerOptions {
  readonly name: string;
  /** Memory for hot keys, bytes; undefined for everything in memory. */
  readonly limitBytes: number | undefined;
  readonly fsync: 'always' | 'everysec';
}

export class TierServer {
  readonly name: string;
  readonly port: number;
  private readonly options: TierServerOptions;
  private readonly folder: string;
  private child: Child | undefined;
  private spawnedAt = 0;

  private constructor(port: number, options: TierServerOptions) {
    this.name = options.name;
    this.port = port;
    this.options = options;
    // Beside the sources: /tmp may be memory.
    this.folder = mkdtempSync(join(process.cwd(), '.bench-tier-'));
  }

  static async start(options: TierServerOptions): Promise<TierServer> {
    const server = new TierServer(await freePort(), options);
    try {
      await server.launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Starts the process; gives the milliseconds until it answered PING with PONG. */
  async launch(): Promise<number> {
    const data = join(this.folder, 'data');
    mkdirSync(data, { recursive: true });
    const { limitBytes, fsync } = this.options;
    const settings = [
      ...[`node.data=${data}`, `kv.port=${this.port}`, 'files.enabled=false', `kv.fsync=${fsync}`],
      ...['admin.enabled=false', 'log.level=warn', 'kv.persistence=true'],
      ...(limitBytes === undefined ? [] : [`kv.${TIER_MEMORY}=${limitBytes}`]),
    ].flatMap((setting) => ['--set', setting]);
    this.spawnedAt = performance.now();
    this.child = startChild(
      'taskset',
      ['-c', String(SERVER_CORE), process.execPath, main, 'up', ...settings],
      { cwd: this.folder },
    );
    return this.untilAnswered(['PING'], 'PONG');
  }

  /** Asks until the reply is the wanted one; gives the milliseconds since the process was started. */
  async untilAnswered(command: readonly string[], wanted: string): Promise<number> {
    let last = 'no connection';
    for (;;) {
      try {
        const client = await this.connect();
        const reply = await client.send(command);
        client.close();
        const elapsedMs = performance.now() - this.spawnedAt;
        last = 'text' in reply ? reply.text : reply.type;
        if (last === wanted) return elapsedMs;
      } catch {
        // It does not listen yet.
      }
      if (this.child?.hasExited() === true) {
        throw new Error(`${this.name} did not start:\n${this.child.output()}`);
      }
      if (performance.now() - this.spawnedAt > START_MS_MAX) {
        throw new Error(`${this.name}: ${command.join(' ')} gave ${last.slice(0, 200)} to the end`);
      }
      await sleep(TRY_MS);
    }
  }

  connect(): Promise<RespClient> {
    return RespClient.connect({ host: '127.0.0.1', port: this.port });
  }

  async figures(): Promise<Figures> {
    const client = await this.connect();
    try {
      return await readFigures(client);
    } finally {
      client.close();
    }
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  /** Processor time so far, microseconds, all threads. */
  cpuMicros(): number {
    return cpuMicros(this.pid);
  }

  /** Resident memory now and the most there was since the start or `forgetPeak`, bytes. */
  residentBytes(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
    return { now: field('VmRSS'), peak: field('VmHWM') };
  }

  /** Begins the peak of resident memory anew; proc(5), clear_refs. */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  /** Waits until work in the background is done, at most two minutes. */
  async settle(): Promise<void> {
    const end = performance.now() + SETTLE_MS_MAX;
    while (performance.now() < end) {
      const before = this.cpuMicros();
      await sleep(SETTLE_STEP_MS);
      if (this.cpuMicros() - before <= SETTLE_STEP_MS * 1000 * IDLE_SHARE) return;
    }
  }

  async kill9(): Promise<void> {
    this.child?.process.kill('SIGKILL');
    await this.child?.exited;
  }

  async stop(): Promise<void> {
    await this.kill9();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
