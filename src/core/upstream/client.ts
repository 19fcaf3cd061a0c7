/**
 * One dialled connection to a server, whatever it speaks: what an Origin sees of it, and what it needs of its
 * Origin. HTTP/1 carries one request at a time, HTTP/2 as many as both sides allow.
 */
import type { Placed } from '../base/index.ts';
import type { UpstreamFailure } from './failures.ts';
import type { UpstreamEvents } from './request.ts';

export interface UpstreamClient extends Placed {
  /** Requests that it carries. */
  readonly carrying: number;
  /** Requests that it takes besides; 0 when it is full, ends or has ended. */
  readonly room: number;
  /** When its Origin saw first that it lies aside, monotonic milliseconds; its own affair. */
  idleSinceMs: number;
  /** Carries one more request; `room` is above 0. `onReady` comes inside this call. */
  carry(events: UpstreamEvents): void;
  /** Looks at timeouts of a connection that carries something. */
  tick(nowMs: number): void;
  /** Closes without telling anybody. */
  close(): void;
  /** Ends every request for a reason, and the connection. */
  fail(failure: UpstreamFailure, detail: string): void;
}

export interface ClientOwner {
  /** As of `OriginLimits`. */
  readonly headMs: number;
  readonly bodyStallMs: number;
  readonly sendStallMs: number;
  monotonicMs(): number;
  /** A request is over, or the connection is. `reusable`: it takes another request. */
  released(client: UpstreamClient, reusable: boolean): void;
}
