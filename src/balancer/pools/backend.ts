/** A server with its connections, and what is counted of it. */
import { Bag } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import type { Attempt, Target } from '../../core/proxy/index.ts';
import type { Origin } from '../../core/upstream/index.ts';
import type { Server } from '../servers/server.ts';

export class Backend implements Target {
  readonly server: Server;
  origin: Origin;
  /** Attempts that it has now, tunnels among them. */
  readonly attempts = new Bag<Attempt>();
  /** Connections dialled by origins before this one. */
  dialledBefore = 0;
  /** Attempts, by what came of them. */
  requests = 0;
  successes = 0;
  failures = 0;
  abandoned = 0;
  retries = 0;
  /** Responses by the first digit of their status. */
  readonly statuses: number[] = [0, 0, 0, 0, 0, 0];
  /** Failures by name. */
  readonly reasons = new Map<string, number>();

  constructor(server: Server, origin: Origin) {
    this.server = server;
    this.origin = origin;
  }

  /** The requests that it has now. */
  get underWay(): Exchange[] {
    return this.attempts.list().map(({ exchange }) => exchange as Exchange);
  }

  /** From now on connections are another origin's; those there are carry what they carry to its end. */
  renew(origin: Origin): void {
    this.origin.drain();
    this.dialledBefore += this.origin.dialled;
    this.origin = origin;
  }
}
