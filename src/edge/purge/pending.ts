/** Purges that are ordered and have no receipt yet: when they were told, who has confirmed, who waits. */
import type { OrderedPurge } from './messages.ts';

/** Shields, which fetch from origins, are 0; PoPs that fetch from them are 1. */
export type Tier = 0 | 1;

export interface Pending {
  readonly entry: OrderedPurge;
  readonly bytes: number;
  readonly acceptedMs: number;
  /** By tier, when it could first be sent; NaN before. */
  readonly toldMs: [number, number];
  /** By name of the PoP. */
  readonly confirmedMs: Map<string, number>;
  /** Links on which somebody waits for the receipt. */
  readonly waiters: Set<number>;
}

export class PendingPurges {
  private list: Pending[] = [];
  /** Those before it in `list` are over. */
  private from = 0;
  /** Of the first one. */
  private first: number;
  private bytesAll = 0;

  /** @param settled the last sequence that is over. */
  constructor(settled: number) {
    this.first = settled + 1;
  }

  get settled(): number {
    return this.first - 1;
  }

  get count(): number {
    return this.list.length - this.from;
  }

  get bytes(): number {
    return this.bytesAll;
  }

  push(entry: OrderedPurge, bytes: number, nowMs: number): Pending {
    const pending: Pending = {
      ...{ entry, bytes, acceptedMs: nowMs, toldMs: [Number.NaN, Number.NaN] },
      ...{ confirmedMs: new Map(), waiters: new Set() },
    };
    this.list.push(pending);
    this.bytesAll += bytes;
    return pending;
  }

  at(sequence: number): Pending | undefined {
    return sequence < this.first ? undefined : this.list[this.from + sequence - this.first];
  }

  /** Nobody waits there any more. */
  forgetLink(link: number): void {
    for (let i = this.from; i < this.list.length; i++)
      (this.list[i] as Pending).waiters.delete(link);
  }

  /** The first one, which is over from here on. */
  shift(): Pending | undefined {
    const pending = this.list[this.from];
    if (pending === undefined) return undefined;
    this.from++;
    this.first++;
    this.bytesAll -= pending.bytes;
    if (this.from * 2 > this.list.length) {
      this.list = this.list.slice(this.from);
      this.from = 0;
    }
    return pending;
  }

  /** @param upTo the last one that could be sent to a tier by now. */
  told(tier: Tier, from: number, upTo: number, nowMs: number): void {
    for (let at = Math.max(from, this.first); at <= upTo; at++) {
      const pending = this.at(at);
      if (pending !== undefined && Number.isNaN(pending.toldMs[tier])) pending.toldMs[tier] = nowMs;
    }
  }

  confirmed(pop: string, from: number, upTo: number, nowMs: number): void {
    for (let at = Math.max(from, this.first); at <= upTo; at++) {
      const confirmedMs = this.at(at)?.confirmedMs;
      if (confirmedMs !== undefined && !confirmedMs.has(pop)) confirmedMs.set(pop, nowMs);
    }
  }
}
