/**
 * Stages of a route's pipeline that one system offers and another one puts into its routes, without either knowing
 * the other: the composition root gives both this table.
 */
import type { Exchange, Handler } from './exchange.ts';

export interface StageMaker {
  /**
   * A stage in front of `next`.
   * @param rule which of its rules holds; undefined: there is none of that name.
   * @param route keeps apart what equal requests of two routes leave behind.
   */
  make(rule: string, route: string, next: Handler): Handler | undefined;
}

/** Sees connections and requests of listeners as a whole, beside what it sees as a stage. */
export interface DoorWatch {
  /** Whether a connection is taken; asked once for each, before it has said anything. */
  admits(listener: string, address: string): boolean;
  /** A request is over, whether or not it had a route. @param ending by its name. */
  ended(listener: string, exchange: Exchange, ending: string): void;
}

export class Stages {
  /** Asked by every listener of HTTP; null: nobody watches. */
  watch: DoorWatch | null = null;
  /** What tickets of TLS sessions are made with by every listener; null: each process has its own. */
  sessionSecret: Buffer | null = null;
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
