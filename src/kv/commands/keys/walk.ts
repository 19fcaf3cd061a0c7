/** KEYS, SCAN, RANDOMKEY, DBSIZE: the keys of a database as a whole. */
import type { Call } from '../../command/call.ts';
import { scanCursor } from '../../command/scan.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { SYNTAX_ERROR } from '../../errors.ts';
import { matchesAll, matchGlob } from '../../glob.ts';
import { TYPE_NAMES } from '../../keyspace/index.ts';
import { type Address, reverseBits } from '../../memory/index.ts';
import type { ColdEntry } from '../../tier/index.ts';

const COUNT_DEFAULT = 10;
/** Buckets looked at for each key asked for, at most, as Redis does. */
const BUCKETS_PER_KEY = 10;

/** The end of the order of SCAN, in which hashes stand with their bits in reverse. */
const PLACES = 2 ** 32;

/** The place up to which a scan of the table has come with its next cursor. */
function endOf(cursor: number): number {
  return cursor === 0 ? PLACES : reverseBits(cursor);
}

function ignore(): void {}

/** A key whose time has come and that nobody has met yet. */
function isDue(call: Call, record: Address): boolean {
  return isPast(call, call.db.expiryOf(record));
}

function isPast(call: Call, at: number): boolean {
  return at >= 0 && at <= call.nowMs && call.engine.keyspace.expiresOnLookup;
}

function keys(call: Call): void {
  const { db, reply } = call;
  const pattern = call.args.bytes(1);
  const all = matchesAll(pattern);
  const mark = reply.deferred();
  let found = 0;
  const visit = (record: Address): undefined => {
    const buf = db.bytesOf(record);
    const start = db.keyOffset(record);
    const end = start + db.keyLength(record);
    if ((!all && !matchGlob(pattern, buf, start, end)) || isDue(call, record)) return;
    reply.bulk(buf, start, end);
    found++;
  };
  db.table.each(visit);
  call.engine.cold?.eachEntry(db, 0, ({ buf, start, length, entry }) => {
    const end = start + length;
    if ((!all && !matchGlob(pattern, buf, start, end)) || isPast(call, entry.expiry)) return true;
    reply.bulk(buf, start, end);
    found++;
    return true;
  });
  reply.endDeferred(mark, 'array', found);
}

function scan(call: Call): void {
  const { args, db, engine, reply } = call;
  let cursor = scanCursor(call, 1);
  let count = COUNT_DEFAULT;
  let pattern: Buffer | undefined;
  let type: string | undefined;
  for (let i = 2; i < call.count; i += 2) {
    const keyword = args.keyword(i);
    if (i + 1 >= call.count) throw SYNTAX_ERROR;
    if (keyword === 'COUNT') {
      count = call.int(i + 1);
      if (count < 1) throw SYNTAX_ERROR;
    } else if (keyword === 'MATCH') pattern = args.bytes(i + 1);
    else if (keyword === 'TYPE') type = args.text(i + 1).toLowerCase();
    else throw SYNTAX_ERROR;
  }
  if (pattern !== undefined && matchesAll(pattern)) pattern = undefined;
  const mark = reply.deferred();
  let seen = 0;
  let found = 0;
  const visit = (record: Address): void => {
    seen++;
    if (isDue(call, record)) {
      engine.expire(db, record);
      return;
    }
    if (type !== undefined && TYPE_NAMES[db.typeOf(record)] !== type) return;
    const buf = db.bytesOf(record);
    const start = db.keyOffset(record);
    const end = start + db.keyLength(record);
    if (pattern !== undefined && !matchGlob(pattern, buf, start, end)) return;
    reply.bulk(buf, start, end);
    found++;
  };
  const visitCold = ({ buf, start, length, entry }: ColdEntry): void => {
    seen++;
    if (type !== undefined && TYPE_NAMES[entry.type] !== type) return;
    const end = start + length;
    if (pattern !== undefined && !matchGlob(pattern, buf, start, end)) return;
    // Whoever asks for it expires it.
    if (isPast(call, entry.expiry)) return;
    reply.bulk(buf, start, end);
    found++;
  };
  let steps = count * BUCKETS_PER_KEY;
  const { cold } = engine;
  if (db.cold === 0 || cold === undefined) {
    do {
      cursor = db.table.scan(cursor, visit);
    } while (cursor !== 0 && --steps > 0 && seen < count);
  } else {
    const entries = cold.openWalk(db, reverseBits(cursor), count);
    try {
      do {
        // There may be many keys on the disk for one bucket of the table: then a step ends within it.
        const place = reverseBits(cursor);
        const end = entries.upTo(endOf(db.table.scan(cursor, ignore)), count - seen, visitCold);
        db.table.scan(cursor, (record) => {
          const at = reverseBits(db.hashOf(record));
          if (at >= place && at < end) visit(record);
        });
        cursor = end === PLACES ? 0 : reverseBits(end);
      } while (cursor !== 0 && --steps > 0 && seen < count);
    } catch (error) {
      throw cold.told(error);
    } finally {
      entries.close();
    }
  }
  reply.endScan(mark, cursor, found);
}

function randomkey(call: Call): void {
  const { db, engine, reply } = call;
  engine.overwritten?.resolveAll();
  const draw = () => engine.random.u32();
  for (;;) {
    const fromDisk = db.cold > 0 && draw() % db.size >= db.hot;
    const record = fromDisk ? engine.cold!.random(db, draw()) : db.table.random(draw);
    if (record === 0) {
      reply.null();
      return;
    }
    if (!isDue(call, record)) {
      const start = db.keyOffset(record);
      reply.bulk(db.bytesOf(record), start, start + db.keyLength(record));
      return;
    }
    engine.expire(db, record);
  }
}

function dbsize(call: Call): void {
  call.engine.overwritten?.resolveAll();
  call.reply.integer(call.db.size);
}

export const walkCommands: readonly CommandSpec[] = [
  {
    name: 'keys',
    arity: 2,
    flags: ['readonly'],
    acl: ['keyspace', 'dangerous'],
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(N) with N keys in the database',
    summary: 'Returns all keys that match a pattern.',
    syntax: 'pattern',
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    run: keys,
  },
  {
    name: 'scan',
    arity: -2,
    flags: ['readonly'],
    acl: ['keyspace'],
    group: 'generic',
    since: '2.8.0',
    complexity: 'O(1) for every call, O(N) for a whole scan of N keys',
    summary: 'Walks over the keys of the database in steps.',
    syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]',
    tips: ['nondeterministic_output', 'request_policy:special', 'response_policy:special'],
    run: scan,
  },
  {
    name: 'randomkey',
    arity: 1,
    flags: ['readonly'],
    acl: ['keyspace'],
    group: 'generic',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns a random key of the database.',
    syntax: '',
    tips: ['request_policy:all_shards', 'response_policy:special', 'nondeterministic_output'],
    run: randomkey,
  },
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    acl: ['keyspace'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns the number of keys in the database.',
    syntax: '',
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    run: dbsize,
  },
];
