/**
 * Test support: a log on a simulated disk together with an obvious model of what it must hold.
 *
 * The model is the list of payloads appended, and how far the log has said that they are durable. A
 * payload names its index and the life of the process that appended it, so an entry that was lost and
 * comes back under another is noticed.
 */
import assert from 'node:assert/strict';
import {
  createSimClock,
  createSimRandom,
  SimDisk,
  type SimRandom,
} from '../../runtime/sim/index.ts';
import { openLog } from './log.ts';
import { type Log, type LogOptions, logIndex, type SyncPolicy } from './types.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly policy: SyncPolicy;
}

export class LogWorld {
  readonly random: SimRandom;
  readonly clock = createSimClock();
  readonly disk: SimDisk;
  policy: SyncPolicy;
  log: Log | null = null;
  /** Payload of entry n at n - 1. */
  history: string[] = [];
  /** Highest index that was reported durable. */
  promised = 0;
  /** Highest index whose deletion was asked for, exclusive. */
  truncated = 1;
  readonly errors: string[] = [];

  constructor(options: WorldOptions) {
    this.random = createSimRandom(options.seed);
    this.disk = new SimDisk(this.clock, this.random.fork());
    this.policy = options.policy;
  }

  /** Every other life writes on threads only, unless told. */
  async open(extra: Partial<LogOptions> = {}): Promise<Log> {
    const loopWrites = this.random.chance(0.5);
    const log = await this.clock.settle(openLog({ ...this.options(), loopWrites, ...extra }));
    this.log = log;
    return log;
  }

  options(): LogOptions {
    return {
      disk: this.disk,
      clock: this.clock,
      random: this.random,
      folder: '/log',
      nodeId: 'node-a',
      policy: this.policy,
      segmentBytes: 65536,
      onDurable: (index) => {
        if (!this.disk.dead) this.promised = Math.max(this.promised, index);
      },
    };
  }

  /** Appends `count` entries of about `bytes` and flushes. */
  append(count: number, bytes: number): void {
    const log = this.opened();
    if (!log.accepting) return;
    for (let nth = 0; nth < count; nth++) {
      const index = log.lastIndex + 1;
      const text = `${index}/${this.disk.life}/`;
      const payload = text.padEnd(Math.max(text.length, bytes), '.');
      this.history[index - 1] = payload;
      assert.equal(log.append(Buffer.from(payload), this.clock.wallMs()), index);
    }
    const last = log.lastIndex;
    const { policy, life } = { policy: this.policy, life: this.disk.life };
    log.flush((error) => {
      if (error !== null) this.errors.push(error.code);
      else if (policy === 'always' && !this.disk.dead && this.disk.life === life) {
        this.promised = Math.max(this.promised, last);
      }
    });
  }

  /** The disk is well again and the log with it. */
  async heal(): Promise<void> {
    this.disk.heal();
    for (let attempt = 0; this.opened().failure !== null; attempt++) {
      const log = this.opened();
      assert.ok(attempt < 3, `${log.failure?.message}: does not resume`);
      // Not to be made good by the log: its owner restarts, and loses at most what was not promised.
      if (log.failure?.code === 'unsynced-lost') await this.kill();
      else await this.clock.settle(log.tryResume());
    }
  }

  /** Lets the log come to rest: all appended is durable. */
  async settle(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await this.heal();
      const log = this.opened();
      const error = await this.clock.settle(new Promise((done) => log.sync(done)));
      // A fault planned before may still hit what was under way.
      assert.ok(error === null || attempt < 3, String(error));
      if (error !== null) continue;
      this.promised = Math.max(this.promised, log.lastIndex);
      return;
    }
  }

  async close(): Promise<void> {
    await this.settle();
    await this.clock.settle(this.opened().close());
    this.log = null;
  }

  /** Power loss and restart, then everything checked. */
  async losePower(): Promise<void> {
    await this.disk.reboot();
    await this.restart(this.promised);
  }

  /** kill -9 and restart: written data survive as well. */
  async kill(): Promise<void> {
    const written = this.log?.writtenIndex ?? 0;
    await this.disk.killProcess();
    await this.restart(Math.max(this.promised, written));
  }

  /** Opens after a crash. `least`: the entry that must have survived. */
  async restart(least: number): Promise<void> {
    this.clock.forgetAll();
    const log = await this.open();
    assert.ok(log.lastIndex >= least, `entry ${least} was promised, ${log.lastIndex} is the last`);
    assert.ok(log.lastIndex <= this.history.length, 'the log holds more than was appended');
    this.history.length = log.lastIndex;
    this.promised = log.durableIndex;
    this.check();
  }

  /** The log gives exactly what the model holds. */
  check(): void {
    const log = this.opened();
    this.disk.heal();
    assert.ok(log.firstIndex <= this.truncated, 'entries vanished that nobody deleted');
    const read: string[] = [];
    const next = log.readFrom(log.firstIndex, (entry) => {
      assert.equal(entry.index, log.firstIndex + read.length);
      read.push(entry.buffer.toString('latin1', entry.start, entry.end));
    });
    assert.equal(next, Math.max(log.firstIndex, log.writtenIndex + 1));
    assert.deepEqual(read, this.history.slice(log.firstIndex - 1, log.writtenIndex));
  }

  async truncateBefore(index: number): Promise<void> {
    await this.settle();
    const log = this.opened();
    this.truncated = Math.max(this.truncated, Math.min(index, log.durableIndex + 1));
    await this.clock.settle(log.truncateBefore(logIndex(index)));
  }

  usedBytes(): number {
    const names = this.disk.listSync('/log');
    return names.reduce(
      (sum, name) => sum + (this.disk.statSync(`/log/${name}`)?.sizeBytes ?? 0),
      0,
    );
  }

  opened(): Log {
    assert.ok(this.log !== null, 'the log is open');
    return this.log;
  }
}
