/**
 * Takes what purges have named out of memory although nobody asks for it, a slice at a time.
 *
 *     swept ──a purge──▶ sweeping ──behind the last one──▶ swept, or sweeping again when there were more purges
 *
 * Invariant: a slice looks at `sliceEntries` responses at most, or at fewer of which some have to go, so that nobody
 * waits for it. What is missed because the index changed meanwhile costs memory only: who asks for it is told by the
 * ledger.
 */
import type { PurgeLedger } from './purge-ledger.ts';

export interface Swept {
  readonly key: string;
  readonly tags: readonly number[];
  /** Sequence of purges up to which it has been compared with them. */
  seq: number;
}

export interface SweptStore<E extends Swept> {
  /** All that is stored; it goes on whatever is stored and removed between two steps. */
  entries(): Iterator<E>;
  remove(entry: E): void;
  /** Makes it stale, and notes that it was compared with all purges. */
  invalidate(entry: E): void;
}

/** About 100 µs. */
const SLICE_ENTRIES = 256;
/** To remove one takes as long as to look at so many. */
const REMOVAL_ENTRIES = 8;

export class PurgeSweeper<E extends Swept> {
  private readonly ledger: PurgeLedger;
  private readonly store: SweptStore<E>;
  private readonly sliceEntries: number;
  /** All purges up to this one have been carried out. */
  private sweptSeq = 0;
  private passSeq = 0;
  private pass: Iterator<E> | null = null;

  constructor(ledger: PurgeLedger, store: SweptStore<E>, sliceEntries = SLICE_ENTRIES) {
    this.ledger = ledger;
    this.store = store;
    this.sliceEntries = sliceEntries;
  }

  get isIdle(): boolean {
    return this.pass === null && this.sweptSeq >= this.ledger.seq;
  }

  /** Does one slice; true: there is more to do. */
  step(): boolean {
    if (this.isIdle) return false;
    if (this.pass === null) {
      this.passSeq = this.ledger.seq;
      this.pass = this.store.entries();
    }
    for (let left = this.sliceEntries; left > 0; left--) {
      const next = this.pass.next();
      if (next.done === true) {
        this.pass = null;
        this.sweptSeq = this.passSeq;
        break;
      }
      if (this.look(next.value)) left -= REMOVAL_ENTRIES;
    }
    return !this.isIdle;
  }

  /** Whether something was done about it. */
  private look(entry: E): boolean {
    const { ledger } = this;
    if (entry.seq === ledger.seq) return false;
    const verdict = ledger.verdictOn(entry.key, entry.tags, entry.seq);
    if (verdict === 'hard') this.store.remove(entry);
    else if (verdict === 'soft') this.store.invalidate(entry);
    else entry.seq = ledger.seq;
    return verdict !== undefined;
  }
}
