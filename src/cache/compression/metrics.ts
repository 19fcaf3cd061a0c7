/** What compression tells Prometheus. */
import type { MetricSpec } from '../../core/observe/index.ts';

/** How the making of codings has ended. */
export class CodingCounts {
  made = 0;
  /** Bytes of what was made, and of the bodies it was made of. */
  madeBytes = 0;
  originalBytes = 0;
  noGain = 0;
  /** No place in the queue of the threads. */
  busy = 0;
  /** Broken, too long, out of memory, or gone meanwhile. */
  failed = 0;
}

export function codingMetrics(counts: CodingCounts): readonly MetricSpec[] {
  return [
    {
      name: 'plinth_cache_codings_total',
      help: 'Codings of stored responses, by how their making has ended.',
      type: 'counter',
      labels: ['ended'],
      collect(emit) {
        emit(counts.made, 'made');
        emit(counts.noGain, 'no-gain');
        emit(counts.busy, 'busy');
        emit(counts.failed, 'failed');
      },
    },
    {
      name: 'plinth_cache_coding_bytes_total',
      help: 'Bytes of bodies before and behind the making of a coding.',
      type: 'counter',
      labels: ['when'],
      collect(emit) {
        emit(counts.originalBytes, 'before');
        emit(counts.madeBytes, 'behind');
      },
    },
  ];
}
