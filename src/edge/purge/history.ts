/**
 * The purges that the coordinator has ordered, as far back as it keeps them.
 *
 * Invariants: sequences have no gaps; what is kept is bounded, and the last one is always kept.
 */
import { HISTORY_BYTES_MAX, HISTORY_MAX } from './limits.ts';
import type { OrderedPurge, Position } from './messages.ts';

export interface HistoryLimits {
  readonly purgesMax: number;
  readonly bytesMax: number;
}

const LIMITS: HistoryLimits = { purgesMax: HISTORY_MAX, bytesMax: HISTORY_BYTES_MAX };

interface Kept {
  readonly entry: OrderedPurge;
  readonly bytes: number;
}

export class History {
  private kept: Kept[] = [];
  /** Those before it in `kept` are gone. */
  private from = 0;
  private bytesKept = 0;
  private before: Position;
  private readonly byId = new Map<string, number>();
  private readonly limits: HistoryLimits;

  /**
   * @param entries of the log, in order, without gaps.
   * @param last when there are none: the last sequence that was given nevertheless.
   */
  constructor(entries: readonly OrderedPurge[], limits: HistoryLimits = LIMITS, last = 0) {
    this.limits = limits;
    const [first] = entries;
    // What stood before is not known: nobody is there.
    this.before = { epoch: '', sequence: first === undefined ? last : first.sequence - 1 };
    for (const entry of entries) this.push(entry);
  }

  /** The place behind which all is kept. */
  get base(): Position {
    return this.before;
  }

  get last(): number {
    return this.before.sequence + this.kept.length - this.from;
  }

  get bytes(): number {
    return this.bytesKept;
  }

  /** The longest lease that was given out while these were ordered; 0: none. */
  get leaseMsMax(): number {
    let max = 0;
    for (let i = this.from; i < this.kept.length; i++) {
      max = Math.max(max, (this.kept[i] as Kept).entry.leaseMs);
    }
    return max;
  }

  push(entry: OrderedPurge): void {
    const bytes = sizeOf(entry);
    this.kept.push({ entry, bytes });
    this.bytesKept += bytes;
    if (entry.id !== '') this.byId.set(entry.id, entry.sequence);
  }

  /** Undefined: it is not kept. */
  at(sequence: number): OrderedPurge | undefined {
    return this.find(sequence)?.entry;
  }

  bytesOf(sequence: number): number {
    return this.find(sequence)?.bytes ?? 0;
  }

  sequenceOf(id: string): number | undefined {
    return this.byId.get(id);
  }

  /** The place of a sequence that is kept, or that of the base. */
  positionAt(sequence: number): Position | undefined {
    if (sequence === this.before.sequence) return this.before;
    const entry = this.at(sequence);
    return entry && { epoch: entry.epoch, sequence };
  }

  /** Whether all that follows on a place is kept. */
  holds({ epoch, sequence }: Position): boolean {
    return epoch !== '' && this.positionAt(sequence)?.epoch === epoch;
  }

  /** The next ones behind `sequence`, up to `last`, of about `bytesMax` together, one at least. */
  after(sequence: number, last: number, bytesMax: number): OrderedPurge[] {
    const entries: OrderedPurge[] = [];
    let bytes = 0;
    for (let at = sequence + 1; at <= last; at++) {
      const kept = this.find(at);
      if (kept === undefined) break;
      bytes += kept.bytes;
      if (entries.length > 0 && bytes > bytesMax) break;
      entries.push(kept.entry);
    }
    return entries;
  }

  /**
   * Forgets what is too much. @param upTo later ones are needed.
   * @returns the first that is kept, if something was forgotten.
   */
  cut(upTo: number): number | undefined {
    const { purgesMax, bytesMax } = this.limits;
    const first = this.before.sequence;
    while (
      this.before.sequence < upTo &&
      this.kept.length - this.from > 1 &&
      (this.kept.length - this.from > purgesMax || this.bytesKept > bytesMax)
    ) {
      const { entry, bytes } = this.kept[this.from++] as Kept;
      this.bytesKept -= bytes;
      this.before = { epoch: entry.epoch, sequence: entry.sequence };
      if (this.byId.get(entry.id) === entry.sequence) this.byId.delete(entry.id);
    }
    if (this.from * 2 > this.kept.length) {
      this.kept = this.kept.slice(this.from);
      this.from = 0;
    }
    return first === this.before.sequence ? undefined : this.before.sequence + 1;
  }

  private find(sequence: number): Kept | undefined {
    return sequence <= this.before.sequence
      ? undefined
      : this.kept[this.from + sequence - this.before.sequence - 1];
  }
}

/** About the bytes of an entry as JSON. */
export function sizeOf({ id, purges, who, by }: Omit<OrderedPurge, keyof Position>): number {
  let bytes = 160 + id.length + who.length + by.length;
  // A letter that has to be escaped takes six.
  for (const { value } of purges) bytes += 48 + JSON.stringify(value).length;
  return bytes;
}
