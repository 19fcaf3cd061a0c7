/** Sections of INFO about the process: server, clients, memory, cpu. */
import { arch, release, type as systemType, totalmem } from 'node:os';
import type { Engine } from '../engine/engine.ts';
import { COMPATIBLE_VERSION, PLINTH_VERSION } from '../version.ts';
import { type Fields, human, percent, ratio, seconds } from './section.ts';

const CLOCK_BITS = 0xffffff;
const DAY_SECONDS = 86_400;
const FEW_SEGMENTS_BYTES = 32 * 1024 * 1024;
const NOTHING_SHA = '00000000';

export function serverFields(engine: Engine): Fields {
  const { clock, settings } = engine;
  const uptime = seconds(clock.monotonicMs() - engine.startedMs);
  const wallMs = clock.wallMs();
  return [
    ['redis_version', COMPATIBLE_VERSION],
    ['plinth_version', PLINTH_VERSION],
    ['redis_git_sha1', NOTHING_SHA],
    ['redis_git_dirty', 0],
    ['redis_build_id', '0'],
    ['redis_mode', 'standalone'],
    ['os', `${systemType()} ${release()} ${arch()}`],
    ['arch_bits', 64],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', 'epoll'],
    ['atomicvar_api', 'none'],
    ['gcc_version', '0.0.0'],
    ['node_version', process.versions.node],
    ['process_id', process.pid],
    ['process_supervised', 'no'],
    ['run_id', engine.runId],
    ['tcp_port', settings.port],
    ['server_time_usec', Math.floor(wallMs * 1000)],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / DAY_SECONDS)],
    ['hz', 10],
    ['configured_hz', engine.config.get('hz') ?? 10],
    ['lru_clock', Math.floor(wallMs / 1000) & CLOCK_BITS],
    ['executable', process.argv[1] ?? process.execPath],
    ['config_file', ''],
    ['io_threads_active', 0],
  ];
}

export function clientFields(engine: Engine): Fields {
  let inputMax = 0;
  let outputMax = 0;
  let withDeadline = 0;
  for (const session of engine.sessions) {
    inputMax = Math.max(inputMax, session.inputBytes());
    outputMax = Math.max(outputMax, session.output?.pendingBytes ?? 0);
    const { blocked } = session;
    if (blocked !== undefined && blocked.deadlineMs !== Number.POSITIVE_INFINITY) withDeadline++;
  }
  return [
    ['connected_clients', engine.sessions.count],
    ['cluster_connections', 0],
    ['maxclients', engine.settings.maxclients],
    ['client_recent_max_input_buffer', inputMax],
    ['client_recent_max_output_buffer', outputMax],
    ['blocked_clients', engine.blocking.count],
    ['tracking_clients', engine.tracking.clientCount],
    ['pubsub_clients', engine.pubsub.clientCount],
    ['clients_in_timeout_table', withDeadline],
    ['total_blocking_keys', engine.blocking.keyCount],
    ['total_blocking_keys_on_nokey', 0],
  ];
}

/** `used_memory` is what `maxmemory` limits: keys, values and their tables, not the JavaScript heap. */
export function memoryFields(engine: Engine): Fields {
  const { keyspace, scripting, settings, stats } = engine;
  const used = keyspace.usedBytes;
  const peak = Math.max(stats.peakMemoryBytes, used);
  const rss = process.memoryUsage.rss();
  const reserved = keyspace.arena.reservedBytes + (used - keyspace.arena.usedBytes);
  let overhead = 0;
  for (const db of keyspace.databases) {
    overhead += db.table.bucketBytes + db.expiries.bytes + db.fieldExpiries.bytes;
  }
  const dataset = used - overhead;
  // Memory is held in segments: of a few of them the share that is in use says nothing.
  const fragmentation = reserved < FEW_SEGMENTS_BYTES ? '1.00' : ratio(reserved, used);
  const total = totalmem();
  const scriptBytes = scripting.cache.bytes + scripting.libraries.bytes;
  const logPending = engine.persistence?.log.pendingBytes ?? 0;
  return [
    ['used_memory', used],
    ['used_memory_human', human(used)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', human(rss)],
    ['used_memory_peak', peak],
    ['used_memory_peak_human', human(peak)],
    ['used_memory_peak_perc', percent(used, peak)],
    ['used_memory_overhead', overhead],
    ['used_memory_startup', 0],
    ['used_memory_dataset', dataset],
    ['used_memory_dataset_perc', percent(dataset, used)],
    ['allocator_allocated', used],
    ['allocator_active', reserved],
    ['allocator_resident', reserved],
    ['total_system_memory', total],
    ['total_system_memory_human', human(total)],
    ['used_memory_lua', scripting.cache.bytes],
    ['used_memory_vm_eval', scripting.cache.bytes],
    ['used_memory_lua_human', human(scripting.cache.bytes)],
    ['used_memory_scripts_eval', scripting.cache.bytes],
    ['number_of_cached_scripts', scripting.cache.count],
    ['number_of_functions', scripting.libraries.functionCount],
    ['number_of_libraries', scripting.libraries.count],
    ['used_memory_vm_functions', scripting.libraries.bytes],
    ['used_memory_vm_total', scriptBytes],
    ['used_memory_vm_total_human', human(scriptBytes)],
    ['used_memory_functions', scripting.libraries.bytes],
    ['used_memory_scripts', scriptBytes],
    ['used_memory_scripts_human', human(scriptBytes)],
    ['maxmemory', settings.maxmemory],
    ['maxmemory_human', human(settings.maxmemory)],
    ['maxmemory_policy', settings.maxmemoryPolicy],
    ['allocator_frag_ratio', fragmentation],
    ['allocator_frag_bytes', reserved - used],
    ['allocator_rss_ratio', '1.00'],
    ['allocator_rss_bytes', 0],
    ['rss_overhead_ratio', ratio(rss, reserved)],
    ['rss_overhead_bytes', rss - reserved],
    ['mem_fragmentation_ratio', fragmentation],
    ['mem_fragmentation_bytes', reserved - used],
    ['mem_not_counted_for_evict', 0],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', clientBytes(engine)],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', logPending],
    ['mem_allocator', 'plinth-arena'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', keyspace.large.pending],
    ['lazyfreed_objects', keyspace.large.released],
  ];
}

function clientBytes(engine: Engine): number {
  let bytes = 0;
  for (const session of engine.sessions) {
    bytes += session.inputBytes() + (session.output?.pendingBytes ?? 0);
  }
  return bytes;
}

export function cpuFields(): Fields {
  const { user, system } = process.cpuUsage();
  const thread = process.threadCpuUsage();
  const userSeconds = (user / 1e6).toFixed(6);
  const systemSeconds = (system / 1e6).toFixed(6);
  return [
    ['used_cpu_sys', systemSeconds],
    ['used_cpu_user', userSeconds],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
    ['used_cpu_sys_main_thread', (thread.system / 1e6).toFixed(6)],
    ['used_cpu_user_main_thread', (thread.user / 1e6).toFixed(6)],
  ];
}
