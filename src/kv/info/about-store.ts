/** Sections of INFO about the store: persistence, stats, replication, keyspace and the constant ones. */
import type { Engine } from '../engine/engine.ts';
import { type Fields, flag, seconds } from './section.ts';

const NO_REPLICATION_ID = '0'.repeat(40);

/**
 * `rdb_*` tells of flushes, `aof_*` of the log. A rewrite of the AOF is a flush here, since it is what lets
 * the log be cut.
 */
export function persistenceFields(engine: Engine): Fields {
  const { persistence } = engine;
  const flusher = persistence?.flusher;
  const log = persistence?.log;
  const running = flusher?.running ?? false;
  const lastSeconds = seconds(flusher?.lastDurationMs ?? -1);
  const currentSeconds = seconds(flusher?.runningMs ?? -1);
  const status = flusher?.lastFailed === true ? 'err' : 'ok';
  return [
    ['loading', 0],
    ['async_loading', 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', '0.00'],
    ['current_save_keys_processed', 0],
    ['current_save_keys_total', 0],
    ['rdb_changes_since_last_save', engine.dirty - (flusher?.dirtyAtLast ?? 0)],
    ['rdb_bgsave_in_progress', flag(running)],
    ['rdb_last_save_time', flusher?.lastDoneSeconds ?? engine.startedSeconds],
    ['rdb_last_bgsave_status', status],
    ['rdb_last_bgsave_time_sec', lastSeconds],
    ['rdb_current_bgsave_time_sec', currentSeconds],
    ['rdb_saves', flusher?.completed ?? 0],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', 0],
    ['rdb_last_load_keys_loaded', persistence?.recovery.storedKeys ?? 0],
    ['aof_enabled', flag(log !== undefined)],
    ['aof_rewrite_in_progress', flag(running)],
    ['aof_rewrite_scheduled', 0],
    ['aof_last_rewrite_time_sec', lastSeconds],
    ['aof_current_rewrite_time_sec', currentSeconds],
    ['aof_last_bgrewrite_status', status],
    ['aof_rewrites', flusher?.completed ?? 0],
    ['aof_rewrites_consecutive_failures', flag(flusher?.lastFailed === true)],
    ['aof_last_write_status', engine.writesRefused === undefined ? 'ok' : 'err'],
    ['aof_last_cow_size', 0],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
    ...(log === undefined
      ? []
      : ([
          ['aof_current_size', persistence?.bytesBehindFlush ?? 0],
          ['aof_base_size', flusher?.lastBytes ?? 0],
          ['aof_pending_rewrite', 0],
          ['aof_buffer_length', log.pendingBytes],
          ['aof_pending_bio_fsync', flag(log.durableIndex < log.lastIndex)],
          ['aof_delayed_fsync', flag(log.stats.syncLagMs > 0)],
        ] as const)),
  ];
}

export function statsFields(engine: Engine): Fields {
  const { pubsub, stats, tracking } = engine;
  const outputBytes = engine.outlet.sentBytes;
  const { denied } = engine.acl.log;
  return [
    ['total_connections_received', stats.connections],
    ['total_commands_processed', stats.commands],
    ['instantaneous_ops_per_sec', Math.round(stats.commandRate.perSecond)],
    ['total_net_input_bytes', stats.inputBytes],
    ['total_net_output_bytes', outputBytes],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', 0],
    ['instantaneous_input_kbps', (stats.inputRate.perSecond / 1024).toFixed(2)],
    ['instantaneous_output_kbps', (stats.outputRate.perSecond / 1024).toFixed(2)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', '0.00'],
    ['rejected_connections', stats.rejectedConnections],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
    ['expired_keys', stats.expiredKeys],
    ['expired_stale_perc', '0.00'],
    ['expired_time_cap_reached_count', 0],
    ['expire_cycle_cpu_milliseconds', Math.floor(engine.activeExpiry.spentMs)],
    ['evicted_keys', stats.evictedKeys],
    ['evicted_clients', stats.evictedClients],
    ['total_eviction_exceeded_time', 0],
    ['current_eviction_exceeded_time', 0],
    ['keyspace_hits', stats.keyspaceHits],
    ['keyspace_misses', stats.keyspaceMisses],
    ['pubsub_channels', pubsub.channelCount],
    ['pubsub_patterns', pubsub.patternCount],
    ['pubsubshard_channels', pubsub.shardCount],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', 0],
    ['active_defrag_hits', 0],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', tracking.keyCount],
    ['tracking_total_items', tracking.itemCount],
    ['tracking_total_prefixes', tracking.prefixCount],
    ['unexpected_error_replies', 0],
    ['total_error_replies', stats.errorReplies],
    ['dump_payload_sanitizations', 0],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['acl_access_denied_auth', denied.auth],
    ['acl_access_denied_cmd', denied.command],
    ['acl_access_denied_key', denied.key],
    ['acl_access_denied_channel', denied.channel],
  ];
}

/** Which keys are in memory and which on the disk only; a section of ours. */
export function tierFields(engine: Engine): Fields {
  const { keyspace, cold, coldExpiry, persistence, settings } = engine;
  const store = persistence?.store.stats;
  return [
    ['tier_hot_keys', keyspace.keys - keyspace.cold],
    ['tier_cold_keys', keyspace.cold],
    ['tier_memory_limit', settings.tierMemory],
    ['tier_loads', cold?.loads ?? 0],
    ['tier_loads_waited', cold?.waits ?? 0],
    ['tier_dropped', persistence?.spill.dropped ?? 0],
    ['tier_missing_answered', cold?.missing ?? 0],
    ['tier_expired', coldExpiry?.expired ?? 0],
    ['tier_flushes', persistence?.flusher.completed ?? 0],
    ['tier_disk_bytes', store?.tableBytes ?? 0],
    ['tier_tables', store?.tables ?? 0],
    ['tier_cache_bytes', store?.cacheBytes ?? 0],
    ['tier_index_bytes', store?.indexBytes ?? 0],
    ['tier_memtable_bytes', store?.memtableBytes ?? 0],
    ['tier_block_hits', store?.blockHits ?? 0],
    ['tier_block_misses', store?.blockMisses ?? 0],
  ];
}

export function replicationFields(engine: Engine): Fields {
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ['master_failover_state', 'no-failover'],
    ['master_replid', engine.runId],
    ['master_replid2', NO_REPLICATION_ID],
    ['master_repl_offset', 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', engine.config.get('repl-backlog-size') ?? 0],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  ];
}

/** Databases that have keys. `avg_ttl` is of a sample, milliseconds. */
export function keyspaceFields(engine: Engine): Fields {
  engine.overwritten?.resolveAll();
  return engine.keyspace.databases
    .filter((db) => db.size > 0)
    .map((db) => {
      const ttl = Math.floor(db.expiries.averageTtlMs(engine.keyspace.nowMs));
      return [`db${db.index}`, `keys=${db.size},expires=${db.expiring},avg_ttl=${ttl}`] as const;
    });
}
