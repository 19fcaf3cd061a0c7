/** Settings of how values are kept, and of memory. */
import {
  choice,
  clamped,
  INT_MAX,
  integer,
  LONG_MAX,
  memory,
  memoryOrPercent,
  yesNo,
} from './kinds.ts';
import { kept, live, type SettingRow } from './row.ts';

const MEBIBYTE = 2 ** 20;
const NO_DEFRAG =
  'Memory is allotted in size classes whose empty spans are given back; there is nothing to move.';
const ALWAYS_LAZY = 'Memory of what goes is always given back in slices in the background.';

const ENTRIES = 'Entries up to which a value of this type stays packed.';
const VALUE = 'Bytes of an element up to which a value of this type stays packed.';
const limits = {
  entries: integer(0, LONG_MAX),
  bytes: memory(),
  list: integer(-INT_MAX - 1, INT_MAX),
};

export const valueRows: readonly SettingRow[] = [
  live('hash-max-listpack-entries', 'hashMaxListpackEntries', limits.entries, ENTRIES, {
    aliases: ['hash-max-ziplist-entries'],
  }),
  live('hash-max-listpack-value', 'hashMaxListpackValue', limits.bytes, VALUE, {
    aliases: ['hash-max-ziplist-value'],
  }),
  live(
    'set-max-intset-entries',
    'setMaxIntsetEntries',
    limits.entries,
    'Entries up to which a set of integers is packed as integers.',
  ),
  live('set-max-listpack-entries', 'setMaxListpackEntries', limits.entries, ENTRIES),
  live('set-max-listpack-value', 'setMaxListpackValue', limits.bytes, VALUE),
  live('zset-max-listpack-entries', 'zsetMaxListpackEntries', limits.entries, ENTRIES, {
    aliases: ['zset-max-ziplist-entries'],
  }),
  live('zset-max-listpack-value', 'zsetMaxListpackValue', limits.bytes, VALUE, {
    aliases: ['zset-max-ziplist-value'],
  }),
  live(
    'list-max-listpack-size',
    'listMaxListpackSize',
    limits.list,
    'Entries of a list chunk, or its bytes as -1 (4 KiB) to -5 (64 KiB).',
    {
      aliases: ['list-max-ziplist-size'],
    },
  ),
  live(
    'list-compress-depth',
    'listCompressDepth',
    integer(0, INT_MAX),
    'Given back; chunks of lists are not compressed.',
  ),
  live('stream-node-max-bytes', 'streamNodeMaxBytes', memory(), 'Bytes of one block of a stream.'),
  live(
    'stream-node-max-entries',
    'streamNodeMaxEntries',
    integer(0, LONG_MAX),
    'Entries of one block of a stream.',
  ),
  live(
    'hll-sparse-max-bytes',
    'hllSparseMaxBytes',
    memory(),
    'Bytes up to which a HyperLogLog stays sparse.',
  ),
  live(
    'proto-max-bulk-len',
    'protoMaxBulkLen',
    memory(MEBIBYTE),
    'Bytes of one argument and of one string.',
  ),
];

export const memoryRows: readonly SettingRow[] = [
  live(
    'maxmemory',
    'maxmemory',
    memory(),
    'Memory of keys and values above which the policy decides; 0: no limit.',
    {
      changed: (engine) => engine.eviction.sync(),
    },
  ),
  live(
    'maxmemory-policy',
    'maxmemoryPolicy',
    choice(
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ),
    'What goes when memory is full.',
    { changed: (engine) => engine.eviction.sync() },
  ),
  live(
    'maxmemory-samples',
    'maxmemorySamples',
    integer(1, INT_MAX),
    'Keys looked at for one eviction.',
  ),
  kept(
    'maxmemory-eviction-tenacity',
    integer(0, 100),
    '10',
    'An eviction takes at most a millisecond of a turn, then goes on in the background.',
  ),
  live(
    'maxmemory-clients',
    'maxmemoryClients',
    memoryOrPercent,
    'Bytes that clients may hold together in requests and replies, or a percentage of maxmemory. Above it those with the most are disconnected, but for CLIENT NO-EVICT; 0: no limit, else at least 128 KiB.',
  ),
  live(
    'lfu-log-factor',
    'lfuLogFactor',
    integer(0, INT_MAX),
    'How slowly the counter of uses rises.',
  ),
  live(
    'lfu-decay-time',
    'lfuDecayTime',
    integer(0, INT_MAX),
    'Minutes after which the counter of uses falls by one.',
  ),
  live(
    'active-expire-effort',
    'activeExpireEffort',
    integer(1, 10),
    'Share of time for keys whose time has come.',
  ),
  kept('lazyfree-lazy-eviction', yesNo, 'no', ALWAYS_LAZY),
  kept('lazyfree-lazy-expire', yesNo, 'no', ALWAYS_LAZY),
  kept('lazyfree-lazy-server-del', yesNo, 'no', ALWAYS_LAZY),
  live('lazyfree-lazy-user-del', 'lazyfreeLazyUserDel', yesNo, ALWAYS_LAZY),
  live('lazyfree-lazy-user-flush', 'lazyfreeLazyUserFlush', yesNo, ALWAYS_LAZY),
  kept('activedefrag', yesNo, 'no', NO_DEFRAG),
  kept('active-defrag-threshold-lower', integer(0, 1000), '10', NO_DEFRAG),
  kept('active-defrag-threshold-upper', integer(0, 1000), '100', NO_DEFRAG),
  kept('active-defrag-ignore-bytes', memory(1), '104857600', NO_DEFRAG),
  kept('active-defrag-cycle-min', integer(1, 99), '1', NO_DEFRAG),
  kept('active-defrag-cycle-max', integer(1, 99), '25', NO_DEFRAG),
  kept('active-defrag-max-scan-fields', integer(1, LONG_MAX), '1000', NO_DEFRAG),
  kept('jemalloc-bg-thread', yesNo, 'yes', 'There is no jemalloc here.'),
  kept('activerehashing', yesNo, 'yes', 'Tables always finish their rehash in the background.'),
  kept(
    'hz',
    clamped(1, 500),
    '10',
    'Background work comes ten times a second and then as long as there is some.',
  ),
  kept('dynamic-hz', yesNo, 'yes', 'See hz.'),
];
