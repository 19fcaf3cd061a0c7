/** DEBUG subcommands that make keys, or look at how one is kept. */
import type { Call } from '../../command/call.ts';
import { NO_SUCH_KEY, NOT_POSITIVE, ReplyError } from '../../errors.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { encodingOf, lengthOf, ValueLoader } from '../../values/index.ts';

const NO_TABLE = new ReplyError(
  'ERR The value stored at the specified key is not represented using an hash table',
);
const NO_QUICKLIST = new ReplyError('ERR Not a quicklist encoded object.');
const NO_LISTPACK = new ReplyError('ERR Not a listpack encoded object.');

/** The record of the key at argument 2. @throws NO_SUCH_KEY */
export function keyAtTwo({ args, db }: Call): Address {
  const record = db.peek(args.buf, args.start(2), args.length(2));
  if (record === 0) throw NO_SUCH_KEY;
  return record;
}

/**
 * POPULATE count [prefix] [size]: keys `prefix:0` to `prefix:count-1` with values `value:0` ..., cut to
 * `size` or filled up with zero bytes. Keys that are there stay as they are.
 */
export function populate(call: Call): void {
  const { args, db, engine } = call;
  const count = call.intBetween(2, 0, Number.MAX_SAFE_INTEGER, NOT_POSITIVE);
  const prefix = call.count > 3 ? args.copy(3) : Buffer.from('key');
  const size =
    call.count > 4 ? call.intBetween(4, 0, engine.settings.protoMaxBulkLen, NOT_POSITIVE) : 0;
  for (let i = 0; i < count; i++) {
    const key = Buffer.concat([prefix, Buffer.from(`:${i}`)]);
    if (db.find(key, 0, key.length) !== 0) continue;
    const text = Buffer.from(`value:${i}`);
    const value = size === 0 ? text : Buffer.alloc(size);
    if (size > 0) text.copy(value);
    const loader = new ValueLoader(engine, db, key);
    loader.onString(value);
    loader.finish();
    // Each is an effect of its own: together they may be more than one entry of the log holds.
    engine.effects.add(db.index, ['SET', key, value]);
    engine.changed(db, key, 0, key.length, Notify.new, 'new');
  }
  call.noEffect();
  call.reply.ok();
}

export function listpack(call: Call): void {
  if (!encodingOf(call.db, keyAtTwo(call)).startsWith('listpack')) throw NO_LISTPACK;
  call.reply.simple('The value is packed in its record.');
}

export function quicklist(call: Call): void {
  if (encodingOf(call.db, keyAtTwo(call)) !== 'quicklist') throw NO_QUICKLIST;
  call.reply.simple('The value is a chain of packed pieces.');
}

export function tableStats(call: Call): void {
  const db = call.engine.database(call.int(2));
  if (db === undefined) throw new ReplyError('ERR Out of range database');
  const { table, expiries } = db;
  call.reply.verbatim(
    `[Dictionary HT]\n${tableText(table.size, table.bucketCount)}` +
      `${table.rehashing ? 'Hash table 1 stats (rehashing target): under way\n' : ''}` +
      `[Expires HT]\n${tableText(expiries.size, expiries.size)}`,
  );
}

export function keyTableStats(call: Call): void {
  const record = keyAtTwo(call);
  const encoding = encodingOf(call.db, record);
  if (encoding !== 'hashtable' && encoding !== 'skiplist') throw NO_TABLE;
  const length = lengthOf(call.db, record);
  call.reply.verbatim(tableText(length, length));
}

function tableText(elements: number, buckets: number): string {
  if (elements === 0) return 'No stats available for empty dictionaries\n';
  return `Hash table 0 stats (main hash table):\n table size: ${buckets}\n number of elements: ${elements}\n`;
}
