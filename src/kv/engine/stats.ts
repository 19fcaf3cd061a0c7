/** What the store counts, as INFO and the metrics report it. Plain numbers, written on hot paths. */

import { errorCodesMax } from '../limits.ts';

/** How many once-a-tick samples a rate is averaged over. */
const SAMPLES = 16;

export class Stats {
  connections = 0;
  rejectedConnections = 0;
  commands = 0;
  inputBytes = 0;
  outputBytes = 0;
  keyspaceHits = 0;
  keyspaceMisses = 0;
  expiredKeys = 0;
  evictedKeys = 0;
  evictedClients = 0;
  errorReplies = 0;
  /** Error replies by code word (INFO errorstats), at most `errorCodesMax` of them. */
  readonly errors = new Map<string, number>();
  protocolErrors = 0;
  outputLimitDisconnections = 0;
  unexpectedCloses = 0;
  peakMemoryBytes = 0;
  /** Commands a second, averaged over the last samples. */
  readonly commandRate = new Rate();
  readonly inputRate = new Rate();
  readonly outputRate = new Rate();

  /** Counts an error reply by its first word. */
  noteError(message: string): void {
    this.errorReplies++;
    const blank = message.indexOf(' ');
    const code = blank < 0 ? message : message.slice(0, blank);
    const count = this.errors.get(code);
    if (count === undefined && this.errors.size >= errorCodesMax) return;
    this.errors.set(code, (count ?? 0) + 1);
  }

  reset(): void {
    this.connections = 0;
    this.rejectedConnections = 0;
    this.commands = 0;
    this.inputBytes = 0;
    this.outputBytes = 0;
    this.keyspaceHits = 0;
    this.keyspaceMisses = 0;
    this.expiredKeys = 0;
    this.evictedKeys = 0;
    this.evictedClients = 0;
    this.errorReplies = 0;
    this.errors.clear();
    this.protocolErrors = 0;
    this.outputLimitDisconnections = 0;
    this.unexpectedCloses = 0;
    for (const rate of [this.commandRate, this.inputRate, this.outputRate]) rate.reset();
  }
}

/** A counter's growth a second. */
export class Rate {
  private readonly samples = new Float64Array(SAMPLES);
  private index = 0;
  private lastCount = 0;
  private lastMs = 0;

  sample(count: number, nowMs: number): void {
    const elapsed = nowMs - this.lastMs;
    if (elapsed > 0) {
      this.samples[this.index] = (Math.max(0, count - this.lastCount) * 1000) / elapsed;
      this.index = (this.index + 1) % SAMPLES;
    }
    this.lastCount = count;
    this.lastMs = nowMs;
  }

  get perSecond(): number {
    let sum = 0;
    for (const sample of this.samples) sum += sample;
    return sum / SAMPLES;
  }

  reset(): void {
    this.samples.fill(0);
    this.lastCount = 0;
  }
}
