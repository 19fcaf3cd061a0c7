/**
 * Every repair: what is under way and what ended last. Bounded: open work is bounded by the throttle, ended work by a
 * number of entries, of which the oldest go.
 *
 * Also how fast copies are, of which the time to full redundancy is made.
 */
import type { LedgerEntry, LedgerTotals } from './status.ts';
import type { Work, WorkState } from './work.ts';

/** Copies of which the speed is taken. */
const SAMPLES = 64;

export class Ledger {
  private readonly ended: LedgerEntry[] = [];
  private next = 0;
  private readonly entriesMax: number;
  private readonly counts = { copied: 0, copiedBytes: 0, deleted: 0, failed: 0 };
  private readonly samples: LedgerEntry[] = [];

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  end(work: Work, startedMs: number, state: Exclude<WorkState, 'open'>, endedMs: number): void {
    const entry = { ...entryOf(work, startedMs), state, endedMs };
    this.ended[this.next] = entry;
    this.next = (this.next + 1) % this.entriesMax;
    if (state !== 'done') this.counts.failed++;
    else if (work.kind === 'delete') this.counts.deleted++;
    else {
      this.counts.copied++;
      this.counts.copiedBytes += work.length;
      this.samples.push(entry);
      if (this.samples.length > SAMPLES) this.samples.shift();
    }
  }

  totals(open: number): LedgerTotals {
    return { open, ...this.counts };
  }

  /** Ended work, the newest first. */
  newest(count: number): LedgerEntry[] {
    const found: LedgerEntry[] = [];
    for (let back = 1; back <= this.ended.length && found.length < count; back++) {
      found.push(this.ended[(this.next - back + this.ended.length) % this.ended.length]!);
    }
    return found;
  }

  /** How long copies of so many bytes will take at the speed of the last ones; undefined: nothing is known. */
  estimateMs(copies: number, bytes: number): number | undefined {
    if (copies === 0) return 0;
    const { samples } = this;
    const first = samples[0];
    if (first === undefined) return undefined;
    const began = samples.reduce((least, { startedMs }) => Math.min(least, startedMs), Infinity);
    const tookMs = Math.max(1, (samples.at(-1)?.endedMs ?? 0) - began);
    const copied = samples.reduce((sum, entry) => sum + entry.bytes, 0);
    const byCount = (copies * tookMs) / samples.length;
    return Math.round(Math.max(byCount, copied === 0 ? 0 : (bytes * tookMs) / copied));
  }
}

export function entryOf(work: Work, startedMs: number): LedgerEntry {
  const { id, block, stamp, reason, priority } = work;
  const common = { id, block, stamp, reason, priority, state: 'open', startedMs } as const;
  return work.kind === 'copy'
    ? { ...common, kind: 'copy', from: work.from, to: work.to, bytes: work.length }
    : { ...common, kind: 'delete', to: work.node, bytes: 0 };
}
