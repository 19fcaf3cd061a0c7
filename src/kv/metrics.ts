/** The store's metrics for Prometheus: one row each, read when they are scraped. */

import type { EndingReason } from '../core/downstream/index.ts';
import type { Endings, MetricSpec } from '../core/observe/index.ts';
import type { Engine } from './engine/engine.ts';

/** Keys of the sketch that are shown. */
const HOT_KEYS_SHOWN = 20;
/** Bytes of a key in a label. */
const LABEL_BYTES_MAX = 128;

type Emit = (value: number, ...labels: string[]) => void;

/** All rows of one store. */
export function kvMetrics(engine: Engine, endings: Endings<EndingReason>): readonly MetricSpec[] {
  return [
    ...commandMetrics(engine),
    ...clientMetrics(engine),
    endings.metric,
    ...keyMetrics(engine),
    ...memoryMetrics(engine),
    ...durabilityMetrics(engine),
  ];
}

function counter(name: string, help: string, read: () => number): MetricSpec {
  return { name, help, type: 'counter', collect: (emit) => emit(read()) };
}

function gauge(name: string, help: string, read: () => number): MetricSpec {
  return { name, help, type: 'gauge', collect: (emit) => emit(read()) };
}

function commandMetrics({ commands, hotKeys, slowlog, stats }: Engine): MetricSpec[] {
  return [
    {
      name: 'plinth_kv_command_duration_seconds',
      help: 'Calls of commands, by how long they took.',
      type: 'histogram',
      labels: ['command'],
      collect: (emit) => {
        for (const { fullName, latency } of commands.all) {
          if (latency.count > 0) emit(latency, fullName);
        }
      },
    },
    {
      name: 'plinth_kv_command_errors_total',
      help: 'Calls that ended with an error, and calls that were refused before they ran.',
      type: 'counter',
      labels: ['command', 'kind'],
      collect: (emit) => {
        for (const { fullName, failed, rejected } of commands.all) {
          if (failed > 0) emit(failed, fullName, 'failed');
          if (rejected > 0) emit(rejected, fullName, 'rejected');
        }
      },
    },
    {
      name: 'plinth_kv_error_replies_total',
      help: 'Error replies, by their code word.',
      type: 'counter',
      labels: ['code'],
      collect: (emit) => {
        for (const [code, count] of stats.errors) emit(count, code);
      },
    },
    counter('plinth_kv_requests_total', 'Requests of clients.', () => stats.commands),
    gauge('plinth_kv_slowlog_entries', 'Entries of SLOWLOG.', () => slowlog.entries.length),
    {
      name: 'plinth_kv_hot_key_uses',
      help: 'Uses of the keys used most lately, estimated from samples.',
      type: 'gauge',
      labels: ['db', 'key'],
      collect: (emit) => {
        const seen = new Set<string>();
        for (const { database, key, uses } of hotKeys.top(HOT_KEYS_SHOWN)) {
          // Keys that are one when cut short would be one series twice: the hotter one is shown.
          const label = key.toString('latin1', 0, LABEL_BYTES_MAX);
          const series = `${database}:${label}`;
          if (!seen.has(series)) emit(uses, String(database), label);
          seen.add(series);
        }
      },
    },
  ];
}

function clientMetrics(engine: Engine): MetricSpec[] {
  const { blocking, monitors, outlet, pubsub, sessions, stats, tracking } = engine;
  return [
    counter('plinth_kv_connections_total', 'Connections accepted.', () => stats.connections),
    counter(
      'plinth_kv_connections_rejected_total',
      'Connections turned away.',
      () => stats.rejectedConnections,
    ),
    {
      name: 'plinth_kv_clients',
      help: 'Connected clients, all of them and by what they do.',
      type: 'gauge',
      labels: ['state'],
      collect: (emit: Emit) => {
        emit(sessions.count, 'connected');
        emit(blocking.count, 'blocked');
        emit(pubsub.clientCount, 'subscribed');
        emit(tracking.clientCount, 'tracking');
        emit(monitors.count, 'monitoring');
      },
    },
    counter('plinth_kv_received_bytes_total', 'Bytes of requests.', () => stats.inputBytes),
    counter('plinth_kv_sent_bytes_total', 'Bytes of replies.', () => outlet.sentBytes),
    counter(
      'plinth_kv_protocol_errors_total',
      'Requests that broke the protocol.',
      () => stats.protocolErrors,
    ),
  ];
}

function keyMetrics({ keyspace, stats }: Engine): MetricSpec[] {
  return [
    {
      name: 'plinth_kv_keys',
      help: 'Keys, by database.',
      type: 'gauge',
      labels: ['db'],
      collect: (emit) => {
        for (const db of keyspace.databases) if (db.size > 0) emit(db.size, String(db.index));
      },
    },
    {
      name: 'plinth_kv_expiring_keys',
      help: 'Keys that will expire, by database.',
      type: 'gauge',
      labels: ['db'],
      collect: (emit) => {
        for (const db of keyspace.databases) {
          if (db.size > 0) emit(db.expiring, String(db.index));
        }
      },
    },
    {
      name: 'plinth_kv_lookups_total',
      help: 'Look-ups of keys for reading.',
      type: 'counter',
      labels: ['result'],
      collect: (emit) => {
        emit(stats.keyspaceHits, 'hit');
        emit(stats.keyspaceMisses, 'miss');
      },
    },
    counter('plinth_kv_expired_keys_total', 'Keys whose time had come.', () => stats.expiredKeys),
    counter('plinth_kv_evicted_keys_total', 'Keys removed to make room.', () => stats.evictedKeys),
  ];
}

function memoryMetrics({ keyspace, settings, stats }: Engine): MetricSpec[] {
  return [
    gauge('plinth_kv_memory_used_bytes', 'Memory of keys and values.', () => keyspace.usedBytes),
    gauge('plinth_kv_memory_peak_bytes', 'The most memory of keys and values so far.', () =>
      Math.max(stats.peakMemoryBytes, keyspace.usedBytes),
    ),
    gauge(
      'plinth_kv_memory_limit_bytes',
      'Memory above which the policy decides; 0: no limit.',
      () => settings.maxmemory,
    ),
    gauge(
      'plinth_kv_memory_reserved_bytes',
      'Memory held for values, in use or not.',
      () => keyspace.arena.reservedBytes,
    ),
    gauge(
      'plinth_kv_lazyfree_pending',
      'Deleted values whose memory is still to be given back.',
      () => keyspace.large.pending,
    ),
  ];
}

/** Empty without persistence. */
function durabilityMetrics(engine: Engine): MetricSpec[] {
  const { clock, persistence } = engine;
  if (persistence === undefined) return [];
  const { flusher, log } = persistence;
  return [
    gauge('plinth_kv_writes_refused', 'Whether writes are refused because the log fails.', () =>
      engine.writesRefused === undefined ? 0 : 1,
    ),
    gauge('plinth_kv_log_pending_bytes', 'Log not written yet.', () => log.pendingBytes),
    gauge(
      'plinth_kv_log_undurable_entries',
      'Entries of the log that a loss of power would lose.',
      () => log.lastIndex - log.durableIndex,
    ),
    gauge(
      'plinth_kv_log_sync_lag_seconds',
      'How long the oldest entry is overdue to be durable.',
      () => log.stats.syncLagMs / 1000,
    ),
    gauge(
      'plinth_kv_log_sync_duration_seconds',
      'Duration of the last sync of the log.',
      () => log.stats.lastSyncMicros / 1e6,
    ),
    gauge(
      'plinth_kv_log_write_duration_seconds',
      'Duration of the last write of the log.',
      () => log.stats.lastWriteMicros / 1e6,
    ),
    counter('plinth_kv_log_entries_total', 'Entries logged.', () => log.stats.entries),
    counter('plinth_kv_log_bytes_total', 'Bytes of entries.', () => log.stats.payloadBytes),
    counter('plinth_kv_log_writes_total', 'Writes of the log.', () => log.stats.writes),
    counter('plinth_kv_log_syncs_total', 'Syncs of the log.', () => log.stats.syncs),
    counter('plinth_kv_log_failures_total', 'Times the log failed.', () => log.stats.failures),
    gauge('plinth_kv_log_segments', 'Files of the log.', () => log.stats.segments),
    gauge(
      'plinth_kv_log_replay_bytes',
      'Log behind the last flush, which a start has to replay.',
      () => persistence.bytesBehindFlush,
    ),
    counter('plinth_kv_flushes_total', 'Complete flushes of keys.', () => flusher.completed),
    gauge('plinth_kv_flush_running', 'Whether a flush is under way.', () =>
      flusher.running ? 1 : 0,
    ),
    gauge('plinth_kv_flush_failed', 'Whether the last flush failed.', () =>
      flusher.lastFailed ? 1 : 0,
    ),
    gauge('plinth_kv_flush_age_seconds', 'Age of the last flush, or of the start.', () =>
      Math.max(0, clock.wallMs() / 1000 - flusher.lastDoneSeconds),
    ),
    gauge(
      'plinth_kv_flush_duration_seconds',
      'Duration of the last flush; 0 before the first.',
      () => Math.max(0, flusher.lastDurationMs) / 1000,
    ),
    gauge('plinth_kv_flush_bytes', 'Bytes of the last flush.', () => flusher.lastBytes),
  ];
}
