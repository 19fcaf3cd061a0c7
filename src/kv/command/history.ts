/**
 * What changed in commands since they came, and by what the old ones are replaced: COMMAND DOCS tells
 * it, so that tools can warn. Versions are those of Redis; a command without a line has not changed.
 */

/** Version, and what came with it. */
export type Change = readonly [version: string, text: string];

const MANY_ELEMENTS: readonly Change[] = [['2.4.0', 'Takes several elements.']];
const MANY_LATE: readonly Change[] = [['4.0.0', 'Takes several elements.']];
const FRACTIONS: readonly Change[] = [['6.0.0', 'The timeout may have a fraction.']];
const COUNTED: readonly Change[] = [['6.2.0', 'Option `count`.']];
const EXPIRE_OPTIONS: readonly Change[] = [['7.0.0', 'Options `NX`, `XX`, `GT` and `LT`.']];
const UPPER_UNITS: Change = ['7.0.0', 'Units in upper case.'];
const ANY_OPTION: Change = ['6.2.0', 'Option `ANY` of `COUNT`.'];
const BYTE_OR_BIT: readonly Change[] = [['7.0.0', 'Options `BYTE` and `BIT`.']];
const EXCLUSIVE: readonly Change[] = [['6.2.0', 'Exclusive ranges.']];
const WITH_SCORE: readonly Change[] = [['7.2.0', 'Option `WITHSCORE`.']];
const NO_KEY: readonly Change[] = [['2.8.0', 'Replies -2 when the key does not exist.']];
const FLUSH_MODES: readonly Change[] = [
  ['4.0.0', 'Option `ASYNC`.'],
  ['6.2.0', 'Option `SYNC`.'],
];
const RESTORED: readonly Change[] = [
  ['3.0.0', 'Option `REPLACE`.'],
  ['5.0.0', 'Option `ABSTTL`.'],
  ['5.0.0', 'Options `IDLETIME` and `FREQ`.'],
];

/** Changes by command, oldest first. */
export const changesOf: Readonly<Record<string, readonly Change[]>> = {
  'acl|getuser': [
    ['6.2.0', 'Patterns of channels.'],
    ['7.0.0', 'Selectors; patterns of keys and channels are told as rules.'],
  ],
  'acl|setuser': [
    ['6.2.0', 'Patterns of channels.'],
    ['7.0.0', 'Selectors, and permissions by key.'],
  ],
  auth: [['6.0.0', 'Takes a user name.']],
  bgsave: [['3.2.2', 'Option `SCHEDULE`.']],
  bitcount: BYTE_OR_BIT,
  bitpos: BYTE_OR_BIT,
  blpop: FRACTIONS,
  brpop: FRACTIONS,
  brpoplpush: FRACTIONS,
  bzpopmax: FRACTIONS,
  bzpopmin: FRACTIONS,
  'client|kill': [
    ['2.8.12', 'Filters.'],
    ['2.8.12', 'Filter `ID`.'],
    ['3.2.0', 'Type `master`.'],
    ['5.0.0', 'Type `replica`; `slave` still means it.'],
    ['6.2.0', 'Filter `LADDR`.'],
    ['7.4.0', 'Filter `MAXAGE`.'],
  ],
  'client|list': [
    ['2.8.12', 'Field `id`.'],
    ['5.0.0', 'Filter `TYPE`.'],
    ['6.0.0', 'Field `user`.'],
    ['6.2.0', 'Fields `argv-mem`, `tot-mem`, `laddr` and `redir`, filter `ID`.'],
    ['7.0.0', 'Fields `resp`, `multi-mem`, `rbs` and `rbp`.'],
    ['7.0.3', 'Field `ssub`.'],
    ['7.2.0', 'Fields `lib-name` and `lib-ver`.'],
  ],
  'client|pause': [['6.2.0', 'Mode `WRITE`.']],
  'cluster|meet': [['4.0.0', 'Takes the port of the bus.']],
  'cluster|slots': [
    ['4.0.0', 'Names of nodes.'],
    ['7.0.0', 'More about the addresses of nodes.'],
  ],
  'command|info': [['7.0.0', 'Without names it tells of all commands.']],
  'config|get': [['7.0.0', 'Takes several patterns.']],
  'config|set': [['7.0.0', 'Takes several settings.']],
  exists: [['3.0.3', 'Takes several keys.']],
  expire: EXPIRE_OPTIONS,
  expireat: EXPIRE_OPTIONS,
  flushall: FLUSH_MODES,
  flushdb: FLUSH_MODES,
  geoadd: [['6.2.0', 'Options `CH`, `NX` and `XX`.']],
  georadius: [ANY_OPTION, UPPER_UNITS],
  georadius_ro: [ANY_OPTION],
  georadiusbymember: [UPPER_UNITS],
  geosearch: [UPPER_UNITS],
  geosearchstore: [UPPER_UNITS],
  hdel: MANY_ELEMENTS,
  hello: [['6.2.0', 'Without a version it tells of the connection as it is.']],
  hset: [['4.0.0', 'Takes several fields.']],
  info: [['7.0.0', 'Takes several sections.']],
  lpop: COUNTED,
  lpush: MANY_ELEMENTS,
  lpushx: MANY_LATE,
  migrate: [
    ['3.0.0', 'Options `COPY` and `REPLACE`.'],
    ['3.0.6', 'Option `KEYS`.'],
    ['4.0.7', 'Option `AUTH`.'],
    ['6.0.0', 'Option `AUTH2`.'],
  ],
  pexpire: EXPIRE_OPTIONS,
  pexpireat: EXPIRE_OPTIONS,
  pttl: NO_KEY,
  renamenx: [['3.2.0', 'A key may be renamed to its own name.']],
  restore: RESTORED,
  'restore-asking': RESTORED,
  rpop: COUNTED,
  rpush: MANY_ELEMENTS,
  rpushx: MANY_LATE,
  sadd: MANY_ELEMENTS,
  scan: [['6.0.0', 'Option `TYPE`.']],
  'script|flush': [['6.2.0', 'Options `ASYNC` and `SYNC`.']],
  set: [
    ['2.6.12', 'Options `EX`, `PX`, `NX` and `XX`.'],
    ['6.0.0', 'Option `KEEPTTL`.'],
    ['6.2.0', 'Options `GET`, `EXAT` and `PXAT`.'],
    ['7.0.0', '`NX` and `GET` go together.'],
  ],
  shutdown: [['7.0.0', 'Options `NOW`, `FORCE` and `ABORT`.']],
  'slowlog|get': [['4.0.0', 'Address and name of the client.']],
  spop: [['3.2.0', 'Option `count`.']],
  srandmember: [['2.6.0', 'Option `count`.']],
  srem: MANY_ELEMENTS,
  ttl: NO_KEY,
  xadd: [
    ['6.2.0', 'Options `NOMKSTREAM`, `MINID` and `LIMIT`.'],
    ['7.0.0', 'Ids of the form `<ms>-*`.'],
    ['8.2.0', 'Options `KEEPREF`, `DELREF` and `ACKED`.'],
  ],
  xautoclaim: [['7.0.0', 'Tells which entries were deleted meanwhile.']],
  'xgroup|create': [['7.0.0', 'Option `ENTRIESREAD`.']],
  'xgroup|setid': [['7.0.0', 'Option `ENTRIESREAD`.']],
  'xinfo|consumers': [['7.2.0', 'Field `inactive`.']],
  'xinfo|groups': [['7.0.0', 'Fields `entries-read` and `lag`.']],
  'xinfo|stream': [
    ['6.0.0', 'Option `FULL`.'],
    [
      '7.0.0',
      'Fields `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`.',
    ],
    ['7.2.0', 'Field `active-time`; `seen-time` is that of the last attempt.'],
  ],
  xpending: [['6.2.0', 'Option `IDLE`, and exclusive ranges.']],
  xrange: EXCLUSIVE,
  xrevrange: EXCLUSIVE,
  xsetid: [['7.0.0', 'Options `ENTRIESADDED` and `MAXDELETEDID`.']],
  xtrim: [
    ['6.2.0', 'Options `MINID` and `LIMIT`.'],
    ['8.2.0', 'Options `KEEPREF`, `DELREF` and `ACKED`.'],
  ],
  zadd: [
    ['2.4.0', 'Takes several elements.'],
    ['3.0.2', 'Options `XX`, `NX`, `CH` and `INCR`.'],
    ['6.2.0', 'Options `GT` and `LT`.'],
  ],
  zrange: [['6.2.0', 'Options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.']],
  zrangebyscore: [['2.0.0', 'Option `WITHSCORES`.']],
  zrank: WITH_SCORE,
  zrem: MANY_ELEMENTS,
  zrevrangebyscore: [['2.1.6', 'Bounds may be exclusive.']],
  zrevrank: WITH_SCORE,
};

/** Commands that stay for old clients: since when there is something better, and what. */
export const replacedBy: Readonly<Record<string, Change>> = {
  brpoplpush: ['6.2.0', '`BLMOVE` with the `RIGHT` and `LEFT` arguments'],
  'cluster|slaves': ['5.0.0', '`CLUSTER REPLICAS`'],
  'cluster|slots': ['7.0.0', '`CLUSTER SHARDS`'],
  georadius: ['6.2.0', '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument'],
  georadius_ro: ['6.2.0', '`GEOSEARCH` with the `BYRADIUS` argument'],
  georadiusbymember: [
    '6.2.0',
    '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
  ],
  georadiusbymember_ro: ['6.2.0', '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments'],
  getset: ['6.2.0', '`SET` with the `!GET` argument'],
  hmset: ['4.0.0', '`HSET` with multiple field-value pairs'],
  quit: ['7.2.0', 'just closing the connection'],
  rpoplpush: ['6.2.0', '`LMOVE` with the `RIGHT` and `LEFT` arguments'],
  slaveof: ['5.0.0', '`REPLICAOF`'],
  substr: ['2.0.0', '`GETRANGE`'],
  zrangebylex: ['6.2.0', '`ZRANGE` with the `BYLEX` argument'],
  zrangebyscore: ['6.2.0', '`ZRANGE` with the `BYSCORE` argument'],
  zrevrange: ['6.2.0', '`ZRANGE` with the `REV` argument'],
  zrevrangebylex: ['6.2.0', '`ZRANGE` with the `REV` and `BYLEX` arguments'],
  zrevrangebyscore: ['6.2.0', '`ZRANGE` with the `REV` and `BYSCORE` arguments'],
};

/** Commands for servers among themselves, and for tests. */
export const systemCommands: ReadonlySet<string> = new Set([
  'debug',
  'pfdebug',
  'pfselftest',
  'replconf',
  'restore-asking',
]);
