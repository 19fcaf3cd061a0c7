/** Settings of clients, the network, what is watched, scripts and users. */
import { formatOutputLimits, parseOutputLimits } from '../session/output-limits.ts';
import { eventClasses, percentiles, titleTemplate } from './flags.ts';
import {
  anyText,
  choice,
  INT_MAX,
  integer,
  integers,
  LONG_MAX,
  memory,
  parseMemory,
  Refusal,
  UINT_MAX,
  words,
  yesNo,
} from './kinds.ts';
import { fact, kept, live, PROTECTED, type SettingRow } from './row.ts';

const MEBIBYTE = 2 ** 20;
const IN_YAML = 'Set in plinth.yaml.';
const BY_SYSTEM = 'The service manager and the container decide it.';
const NO_THREADS = 'One process uses one core; more cores are used by more nodes.';
const OWN_LOG = 'The log of the process is set in plinth.yaml: log.level, log.output.';
const NO_TLS_OUT = 'Connections to other servers (MIGRATE) are not encrypted.';
const BY_TLS_LIBRARY = 'The TLS library decides; versions below 1.2 are refused.';
const NO_CACHE = 'Sessions are resumed by tickets, which the TLS library manages.';

const outputLimits: SettingRow = {
  name: 'client-output-buffer-limit',
  aliases: [],
  sort: 'live',
  values: 'class, hard bytes, soft bytes, seconds; several',
  about: 'Unsent output at which a client is disconnected, by class.',
  read: ({ settings }) => formatOutputLimits(settings.clientOutputBufferLimits),
  prepare: (text, { settings }) => {
    const limits = parseOutputLimits(text, settings.clientOutputBufferLimits, parseMemory);
    if (typeof limits === 'string') return new Refusal(limits);
    return () => {
      settings.clientOutputBufferLimits = limits;
    };
  },
};

export const clientRows: readonly SettingRow[] = [
  fact('bind', ({ settings }) => settings.bind, IN_YAML),
  fact('bind-source-addr', () => '', 'The kernel chooses the address of outgoing connections.'),
  fact('socket-mark-id', () => '0', 'Sockets are not marked.'),
  fact('port', ({ settings }) => String(settings.port), IN_YAML),
  fact('unixsocket', ({ settings }) => settings.unixsocket, IN_YAML),
  kept(
    'unixsocketperm',
    integer(0, 0o777),
    '0',
    'The socket has the rights of its folder and the umask.',
    { immutable: true },
  ),
  fact('tls-port', ({ settings }) => String(settings.tlsPort), IN_YAML),
  fact('tls-cert-file', ({ settings }) => settings.tlsCertFile, IN_YAML),
  fact('tls-key-file', ({ settings }) => settings.tlsKeyFile, IN_YAML),
  fact('tls-ca-cert-file', ({ settings }) => settings.tlsCaCertFile, IN_YAML),
  fact('tls-auth-clients', ({ settings }) => settings.tlsAuthClients, IN_YAML),
  fact('tls-ca-cert-dir', () => '', 'Authorities stand in one file: kv.tls.ca of plinth.yaml.'),
  fact('tls-key-file-pass', () => '', 'The key has to be readable by the process alone.'),
  fact('tls-client-cert-file', () => '', NO_TLS_OUT),
  fact('tls-client-key-file', () => '', NO_TLS_OUT),
  fact('tls-client-key-file-pass', () => '', NO_TLS_OUT),
  fact('tls-dh-params-file', () => '', BY_TLS_LIBRARY),
  fact('tls-protocols', () => '', BY_TLS_LIBRARY),
  fact('tls-ciphers', () => '', BY_TLS_LIBRARY),
  fact('tls-ciphersuites', () => '', BY_TLS_LIBRARY),
  fact('tls-prefer-server-ciphers', () => 'no', BY_TLS_LIBRARY),
  kept('tls-session-caching', yesNo, 'yes', NO_CACHE),
  kept('tls-session-cache-size', integer(0, INT_MAX), '20480', NO_CACHE),
  kept('tls-session-cache-timeout', integer(0, INT_MAX), '300', NO_CACHE),
  live(
    'protected-mode',
    'protectedMode',
    yesNo,
    'Refuse clients from other machines while the default user has no password.',
  ),
  live('maxclients', 'maxclients', integer(1, UINT_MAX), 'Clients connected at once.'),
  live(
    'timeout',
    'timeout',
    integer(0, INT_MAX),
    'Seconds of silence after which a client is disconnected; 0: never.',
  ),
  live(
    'tcp-keepalive',
    'tcpKeepalive',
    integer(0, INT_MAX),
    'Seconds of silence after which a connection is probed, if accepted from now on; 0: never.',
  ),
  kept('tcp-backlog', integer(0, INT_MAX), '511', 'Connections that wait in the kernel.', {
    immutable: true,
  }),
  outputLimits,
  live(
    'client-query-buffer-limit',
    'clientQueryBufferLimit',
    memory(MEBIBYTE),
    'Bytes of one client that are not run yet.',
  ),
  live(
    'tracking-table-max-keys',
    'trackingTableMaxKeys',
    integer(0, LONG_MAX),
    'Keys remembered for client-side caching.',
  ),
  kept('io-threads', integer(1, 128), '1', NO_THREADS, { immutable: true }),
  kept('io-threads-do-reads', yesNo, 'no', NO_THREADS, { immutable: true }),
  fact('databases', ({ engine }) => String(engine.keyspace.databases.length), IN_YAML),
];

export const observeRows: readonly SettingRow[] = [
  live(
    'notify-keyspace-events',
    'notifyKeyspaceEvents',
    eventClasses,
    'Classes of keyspace notifications that are published.',
  ),
  live(
    'slowlog-log-slower-than',
    'slowlogLogSlowerThan',
    integer(-1, LONG_MAX),
    'Microseconds from which a command is in SLOWLOG; -1: none.',
  ),
  live('slowlog-max-len', 'slowlogMaxLen', integer(0, LONG_MAX), 'Entries of SLOWLOG.'),
  live(
    'latency-monitor-threshold',
    'latencyMonitorThreshold',
    integer(0, LONG_MAX),
    'Milliseconds from which LATENCY notes an event; 0: never.',
  ),
  live('latency-tracking', 'latencyTracking', yesNo, 'Whether INFO shows latencies by command.'),
  live(
    'latency-tracking-info-percentiles',
    'latencyTrackingInfoPercentiles',
    percentiles,
    'Percentiles that INFO shows.',
  ),
  kept('loglevel', choice('debug', 'verbose', 'notice', 'warning', 'nothing'), 'notice', OWN_LOG),
  kept('logfile', anyText, '', OWN_LOG, { immutable: true }),
  kept('syslog-enabled', yesNo, 'no', OWN_LOG, { immutable: true }),
  kept('syslog-ident', anyText, 'plinth', OWN_LOG, { immutable: true }),
  kept('syslog-facility', anyText, 'local0', OWN_LOG, { immutable: true }),
  kept('crash-log-enabled', yesNo, 'yes', OWN_LOG),
  kept('crash-memcheck-enabled', yesNo, 'yes', 'Memory is not tested after a fault.'),
];

/** The one password of the default user, as text: only what was set by the configuration has one. */
const requirepass: SettingRow = {
  name: 'requirepass',
  aliases: [],
  sort: 'live',
  values: anyText.about,
  about: 'Password of the default user; empty: none.',
  read: ({ engine }) => engine.acl.requirepass,
  prepare: (text, { engine }) => {
    return () => engine.acl.setDefaultPassword(text);
  },
};

export const userRows: readonly SettingRow[] = [
  requirepass,
  fact('aclfile', ({ settings }) => settings.aclfile, IN_YAML),
  live(
    'acl-pubsub-default',
    'aclPubsubDefault',
    choice('allchannels', 'resetchannels'),
    'Channels that a new user may use.',
  ),
  live('acllog-max-len', 'acllogMaxLen', integer(0, LONG_MAX), 'Entries of ACL LOG.'),
  live(
    'busy-reply-threshold',
    'busyReplyThreshold',
    integer(0, LONG_MAX),
    'Milliseconds after which a script counts as slow and may be killed.',
    {
      aliases: ['lua-time-limit'],
    },
  ),
  live(
    'script-memory-max',
    'scriptMemoryMax',
    memory(MEBIBYTE),
    'Bytes that one run of a script may hold; Redis has no such limit.',
  ),
  fact('enable-debug-command', () => 'yes', 'Who may use DEBUG is decided by ACL.'),
  fact('enable-module-command', () => 'no', 'There are no modules.'),
  fact('enable-protected-configs', () => 'no', 'Folder and file names are set in plinth.yaml.'),
];

const SHUTDOWN_WORDS = ['save', 'nosave', 'now', 'force'];
const shutdownWords = words('default', SHUTDOWN_WORDS, (chosen) =>
  chosen.includes('save') && chosen.includes('nosave')
    ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
    : undefined,
);

export const processRows: readonly SettingRow[] = [
  fact('daemonize', () => 'no', BY_SYSTEM),
  fact('supervised', () => 'no', BY_SYSTEM),
  fact('pidfile', () => '', BY_SYSTEM),
  fact('dir', ({ settings }) => settings.dir, IN_YAML, PROTECTED),
  kept(
    'shutdown-timeout',
    integer(0, INT_MAX),
    '10',
    'The time to drain is node.drain of plinth.yaml.',
  ),
  kept(
    'shutdown-on-sigint',
    shutdownWords,
    'default',
    'Signals always stop the process in order; the log has every write.',
  ),
  kept(
    'shutdown-on-sigterm',
    shutdownWords,
    'default',
    'Signals always stop the process in order; the log has every write.',
  ),
  kept('oom-score-adj', choice('no', 'yes', 'relative', 'absolute'), 'no', BY_SYSTEM),
  kept('oom-score-adj-values', integers(3, -2000, 2000), '0 200 800', BY_SYSTEM),
  kept('disable-thp', yesNo, 'yes', BY_SYSTEM, { immutable: true }),
  kept('set-proc-title', yesNo, 'yes', 'The process keeps the title it was started with.', {
    immutable: true,
  }),
  kept(
    'proc-title-template',
    titleTemplate,
    '{title} {listen-addr} {server-mode}',
    'The process keeps the title it was started with.',
  ),
  kept('server_cpulist', anyText, '', BY_SYSTEM, { immutable: true }),
  kept('bio_cpulist', anyText, '', BY_SYSTEM, { immutable: true }),
  kept('bgsave_cpulist', anyText, '', BY_SYSTEM, { immutable: true }),
  kept('aof_rewrite_cpulist', anyText, '', BY_SYSTEM, { immutable: true }),
  kept('always-show-logo', yesNo, 'no', 'There is no logo.', { immutable: true }),
  kept('ignore-warnings', anyText, '', 'There are no such warnings.'),
  kept('locale-collate', anyText, '', 'SORT compares bytes.'),
];
