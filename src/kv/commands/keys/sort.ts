/**
 * SORT and SORT_RO (https://redis.io/docs/latest/commands/sort/).
 *
 * Where Redis leaves an order open it is settled here, since a replica that applies the command must
 * come to the same: equal weights are ordered by the elements' bytes when these come from a set, else
 * they keep their places. Texts are compared as bytes, zero bytes included.
 */
import type { Call } from '../../command/call.ts';
import { parseFloat64 } from '../../command/numbers.ts';
import { type CommandSpec, keyAt1, unknownKeys } from '../../command/spec.ts';
import { ReplyError, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { lengthOf, ValueLoader } from '../../values/index.ts';
import { elementsOf } from './sort-elements.ts';
import { readSortOptions, type SortOptions, sortKeys } from './sort-options.ts';
import { lookUp } from './sort-pattern.ts';

const NOT_A_NUMBER = new ReplyError("ERR One or more scores can't be converted into double");

interface Weighed {
  readonly element: Buffer;
  readonly score: number;
  /** With ALPHA; undefined when BY found nothing. */
  readonly text: Buffer | undefined;
}

function sortWith(mayStore: boolean) {
  return (call: Call): void => {
    const options = readSortOptions(call, mayStore);
    const record = call.find(1);
    const type = record === 0 ? Type.list : call.db.typeOf(record);
    if (type !== Type.list && type !== Type.set && type !== Type.zset) throw WRONG_TYPE;
    if (options.unsorted && type === Type.set && (options.store !== 0 || call.nested)) {
      // A set has no order that a replica would find again.
      options.unsorted = false;
      options.alpha = true;
      options.by = undefined;
    }
    const sorted = record === 0 ? [] : sortedElements(call, record, options);
    if (options.store === 0) reply(call, sorted, options);
    else store(call, sorted, options);
  };
}

/** The elements asked for, in order. */
function sortedElements(call: Call, record: Address, options: SortOptions): Buffer[] {
  const { db } = call;
  const length = lengthOf(db, record);
  const offset = Math.min(Math.max(options.offset, 0), length);
  const count = options.count < 0 ? length : Math.min(options.count, length);
  const end = Math.min(offset + count, length);
  if (options.unsorted) {
    if (end <= offset) return [];
    if (db.typeOf(record) === Type.set || !options.descending) {
      return elementsOf(db, record, offset, end - 1);
    }
    return elementsOf(db, record, length - end, length - offset - 1).reverse();
  }
  // Also when nothing is asked for: what can not be sorted is refused.
  const weighed = elementsOf(db, record, 0, length - 1).map((element) =>
    weigh(call, element, options),
  );
  const settleTies = db.typeOf(record) === Type.set;
  const sign = options.descending ? -1 : 1;
  weighed.sort(
    (a, b) => sign * compare(a, b, options) || (settleTies ? a.element.compare(b.element) : 0),
  );
  return weighed.slice(offset, end).map((item) => item.element);
}

function weigh(call: Call, element: Buffer, options: SortOptions): Weighed {
  const value = options.by === undefined ? element : lookUp(call, options.by, element);
  if (options.alpha) {
    return { element, score: 0, text: value === undefined ? undefined : Buffer.from(value) };
  }
  return { element, score: value === undefined ? 0 : toNumber(value), text: undefined };
}

/** A number as strtod reads the bytes before the first zero byte; none at all are 0. */
function toNumber(value: Buffer): number {
  const zero = value.indexOf(0);
  const text = value.toString('latin1', 0, zero < 0 ? value.length : zero);
  if (text === '') return 0;
  const n = parseFloat64(text.replace(/^[\t-\r ]+/, ''));
  if (Number.isNaN(n)) throw NOT_A_NUMBER;
  return n;
}

function compare(a: Weighed, b: Weighed, options: SortOptions): number {
  if (!options.alpha) {
    return a.score < b.score ? -1 : a.score > b.score ? 1 : a.element.compare(b.element);
  }
  if (a.text === undefined || b.text === undefined) {
    return Number(a.text !== undefined) - Number(b.text !== undefined);
  }
  return a.text.compare(b.text);
}

function reply(call: Call, sorted: readonly Buffer[], options: SortOptions): void {
  const { gets } = options;
  call.reply.array(sorted.length * Math.max(gets.length, 1));
  for (const element of sorted) {
    if (gets.length === 0) call.reply.bulk(element);
    for (const pattern of gets) {
      const value = lookUp(call, pattern, element);
      if (value === undefined) call.reply.null();
      else call.reply.bulk(value);
    }
  }
}

function store(call: Call, sorted: readonly Buffer[], options: SortOptions): void {
  const { args, db, engine } = call;
  const { gets } = options;
  const count = sorted.length * Math.max(gets.length, 1);
  if (count === 0) {
    if (call.removeKey(options.store)) call.changed(options.store, Notify.generic, 'del');
  } else {
    const key = args.copy(options.store);
    const loader = new ValueLoader(engine, db, key);
    loader.beginList();
    for (const element of sorted) {
      if (gets.length === 0) loader.onListItem(element);
      for (const pattern of gets) loader.onListItem(lookUp(call, pattern, element) ?? EMPTY);
    }
    loader.onEnd();
    const replaced = call.removeKey(options.store);
    loader.finish();
    if (!replaced) engine.notify(db, key, 0, key.length, Notify.new, 'new');
    call.changed(options.store, Notify.list, 'sortstore');
  }
  call.reply.integer(count);
}

const EMPTY = Buffer.alloc(0);

const metadata = {
  arity: -2,
  acl: ['set', 'sortedset', 'list', 'dangerous'],
  group: 'generic',
  complexity: 'O(N+M*log(M)) with N elements of which M are returned; O(N) when nothing is sorted',
} as const;
const OPTIONS =
  'key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]';

export const sortCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'sort',
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: [...keyAt1('RO', 'access'), unknownKeys('RO', 'access'), unknownKeys('OW', 'update')],
    keysOf: sortKeys,
    since: '1.0.0',
    summary: 'Sorts the elements of a list, set or sorted set, and may store them.',
    syntax: `${OPTIONS} [STORE destination]`,
    run: sortWith(true),
  },
  {
    ...metadata,
    name: 'sort_ro',
    flags: ['readonly', 'movablekeys'],
    keys: [...keyAt1('RO', 'access'), unknownKeys('RO', 'access')],
    keysOf: () => [1],
    since: '7.0.0',
    summary: 'Sorts the elements of a list, set or sorted set.',
    syntax: OPTIONS,
    run: sortWith(false),
  },
];
