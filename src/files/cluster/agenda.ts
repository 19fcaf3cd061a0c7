/**
 * Which blocks are to be looked at next: a queue for each need, first come first served, and the counts.
 *
 *     idle ──needs something──▶ queued ──taken──▶ idle, and judged again when its work ends
 *                                 ▲  └──no node can take it──▶ parked ──some seconds, or nodes change──▶ queued
 *                                 └──────────a while─────────── resting ◀──its work failed
 *
 * Each block of the map is counted under one need. An entry of a queue counts only while its row is queued and has
 * that need; others are left behind by rows whose need has changed, and are dropped when they are met.
 */
import type { BlockMap } from './block-map.ts';
import { isCopyNeed, type Judge, NEEDS, Need } from './need.ts';
import { RowQueue } from './row-queue.ts';

const State = { idle: 0, queued: 1, parked: 2, resting: 3 } as const;
const STATE_BITS = 3;
const ATTEMPTS_SHIFT = 2;

const REST_MS = 1000;
/** Rests are REST_MS times a power of two. */
const RESTS = 6;
/** Parked rows are looked at anew after this, and the more there are, the later. */
const PARK_MS = 5000;
const PARKED_PER_MS = 20;
/** Rows that are judged in one go: some 15 ms. */
const SLICE = 131_072;

interface Rest {
  readonly row: number;
  readonly dueMs: number;
}

export class Agenda {
  /** Blocks by their need. */
  readonly counts = new Array<number>(NEEDS).fill(0);
  /** Copies that can be made and are lacking, and their bytes. */
  lackingCopies = 0;
  lackingBytes = 0;
  parked = 0;
  /** Rows that are to be judged anew, from `cursor` on. */
  unjudged = 0;
  private readonly map: BlockMap;
  private readonly judge: Judge;
  private readonly copiesUnderWay: (row: number) => number;
  private readonly queues = Array.from({ length: NEEDS }, () => new RowQueue());
  /** By the number of times that work on the row has failed. */
  private readonly rests: Rest[][] = Array.from({ length: RESTS }, () => []);
  private cursor = 0;
  private lookedMs = Number.NEGATIVE_INFINITY;
  /** In safe mode nothing is judged. */
  isAsleep = true;

  constructor(map: BlockMap, judge: Judge, copiesUnderWay: (row: number) => number) {
    this.map = map;
    this.judge = judge;
    this.copiesUnderWay = copiesUnderWay;
  }

  /** A new row. */
  added(): void {
    this.counts[Need.none]!++;
  }

  /** The row is about to be freed, or what is wanted of it changes. */
  leaves(row: number): void {
    this.count(row, Need.none, 0);
    this.unpark(row);
    this.counts[Need.none]!--;
    this.map.setState(row, State.idle);
  }

  /** Something about the row has changed. */
  touch(row: number): void {
    if (this.isAsleep) return;
    const before = this.map.need(row) & 15;
    const { need, lack } = this.judge.judge(row);
    this.count(row, need, lack);
    if (!this.wants(row, need, lack)) {
      this.setIdle(row);
      return;
    }
    const state = this.map.state(row) & STATE_BITS;
    if (state === State.idle || need !== before) {
      // Work on it has just failed: only what has become more urgent does not wait.
      if (state === State.resting && need > before && before > Need.missing) return;
      this.push(row, need);
    }
  }

  /** The next row of this need, -1 for none. It is idle then. */
  take(need: number): number {
    const queue = this.queues[need]!;
    for (;;) {
      const row = queue.shift();
      if (row === -1) return -1;
      if (!this.isQueued(row, need)) continue;
      // Nodes may have changed since it was judged.
      this.touch(row);
      if (!this.isQueued(row, need)) continue;
      this.setState(row, State.idle);
      return row;
    }
  }

  /** It could not be done now: behind the others. */
  putBack(row: number): void {
    this.push(row, this.map.need(row) & 15);
  }

  /** No node can take a copy. */
  park(row: number): void {
    this.setState(row, State.parked);
    this.parked++;
  }

  /** Nodes that it needs do not answer now: a little later. */
  wait(row: number, nowMs: number): void {
    this.setState(row, State.resting);
    this.rests[0]!.push({ row, dueMs: nowMs + REST_MS });
  }

  /** Its work failed: later, and each time after a longer while. */
  rest(row: number, nowMs: number): void {
    const attempts = this.map.state(row) >>> ATTEMPTS_SHIFT;
    this.setState(row, State.resting);
    const next = Math.min(attempts + 1, RESTS - 1);
    this.map.setState(row, State.resting | (next << ATTEMPTS_SHIFT));
    this.rests[attempts]!.push({ row, dueMs: nowMs + REST_MS * 2 ** attempts });
  }

  /** Its work was done. */
  forgive(row: number): void {
    this.map.setState(row, this.map.state(row) & STATE_BITS);
  }

  tick(nowMs: number): void {
    for (const rests of this.rests) {
      let due = 0;
      while (due < rests.length && rests[due]!.dueMs <= nowMs) due++;
      for (const { row } of rests.splice(0, due)) this.wake(row);
    }
    if (this.parked === 0) this.lookedMs = nowMs;
    else if (nowMs - this.lookedMs >= Math.max(PARK_MS, this.parked / PARKED_PER_MS)) {
      this.lookedMs = nowMs;
      this.reviewAll();
    }
    this.review();
    for (const [need, queue] of this.queues.entries()) {
      if (queue.length > 4096 && queue.length > 2 * this.counts[need]!) {
        queue.keep((row) => this.isQueued(row, need));
      }
    }
  }

  /** Nodes have changed: judges all blocks anew, by and by. */
  reviewAll(): void {
    this.unjudged = this.isAsleep ? 0 : this.map.rowsEnd;
  }

  /** Judges a slice of those that are to be judged anew. */
  review(): void {
    const { map } = this;
    for (let slice = SLICE; slice > 0 && this.unjudged > 0; slice--, this.unjudged--) {
      if (this.cursor >= map.rowsEnd) this.cursor = 0;
      const row = this.cursor++;
      if (!map.isUsed(row)) continue;
      this.unpark(row);
      this.touch(row);
    }
  }

  private wake(row: number): void {
    if (!this.map.isUsed(row) || (this.map.state(row) & STATE_BITS) !== State.resting) return;
    this.setState(row, State.idle);
    this.touch(row);
  }

  private wants(row: number, need: number, lack: number): boolean {
    if (need === Need.none || need === Need.missing) return false;
    const underWay = this.copiesUnderWay(row);
    return isCopyNeed(need) ? lack > underWay : underWay === 0;
  }

  private isQueued(row: number, need: number): boolean {
    const { map } = this;
    return (
      map.isUsed(row) &&
      (map.state(row) & STATE_BITS) === State.queued &&
      (map.need(row) & 15) === need
    );
  }

  private push(row: number, need: number): void {
    this.setState(row, State.queued);
    this.queues[need]!.push(row);
  }

  private setIdle(row: number): void {
    if ((this.map.state(row) & STATE_BITS) !== State.resting) this.setState(row, State.idle);
  }

  private setState(row: number, state: number): void {
    this.unpark(row);
    this.map.setState(row, (this.map.state(row) & ~STATE_BITS) | state);
  }

  private unpark(row: number): void {
    const state = this.map.state(row);
    if ((state & STATE_BITS) !== State.parked) return;
    this.parked--;
    this.map.setState(row, state & ~STATE_BITS);
  }

  private count(row: number, need: number, lack: number): void {
    const { map, counts } = this;
    const before = map.need(row);
    const next = need | (lack << 4);
    if (before === next) return;
    const bytes = map.length(row);
    if (isCopyNeed(before & 15)) {
      this.lackingCopies -= before >>> 4;
      this.lackingBytes -= (before >>> 4) * bytes;
    }
    if (isCopyNeed(need)) {
      this.lackingCopies += lack;
      this.lackingBytes += lack * bytes;
    }
    counts[before & 15]!--;
    counts[need]!++;
    map.setNeed(row, next);
  }
}
