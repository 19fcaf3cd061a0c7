/** What the cache tells Prometheus. */
import type { MetricSpec } from '../core/observe/index.ts';
import { CodingCounts, codingMetrics } from './compression/index.ts';
import type { ObjectStats } from './objects/object-store.ts';
import { PurgeCounts } from './purge/index.ts';
import { Counts } from './stage/counts.ts';

/** What metrics and status read. */
export interface Observed {
  readonly counts: Counts;
  readonly objectStats: ObjectStats;
  readonly memoryBytesMax: number;
  readonly codings: { readonly counts: CodingCounts };
  readonly purger: { readonly counts: PurgeCounts };
  readonly ledger: { readonly bytes: number };
}

/** All metrics there are, for documentation. */
export function cacheMetricTable(): readonly MetricSpec[] {
  const objectStats = { objects: 0, bytes: 0, evictions: 0, victimAgeSeconds: 0 };
  const codings = { counts: new CodingCounts() };
  return cacheMetrics({
    ...{ counts: new Counts(), objectStats, memoryBytesMax: 0, codings },
    purger: { counts: new PurgeCounts() },
    ledger: { bytes: 0 },
  });
}

export function cacheMetrics(cache: Observed): readonly MetricSpec[] {
  const { counts } = cache;
  const total = (name: string, help: string, value: () => number): MetricSpec => ({
    name: `plinth_cache_${name}_total`,
    help,
    type: 'counter',
    collect: (emit) => emit(value()),
  });
  return [
    {
      name: 'plinth_cache_requests_total',
      help: 'Requests by how the cache has handled them.',
      type: 'counter',
      labels: ['handled'],
      collect(emit) {
        emit(counts.hits, 'hit');
        emit(counts.collapsed, 'collapsed');
        emit(counts.misses, 'miss');
        emit(counts.validations, 'validation');
        emit(counts.staleOnError, 'stale-on-error');
        emit(counts.passed, 'pass');
      },
    },
    total(
      'stale_hits',
      'Hits that were stale and fetched anew behind the client.',
      () => counts.staleHits,
    ),
    total(
      'early_refreshes',
      'Hits that were fresh and fetched anew before they would be stale.',
      () => counts.earlyRefreshes,
    ),
    total('hit_bytes', 'Bytes of bodies served from what is stored.', () => counts.hitBytes),
    total('fetches', 'Requests sent to origins.', () => counts.fetches),
    total(
      'fetched_bytes',
      'Bytes of bodies that were fetched and stored.',
      () => counts.fetchedBytes,
    ),
    total(
      'validated',
      'Validations that found the stored response still right.',
      () => counts.validated,
    ),
    total('stored', 'Responses stored.', () => counts.stored),
    {
      name: 'plinth_cache_not_stored_total',
      help: 'Responses that were not stored, by reason.',
      type: 'counter',
      labels: ['reason'],
      collect(emit) {
        for (const [reason, count] of counts.refused) emit(count, reason);
      },
    },
    total(
      'keys_too_long',
      'Requests passed on because their key is too long.',
      () => counts.keysTooLong,
    ),
    {
      name: 'plinth_cache_objects',
      help: 'Responses in memory.',
      type: 'gauge',
      collect: (emit) => emit(cache.objectStats.objects),
    },
    {
      name: 'plinth_cache_memory_bytes',
      help: 'What stored responses take of memory, overhead included.',
      type: 'gauge',
      collect: (emit) => emit(cache.objectStats.bytes),
    },
    {
      name: 'plinth_cache_memory_limit_bytes',
      help: 'What they may take.',
      type: 'gauge',
      collect: (emit) => emit(cache.memoryBytesMax),
    },
    total('purges', 'Purges carried out.', () => cache.purger.counts.purged),
    {
      name: 'plinth_cache_purges_refused_total',
      help: 'Requests to purge that were refused, by reason.',
      type: 'counter',
      labels: ['reason'],
      collect(emit) {
        for (const [reason, count] of cache.purger.counts.refused) emit(count, reason);
      },
    },
    {
      name: 'plinth_cache_purge_ledger_bytes',
      help: 'Memory that the ledger of purges takes, about.',
      type: 'gauge',
      collect: (emit) => emit(cache.ledger.bytes),
    },
    total(
      'evictions',
      'Responses that left for lack of memory.',
      () => cache.objectStats.evictions,
    ),
    total(
      'victim_age_seconds',
      'Sum of the ages of responses that left for lack of memory.',
      () => cache.objectStats.victimAgeSeconds,
    ),
    ...codingMetrics(cache.codings.counts),
  ];
}
