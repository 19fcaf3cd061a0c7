/** What is measured: doors of S3 with the processes behind them, each in a folder of its own, all ended together. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Child, startChild, waitUntil } from '../../tests/support/process.ts';
import { treeCpuMicros, treeResidentBytes } from '../kv/machine.ts';
import { type Door, DoorClient } from './door-client.ts';
import { benchFolder } from './folders.ts';

export class ServerGroup {
  readonly name: string;
  readonly folder: string;
  private readonly remove: () => void;
  private readonly children: Child[] = [];
  private opened: Door | undefined;

  constructor(name: string) {
    this.name = name;
    const { path, remove } = benchFolder();
    this.folder = path;
    this.remove = remove;
  }

  /** Where clients go to. */
  get door(): Door {
    if (this.opened === undefined) throw new Error(`${this.name} has no door`);
    return this.opened;
  }

  /** Starts one process of it. */
  start(command: readonly string[]): Child {
    const [program = '', ...args] = command;
    const child = startChild(program, args, { cwd: this.folder, env: plainEnv() });
    this.children.push(child);
    return child;
  }

  /** Waits until the door answers. */
  async open(door: Door): Promise<void> {
    await this.until('its door to answer', async () => {
      const client = await DoorClient.connect(door);
      try {
        await client.ask({ method: 'GET', path: '' });
      } finally {
        client.close();
      }
    });
    this.opened = door;
  }

  /** Tries until it does not throw; fails at once when a process has ended. */
  async until(what: string, attempt: () => Promise<void>): Promise<void> {
    let last: unknown;
    const ready = async (): Promise<boolean> => {
      const gone = this.children.find((child) => child.hasExited());
      if (gone !== undefined) throw new Error(`${this.name} did not start: ${gone.output()}`);
      try {
        await attempt();
        return true;
      } catch (error) {
        last = error;
        return false;
      }
    };
    try {
      await waitUntil(`${this.name}: ${what}`, ready, START_MS);
    } catch (error) {
      throw new Error(`${String(error)}: ${String(last)}`);
    }
  }

  /** Of all threads of all processes, user and system, since they began. */
  cpuMicros(): number {
    return this.children.reduce((sum, { pid }) => sum + treeCpuMicros(pid), 0);
  }

  residentBytes(): number {
    return this.children.reduce((sum, { pid }) => sum + treeResidentBytes(pid), 0);
  }

  /** Resident memory of the first process, and the most since it was forgotten. */
  memory(): { readonly residentBytes: number; readonly peakBytes: number } {
    const status = readFileSync(`/proc/${this.children[0]!.pid}/status`, 'utf8');
    const bytes = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
    return { residentBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') };
  }

  /** proc(5): 5 sets the peak to what it is now. */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.children[0]!.pid}/clear_refs`, '5');
  }

  /** Processor time of each process, in the order of their start. */
  eachCpuMicros(): number[] {
    return this.children.map(({ pid }) => treeCpuMicros(pid));
  }

  async client(): Promise<DoorClient> {
    return await DoorClient.connect(this.door);
  }

  async makeBucket(bucket: string): Promise<void> {
    const client = await this.client();
    await client.ask({ method: 'PUT', path: bucket });
    client.close();
  }

  async stop(): Promise<void> {
    // The newest first: whoever has lost those that it stands on may wait for them.
    for (const child of this.children.toReversed()) {
      child.process.kill('SIGTERM');
      await Promise.race([child.exited, end(child)]);
    }
    this.remove();
  }
}

const START_MS = 60_000;
const STOP_MS = 10_000;

async function end(child: Child): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, STOP_MS).unref());
  if (!child.hasExited()) child.process.kill('SIGKILL');
  await child.exited;
}

/** Plinth takes PLINTH_* for settings. */
function plainEnv(): NodeJS.ProcessEnv {
  const rows = Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_'));
  return Object.fromEntries(rows);
}
