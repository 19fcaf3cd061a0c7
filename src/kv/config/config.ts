/** The settings of the key-value store. What clients change by CONFIG SET is in settings.ts. */
import {
  address,
  choice,
  flag,
  group,
  integer,
  path,
  port,
  secret,
  section,
  size,
} from '../../core/config/index.ts';

const MEBIBYTE = 1024 * 1024;

export const kvConfig = section('kv', 'The key-value store: Redis protocol.', {
  enabled: flag({
    default: true,
    about: 'Whether the store runs in this process.',
  }),
  bind: address({
    default: '127.0.0.1',
    about: 'Address to listen on.',
    change: 'Set 0.0.0.0 or the address of an inner network, and a password with it.',
  }),
  port: port({
    default: 6379,
    about: 'Port of the Redis protocol; 0 takes a free one.',
  }),
  socket: path({
    default: undefined,
    about: 'Path of a Unix socket to listen on as well.',
    change: 'Set it when clients run on the same machine: it costs less than TCP.',
  }),
  tls: group('TLS, on a port of its own.', {
    port: port({ default: 0, about: 'Port of the Redis protocol over TLS; 0 for none.' }),
    cert: path({ default: undefined, about: 'File of the certificate chain, PEM.' }),
    key: path({ default: undefined, about: 'File of the private key, PEM.' }),
    ca: path({
      default: undefined,
      about: 'File of the authorities that client certificates chain to.',
    }),
    clients: choice(['no', 'optional', 'required'], {
      default: 'no',
      about: 'Whether clients must show a certificate.',
    }),
  }),
  password: secret({
    about: 'Password of the default user; without it everybody who can connect may do everything.',
  }),
  aclFile: path({
    default: undefined,
    about: 'File of users in the format of Redis; ACL SAVE writes it.',
  }),
  protectedMode: flag({
    default: true,
    about: 'Refuse clients from other machines while the default user has no password.',
  }),
  clientsMax: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    about: 'Clients connected at once.',
  }),
  databases: integer({
    default: 16,
    min: 1,
    max: 16_384,
    about: 'Numbered databases that SELECT knows.',
  }),
  memoryBytes: size({
    default: 0,
    about: 'Memory for keys and values above which the policy decides; 0 for no limit.',
    change: 'Set it below the memory of the machine, leaving room for clients.',
  }),
  memoryPolicy: choice(
    [
      'noeviction',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
    ],
    {
      default: 'noeviction',
      about: 'What goes when memory is full; noeviction refuses writes instead.',
      change: 'Set allkeys-lfu or allkeys-lru when the store is a cache.',
    },
  ),
  tierMemoryBytes: size({
    default: 0,
    about:
      'Memory for keys and values above which the least used are on the disk only; 0 takes half of what the process may use.',
    change: 'Set it when other programs need the memory of the machine.',
  }),
  persistence: flag({
    default: true,
    about: 'Whether data survive the process: a write-ahead log and tables of keys.',
    change: 'Switch it off for a pure cache.',
  }),
  fsync: choice(['always', 'everysec', 'never'], {
    default: 'everysec',
    about:
      'When a write is safe from power loss: before its reply, within a second, or when the system likes.',
    change: 'Set always when not even a second of writes may be lost.',
  }),
  backupFolder: path({
    default: undefined,
    about:
      'Folder below which backups go, and nowhere else; without it `backups` in the data folder.',
    change: 'Set a folder on another disk: a backup on the disk of the data dies with it.',
  }),
  logSegmentBytes: size({
    default: 64 * MEBIBYTE,
    min: 64 * 1024,
    max: 1024 * MEBIBYTE,
    about: 'Size of one file of the write-ahead log.',
  }),
  flushLogBytes: size({
    default: 16 * MEBIBYTE,
    min: 64 * 1024,
    about: 'Log written since the last flush of keys to their tables that starts the next one.',
    change: 'Lower it for a quicker start, raise it for less disk traffic.',
  }),
});
