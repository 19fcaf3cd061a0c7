/**
 * The network on one machine: an origin, PoPs and the ways between them.
 *
 *     start   folder and files ─▶ relays ─▶ origin, filled ─▶ PoPs, until they are ready
 *     stop    every process gets SIGTERM, and SIGKILL after a while; relays last
 *
 * Each PoP is a process of its own with the one file that all share, so that one that is killed is dead.
 */
import { join } from 'node:path';
import type { Logger } from '../../core/observe/index.ts';
import type { Child, Clock, Disk, Network, Random, Spawn } from '../../core/runtime/index.ts';
import { writeFileAtomic } from '../../core/store/index.ts';
import type { EdgeStatus } from '../operations.ts';
import { DatagramRelay } from './datagram-relay.ts';
import { type LabKeys, networkFile, originFile } from './files.ts';
import { fillOrigin } from './origin-content.ts';
import {
  type LabPlan,
  type LabPop,
  type LabRelay,
  type LabWanted,
  labPorts,
  planLab,
  wayTo,
} from './plan.ts';
import { StreamRelay } from './stream-relay.ts';

const READY_MS = 60_000;
const LOOK_MS = 100;
const END_MS = 15_000;
const OUTPUT_KEPT = 64 * 1024;

export interface LabWorld {
  readonly network: Network;
  readonly clock: Clock;
  /** Draws the losses: of the seed. */
  readonly random: Random;
  /** Draws the keys. */
  readonly secrets: Random;
  readonly disk: Disk;
  readonly spawn: Spawn;
  readonly log: Logger;
  /** What starts this program: Node and its first file. */
  readonly program: readonly [string, ...string[]];
  /** Without settings of this program. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One of the lab's processes. */
export interface LabProcess {
  readonly name: string;
  readonly child: Child;
  readonly hasEnded: boolean;
}

/** Something could not be started; the message is a sentence for people. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

interface Running {
  readonly name: string;
  readonly child: Child;
  hasEnded: boolean;
  output: string;
}

export class Lab {
  readonly plan: LabPlan;
  readonly folder: string;
  readonly keys: LabKeys;
  private readonly world: LabWorld;
  private readonly relays: (StreamRelay | DatagramRelay)[] = [];
  private readonly running: Running[] = [];
  private isStopping = false;

  /** @param folder where files and data go. */
  constructor(wanted: LabWanted, folder: string, world: LabWorld) {
    this.plan = planLab(wanted);
    this.folder = folder;
    this.world = world;
    const { secrets } = world;
    const word = (bytes: number): string => secrets.bytes(bytes).toString('hex');
    this.keys = { accessKeyId: 'LAB', secretKey: word(20), admin: word(16), network: word(32) };
  }

  /** The file that all PoPs share. */
  get file(): string {
    return join(this.folder, 'plinth.yaml');
  }

  get processes(): readonly LabProcess[] {
    return this.running;
  }

  /** @throws LabError, ListenError; everything is stopped then. */
  async start(): Promise<void> {
    try {
      this.writeFiles();
      for (const relay of this.plan.relays) await this.open(relay);
      const origin = await this.launch('origin', join(this.folder, 'origin.yaml'), {});
      const s3 = `${this.plan.origin}:${labPorts.s3}`;
      await this.ready(origin, `http://${s3}/`);
      await fillOrigin(s3, this.keys, this.world.clock);
      await Promise.all(
        this.plan.pops.map(async ({ city: { code }, ownAddress }) => {
          const pop = await this.launch(code, this.file, {
            PLINTH_EDGE_POP: code,
            PLINTH_ADMIN_HOST: ownAddress,
            PLINTH_ADMIN_PORT: String(labPorts.admin),
          });
          await this.ready(pop, `http://${ownAddress}:${labPorts.admin}/ready`);
        }),
      );
      for (const pop of this.plan.pops) await this.seesOthers(pop);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.running.map((one) => this.end(one)));
    await Promise.all(this.relays.map((relay) => relay.stop()));
  }

  private writeFiles(): void {
    const { disk } = this.world;
    disk.mkdirSync(this.folder);
    const { plan, keys } = this;
    writeFileAtomic(disk, this.file, Buffer.from(networkFile(plan, keys)));
    writeFileAtomic(disk, join(this.folder, 'origin.yaml'), Buffer.from(originFile(plan, keys)));
  }

  private async open({ protocol, listen, target, city }: LabRelay): Promise<void> {
    const { network, clock, random } = this.world;
    const wayFrom = (address: string) => wayTo(this.plan, address, city);
    const options = { network, clock, random, listen, target, wayFrom };
    const relay = protocol === 'tcp' ? new StreamRelay(options) : new DatagramRelay(options);
    await relay.start();
    this.relays.push(relay);
  }

  private async launch(
    name: string,
    file: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<Running> {
    const { spawn, program, environment, log } = this.world;
    const data = join(this.folder, name);
    let running: Running | undefined;
    const child = await spawn.spawn({
      command: [...program, 'up', '--config', file],
      env: { ...environment, ...settings, PLINTH_NODE_DATA: data },
      workingFolder: this.folder,
      onOutput: (chunk) => {
        if (running !== undefined) {
          running.output = (running.output + chunk.toString('utf8')).slice(-OUTPUT_KEPT);
        }
      },
    });
    running = { name, child, hasEnded: false, output: '' };
    this.running.push(running);
    const started = running;
    void child.exited.then(({ code, signal }) => {
      started.hasEnded = true;
      if (!this.isStopping) log.warn('a process of the lab has ended', { name, code, signal });
    });
    return running;
  }

  /** Waits until an address answers, whatever it says but 503. */
  private async ready(one: Running, url: string): Promise<void> {
    const { clock } = this.world;
    const endMs = clock.monotonicMs() + READY_MS;
    while (clock.monotonicMs() < endMs) {
      if (one.hasEnded) throw new LabError(`${one.name} did not start:\n${one.output}`);
      const status = await statusOf(url);
      if (status !== undefined && status !== 503) return;
      await this.pause(LOOK_MS);
    }
    throw new LabError(`${one.name} was not ready after ${READY_MS / 1000} s:\n${one.output}`);
  }

  /** Waits until a PoP has found all others well, so that what is tried first goes as it should. */
  private async seesOthers({ city: { code }, ownAddress }: LabPop): Promise<void> {
    const { clock } = this.world;
    const endMs = clock.monotonicMs() + READY_MS;
    const url = `http://${ownAddress}:${labPorts.admin}/systems/edge/status`;
    while (clock.monotonicMs() < endMs) {
      const status = (await jsonOf(url)) as EdgeStatus | undefined;
      if (status?.pops.every(({ up }) => up) && status.purges?.inDoubt === false) return;
      await this.pause(LOOK_MS);
    }
    throw new LabError(`${code} does not see the others after ${READY_MS / 1000} s`);
  }

  private async end({ child, hasEnded }: Running): Promise<void> {
    if (hasEnded) return;
    child.kill('SIGTERM');
    const timer = this.world.clock.setTimer(END_MS, () => child.kill('SIGKILL'));
    await child.exited;
    this.world.clock.clearTimer(timer);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.world.clock.setTimer(ms, resolve);
    });
  }
}

/** Undefined: nobody answers, or something else. */
async function jsonOf(url: string): Promise<unknown> {
  try {
    return await (await fetch(url)).json();
  } catch {
    return undefined;
  }
}

/** Undefined: nobody answers. */
async function statusOf(url: string): Promise<number | undefined> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return undefined;
  }
}
