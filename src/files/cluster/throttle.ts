/**
 * How much repair may be under way: copies from a node, to a node and in all, and bytes that begin in a second.
 *
 * A copy larger than a second's bytes begins when nothing is owed, and the next ones wait for it.
 */
import type { ClusterNode } from './node-table.ts';
import type { Settled } from './options.ts';

class Rate {
  private readonly perSecond: number;
  private tokens: number;
  private atMs: number | undefined;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.tokens = perSecond;
  }

  refill(nowMs: number): void {
    if (this.perSecond === Number.POSITIVE_INFINITY) return;
    const elapsedMs = Math.max(0, nowMs - (this.atMs ?? nowMs));
    this.atMs = nowMs;
    this.tokens = Math.min(this.perSecond, this.tokens + (elapsedMs * this.perSecond) / 1000);
  }

  get isOpen(): boolean {
    return this.tokens > 0;
  }

  take(bytes: number): void {
    this.tokens -= bytes;
  }
}

export class Throttle {
  private readonly options: Settled;
  private readonly repair: Rate;
  private readonly balance: Rate;
  private copies = 0;
  private balancing = 0;

  constructor(options: Settled) {
    this.options = options;
    this.repair = new Rate(options.repairBytesPerSecond);
    this.balance = new Rate(options.balanceBytesPerSecond);
  }

  refill(nowMs: number): void {
    this.repair.refill(nowMs);
    this.balance.refill(nowMs);
  }

  /** @param isUrgent it may exceed the bytes of a second, for another node's death would lose data. */
  mayCopy(isUrgent: boolean): boolean {
    return this.copies < this.options.copiesMax && (isUrgent || this.repair.isOpen);
  }

  mayBalance(): boolean {
    const { copiesMax, balanceCopies } = this.options;
    return this.copies < copiesMax && this.balancing < balanceCopies && this.balance.isOpen;
  }

  /** Copies other than those for balance are under way. */
  get isRepairing(): boolean {
    return this.copies > this.balancing;
  }

  maySend(node: ClusterNode): boolean {
    return node.copiesFrom < this.options.copiesPerSource;
  }

  mayTake(node: ClusterNode): boolean {
    return node.copiesTo < this.options.copiesPerTarget;
  }

  mayDelete(node: ClusterNode): boolean {
    return node.deletes < this.options.deletesPerNode;
  }

  began(bytes: number, isBalance: boolean): void {
    this.copies++;
    if (isBalance) {
      this.balancing++;
      this.balance.take(bytes);
    } else this.repair.take(bytes);
  }

  ended(isBalance: boolean): void {
    this.copies--;
    if (isBalance) this.balancing--;
  }
}
