/** How long the phases of attempts took, of one pool, for metrics and for the lines of the access log. */
import type { Exchange } from '../../core/http/index.ts';
import { createHistogram, type Histogram, LATENCY_BOUNDS_MS } from '../../core/observe/index.ts';
import type { Attempt } from '../../core/proxy/index.ts';
import type { UpstreamFailure } from '../../core/upstream/index.ts';

export class AttemptTimes {
  readonly queue: Histogram = createHistogram(LATENCY_BOUNDS_MS);
  readonly connect: Histogram = createHistogram(LATENCY_BOUNDS_MS);
  readonly head: Histogram = createHistogram(LATENCY_BOUNDS_MS);
  readonly total: Histogram = createHistogram(LATENCY_BOUNDS_MS);

  /** An attempt is over. */
  measure(
    { journey, startedMs }: Exchange,
    { number, chosenMs, readyMs, headMs }: Attempt,
    failure: UpstreamFailure | undefined,
  ): void {
    journey.attempts = Math.max(journey.attempts, number);
    journey.failure = failure === undefined ? '' : failure.name;
    journey.queueMs = chosenMs - startedMs;
    journey.connectMs = readyMs > 0 ? readyMs - chosenMs : Number.NaN;
    journey.firstByteMs = headMs > 0 ? headMs - readyMs : Number.NaN;
    this.queue.record(journey.queueMs);
    if (readyMs > 0) this.connect.record(journey.connectMs);
    if (headMs > 0) this.head.record(journey.firstByteMs);
  }
}
