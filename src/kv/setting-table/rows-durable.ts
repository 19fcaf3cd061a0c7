/** Settings of what survives, and of replication. */
import type { Engine } from '../engine/engine.ts';
import { hostname, savePoints } from './flags.ts';
import {
  anyText,
  choice,
  INT_MAX,
  integer,
  type Kind,
  LONG_MAX,
  memory,
  Refusal,
  yesNo,
} from './kinds.ts';
import { fact, kept, live, PROTECTED, type SettingRow } from './row.ts';

const OWN_LOG = 'The log and the tables of keys have a form of their own: docs/formats.';
const BY_LOG_SIZE = 'Flushes start by the growth of the log: kv.flushLogBytes of plinth.yaml.';
const NO_REPLICAS = 'This version runs on one node.';
const NO_CLUSTER = 'This version runs on one node.';

/** yes when the log runs. Whether it does is decided at the start. */
const appendonly: SettingRow = {
  name: 'appendonly',
  aliases: [],
  sort: 'fact',
  values: yesNo.about,
  about: 'Whether writes are logged: kv.persistence of plinth.yaml.',
  read: ({ engine }) => yesNo.print(engine.persistence !== undefined),
  prepare: (text, { engine }) => {
    const on = yesNo.parse(text);
    if (on instanceof Refusal) return on;
    if (on === (engine.persistence !== undefined)) return () => {};
    return new Refusal('persistence is set by kv.persistence in plinth.yaml and needs a restart');
  },
};

function followSync(engine: Engine): void {
  const { appendfsync } = engine.settings;
  engine.persistence?.log.setPolicy(appendfsync === 'no' ? 'never' : appendfsync);
}

/** Redis takes less for 16 KiB. */
const BACKLOG_BYTES_MIN = 16_384;
const backlogBytes: Kind<number> = {
  ...memory(1),
  about: `bytes, taken as at least ${BACKLOG_BYTES_MIN}`,
  parse: (text) => {
    const bytes = memory(1).parse(text);
    return bytes instanceof Refusal ? bytes : Math.max(bytes, BACKLOG_BYTES_MIN);
  },
};

export const durableRows: readonly SettingRow[] = [
  appendonly,
  live(
    'appendfsync',
    'appendfsync',
    choice('everysec', 'always', 'no'),
    'When a write is safe from power loss.',
    {
      changed: followSync,
    },
  ),
  live(
    'tier-memory',
    'tierMemory',
    memory(),
    'Memory of keys above which the least used are on the disk only; 0 for no limit.',
  ),
  fact('appendfilename', () => 'log', OWN_LOG),
  fact('appenddirname', () => 'log', OWN_LOG),
  kept(
    'aof-load-truncated',
    yesNo,
    'yes',
    'A torn end of the log is always cut, damage in its middle never.',
  ),
  kept('aof-use-rdb-preamble', yesNo, 'yes', OWN_LOG),
  kept('aof-rewrite-incremental-fsync', yesNo, 'yes', OWN_LOG),
  kept('aof-timestamp-enabled', yesNo, 'no', 'Every entry of the log has its time.'),
  kept('aof-disable-auto-gc', yesNo, 'no', OWN_LOG),
  kept('auto-aof-rewrite-percentage', integer(0, INT_MAX), '100', BY_LOG_SIZE),
  kept('auto-aof-rewrite-min-size', memory(), '67108864', BY_LOG_SIZE),
  kept('no-appendfsync-on-rewrite', yesNo, 'no', 'A flush never holds the log back.'),
  kept('save', savePoints, '3600 1 300 100 60 10000', BY_LOG_SIZE),
  fact('dbfilename', () => 'lsm', OWN_LOG, PROTECTED),
  kept('rdbcompression', yesNo, 'yes', OWN_LOG),
  kept('rdbchecksum', yesNo, 'yes', 'Every block of a table has its checksum.', {
    immutable: true,
  }),
  kept('rdb-save-incremental-fsync', yesNo, 'yes', OWN_LOG),
  kept('rdb-del-sync-files', yesNo, 'no', OWN_LOG),
  kept(
    'stop-writes-on-bgsave-error',
    yesNo,
    'yes',
    'Writes are refused when the log can not be written; a flush that fails loses nothing.',
  ),
  kept(
    'sanitize-dump-payload',
    choice('no', 'yes', 'clients'),
    'no',
    'RESTORE always checks what it is given.',
  ),
  kept(
    'propagation-error-behavior',
    choice('ignore', 'panic', 'panic-on-replicas'),
    'ignore',
    NO_REPLICAS,
  ),
];

export const replicationRows: readonly SettingRow[] = [
  fact('replicaof', () => '', NO_REPLICAS),
  fact('slaveof', () => '', NO_REPLICAS),
  kept('masterauth', anyText, '', NO_REPLICAS),
  kept('masteruser', anyText, '', NO_REPLICAS),
  kept('repl-backlog-size', backlogBytes, '1048576', NO_REPLICAS),
  kept('repl-backlog-ttl', integer(0, LONG_MAX), '3600', NO_REPLICAS),
  kept('repl-timeout', integer(1, INT_MAX), '60', NO_REPLICAS),
  kept('repl-disable-tcp-nodelay', yesNo, 'no', NO_REPLICAS),
  kept('repl-diskless-sync', yesNo, 'yes', NO_REPLICAS),
  kept('repl-diskless-sync-delay', integer(0, INT_MAX), '5', NO_REPLICAS),
  kept('repl-diskless-sync-max-replicas', integer(0, INT_MAX), '0', NO_REPLICAS),
  kept('repl-diskless-load', choice('disabled', 'on-empty-db', 'swapdb'), 'disabled', NO_REPLICAS),
  kept('repl-ping-replica-period', integer(1, INT_MAX), '10', NO_REPLICAS, {
    aliases: ['repl-ping-slave-period'],
  }),
  kept('min-replicas-to-write', integer(0, INT_MAX), '0', NO_REPLICAS, {
    aliases: ['min-slaves-to-write'],
  }),
  kept('min-replicas-max-lag', integer(0, INT_MAX), '10', NO_REPLICAS, {
    aliases: ['min-slaves-max-lag'],
  }),
  kept('replica-announce-ip', anyText, '', NO_REPLICAS, { aliases: ['slave-announce-ip'] }),
  kept('replica-announce-port', integer(0, 65535), '0', NO_REPLICAS, {
    aliases: ['slave-announce-port'],
  }),
  kept('replica-announced', yesNo, 'yes', NO_REPLICAS),
  kept('replica-ignore-disk-write-errors', yesNo, 'no', NO_REPLICAS),
  kept('replica-ignore-maxmemory', yesNo, 'yes', NO_REPLICAS, {
    aliases: ['slave-ignore-maxmemory'],
  }),
  kept('replica-lazy-flush', yesNo, 'no', NO_REPLICAS, { aliases: ['slave-lazy-flush'] }),
  kept('replica-priority', integer(0, INT_MAX), '100', NO_REPLICAS, {
    aliases: ['slave-priority'],
  }),
  kept('replica-read-only', yesNo, 'yes', NO_REPLICAS, { aliases: ['slave-read-only'] }),
  kept('replica-serve-stale-data', yesNo, 'yes', NO_REPLICAS, {
    aliases: ['slave-serve-stale-data'],
  }),
  kept('tls-replication', yesNo, 'no', NO_REPLICAS),
  fact('cluster-enabled', () => 'no', NO_CLUSTER),
  kept('cluster-node-timeout', integer(0, LONG_MAX), '15000', NO_CLUSTER),
  kept('cluster-require-full-coverage', yesNo, 'yes', NO_CLUSTER),
  kept('cluster-allow-reads-when-down', yesNo, 'no', NO_CLUSTER),
  kept('cluster-allow-pubsubshard-when-down', yesNo, 'yes', NO_CLUSTER),
  kept('cluster-migration-barrier', integer(0, INT_MAX), '1', NO_CLUSTER),
  kept('cluster-announce-ip', anyText, '', NO_CLUSTER),
  kept('cluster-announce-hostname', hostname, '', NO_CLUSTER),
  kept('cluster-announce-human-nodename', hostname, '', NO_CLUSTER),
  kept('cluster-announce-tls-port', integer(0, 65535), '0', NO_CLUSTER),
  kept('cluster-allow-replica-migration', yesNo, 'yes', NO_CLUSTER),
  kept('cluster-link-sendbuf-limit', memory(), '0', NO_CLUSTER),
  kept('cluster-replica-no-failover', yesNo, 'no', NO_CLUSTER, {
    aliases: ['cluster-slave-no-failover'],
  }),
  kept('cluster-replica-validity-factor', integer(0, INT_MAX), '10', NO_CLUSTER, {
    aliases: ['cluster-slave-validity-factor'],
  }),
  fact('cluster-config-file', () => 'nodes.conf', NO_CLUSTER),
  fact('cluster-port', () => '0', NO_CLUSTER),
  kept('tls-cluster', yesNo, 'no', NO_CLUSTER),
  kept('cluster-announce-port', integer(0, 65535), '0', NO_CLUSTER),
  kept('cluster-announce-bus-port', integer(0, 65535), '0', NO_CLUSTER),
  kept(
    'cluster-preferred-endpoint-type',
    choice('ip', 'hostname', 'unknown-endpoint'),
    'ip',
    NO_CLUSTER,
  ),
];
