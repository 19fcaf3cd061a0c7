/** What the owner of a route decides about the exchanges that are forwarded by it. */
import type { Exchange } from '../http/index.ts';
import type { Origin, UpstreamFailure } from '../upstream/index.ts';
import type { ResponseHead } from '../wire/index.ts';
import type { Attempt } from './attempt.ts';
import type { Forward } from './forward.ts';

/** A server that was chosen, with whatever its owner knows of it. */
export interface Target {
  readonly origin: Origin;
}

/** What became of one attempt. */
export interface AttemptOutcome {
  /** Undefined when the response came whole, or the client left. */
  readonly failure: UpstreamFailure | undefined;
  /** The client left before its end, or another attempt answered first. */
  readonly abandoned: boolean;
}

/** One plan serves many exchanges at once. */
export interface ForwardPlan {
  /** Bytes of a request's body kept to be sent again; 0 for none. */
  readonly replayBytes: number;
  /** Milliseconds without a response after which `hedge` is asked, once for a request without a body; 0: never. */
  readonly hedgeAfterMs: number;
  nowMs(): number;
  /** The target of the next attempt; null: there is none; 'wait': `proceed` or `giveUp` will be called. */
  choose(exchange: Exchange, forward: Forward, nowMs: number): Target | null | 'wait';
  /** The target of `attempt`, which races the one that takes long; null: there is none. */
  hedge(exchange: Exchange, forward: Forward, attempt: Attempt, nowMs: number): Target | null;
  /** Not any more. */
  forgetWaiting(forward: Forward): void;
  /** Edits the request's head once; hop-by-hop fields are gone already. */
  request(exchange: Exchange): void;
  /** Edits the head of the response before it goes to the client. */
  response(exchange: Exchange, forward: Forward, head: ResponseHead): void;
  /** Milliseconds after which to try again, or -1. `head`: the response that has come, if one has. */
  retryAfterMs(
    exchange: Exchange,
    forward: Forward,
    failure: UpstreamFailure | undefined,
    head: ResponseHead | undefined,
  ): number;
  /** An attempt is over. */
  ended(exchange: Exchange, attempt: Attempt, outcome: AttemptOutcome, nowMs: number): void;
  /** Calls back after a while; for waits before retries. Returns what cancels it. */
  later(delayMs: number, run: () => void): () => void;
}
