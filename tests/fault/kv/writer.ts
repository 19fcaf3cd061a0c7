/**
 * A checking writer: one connection, operations in order, a few under way at a time.
 *
 * It remembers what it sent and what was acknowledged when; an error reply is a failure.
 */
import type { Address } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { isAggregate, isError, type Reply, show } from '../../support/resp-reply.ts';
import { commandsOf } from './model.ts';

const underWayMax = 8;

export class Writer {
  readonly prefix: string;
  /** Operations sent, operations acknowledged; both count from 1. */
  sent = 0;
  acknowledged = 0;
  /** Moment of each acknowledgement, milliseconds of `performance.now`, by n - 1. */
  private readonly moments: number[] = [];
  private failure: Error | undefined;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Writes until the connection ends. Throws where an operation was refused. */
  async run(address: Address): Promise<void> {
    const client = await RespClient.connect(address);
    const underWay = new Set<Promise<void>>();
    while (!client.closed && this.failure === undefined) {
      this.sent += 1;
      const one = this.write(client, this.sent);
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
      if (underWay.size >= underWayMax) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    client.close();
    if (this.failure !== undefined) throw this.failure;
  }

  /** How many were acknowledged before a moment. */
  acknowledgedBefore(moment: number): number {
    const later = this.moments.findIndex((each) => each > moment);
    return later < 0 ? this.moments.length : later;
  }

  private async write(client: RespClient, n: number): Promise<void> {
    let replies: readonly Reply[];
    try {
      replies = await client.pipeline(commandsOf(this.prefix, n));
    } catch {
      // The connection ended: whether this operation was done is open.
      return;
    }
    const bad = replies
      .flatMap((reply) => (isAggregate(reply) ? reply.items : [reply]))
      .find(isError);
    if (bad !== undefined) this.failure = new Error(`operation ${n} was refused: ${show(bad)}`);
    this.acknowledged = n;
    this.moments[n - 1] = performance.now();
  }
}
