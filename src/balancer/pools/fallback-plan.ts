/**
 * Two pools as one: the second has what the first can not take, be it that no server of it is there, or that all that
 * could be tried have failed.
 *
 * Invariant: an exchange that has gone over to the second pool stays there, and each attempt is told to the pool whose
 * server had it.
 */
import type { Exchange } from '../../core/http/index.ts';
import type {
  Attempt,
  AttemptOutcome,
  Forward,
  ForwardPlan,
  Target,
} from '../../core/proxy/index.ts';
import type { UpstreamFailure } from '../../core/upstream/index.ts';
import type { ResponseHead } from '../../core/wire/index.ts';
import type { PoolRuntime } from './pool-runtime.ts';

export class FallbackPlan implements ForwardPlan {
  readonly first: PoolRuntime;
  readonly second: PoolRuntime;

  constructor(first: PoolRuntime, second: PoolRuntime) {
    this.first = first;
    this.second = second;
  }

  get replayBytes(): number {
    return Math.max(this.first.replayBytes, this.second.replayBytes);
  }

  get hedgeAfterMs(): number {
    return this.first.hedgeAfterMs;
  }

  nowMs(): number {
    return this.first.nowMs();
  }

  choose(exchange: Exchange, forward: Forward, nowMs: number): Target | null | 'wait' {
    const { first, second } = this;
    const isOver = forward.tried.some((target) => second.owns(target));
    if (!isOver && first.hasOther(forward)) {
      const chosen = first.choose(exchange, forward, nowMs);
      if (chosen !== null) return chosen;
    }
    return second.choose(exchange, forward, nowMs);
  }

  hedge(exchange: Exchange, forward: Forward, attempt: Attempt, nowMs: number): Target | null {
    return this.ownerOf(forward.current).hedge(exchange, forward, attempt, nowMs);
  }

  forgetWaiting(forward: Forward): void {
    this.first.forgetWaiting(forward);
    this.second.forgetWaiting(forward);
  }

  request(exchange: Exchange): void {
    this.first.request(exchange);
  }

  response(exchange: Exchange, forward: Forward, head: ResponseHead): void {
    this.ownerOf(forward.current).response(exchange, forward, head);
  }

  retryAfterMs(
    exchange: Exchange,
    forward: Forward,
    failure: UpstreamFailure | undefined,
    head: ResponseHead | undefined,
  ): number {
    const { first, second } = this;
    const owner = this.ownerOf(forward.current);
    const isMore = owner === first && second.hasOther(forward);
    return owner.retryAfterMs(exchange, forward, failure, head, isMore);
  }

  ended(exchange: Exchange, attempt: Attempt, outcome: AttemptOutcome, nowMs: number): void {
    this.ownerOf(attempt).ended(exchange, attempt, outcome, nowMs);
  }

  later(delayMs: number, run: () => void): () => void {
    return this.first.later(delayMs, run);
  }

  private ownerOf({ target }: Attempt): PoolRuntime {
    return target !== null && this.second.owns(target) ? this.second : this.first;
  }
}
