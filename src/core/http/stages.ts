/**
 * Stages of a route's pipeline that one system offers and another one puts into its routes, without either knowing
 * the other: the composition root gives both this table.
 */
import type { Handler } from './exchange.ts';

export interface StageMaker {
  /**
   * A stage in front of `next`.
   * @param rule which of its rules holds; undefined: there is none of that name.
   * @param route keeps apart what equal requests of two routes leave behind.
   */
  make(rule: string, route: string, next: Handler): Handler | undefined;
}

export class Stages {
  private readonly makers = new Map<string, StageMaker>();

  /** @param kind what routes call it: `cache`. */
  offer(kind: string, maker: StageMaker): void {
    this.makers.set(kind, maker);
  }

  withdraw(kind: string): void {
    this.makers.delete(kind);
  }

  /** Undefined: no system of this process offers it. */
  of(kind: string): StageMaker | undefined {
    return this.makers.get(kind);
  }
}
