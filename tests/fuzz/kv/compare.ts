/**
 * Whether two replies to one command are the same.
 *
 * Promise: strict equality, except where the command reference leaves the order or the value
 * open; each such command is a row of `loose`, with what is still compared.
 */
import { isAggregate, isError, type Reply, show } from '../../support/resp-reply.ts';
import { innerCommand } from './through-script.ts';

type Same = (args: readonly string[], left: Reply, right: Reply) => boolean;

/** Whether the replies agree as far as the command promises anything. */
export function sameReply(args: readonly string[], left: Reply, right: Reply): boolean {
  if (show(left) === show(right)) return true;
  // Where an argument with line breaks ends an error, Redis drops them in some errors only.
  if (isError(left) && isError(right)) return show(left).trimEnd() === show(right).trimEnd();
  if (isError(left) || isError(right)) return false;
  const inner = innerCommand(args);
  return loose[inner[0]?.toUpperCase() ?? '']?.(inner, left, right) ?? false;
}

const asMultiset: Same = (_args, left, right) =>
  left.type === right.type && sorted(left).join() === sorted(right).join();

const asPairs: Same = (_args, left, right) =>
  left.type === right.type && pairs(left).sort().join() === pairs(right).sort().join();

/** Members with scores as numbers: a listpack's 1e17 is written out by ZSCAN, not by ZRANGE. */
const asScores: Same = (_args, left, right) =>
  scored(left).sort().join() === scored(right).sort().join();

/** The same kinds of values in the same places; which ones is chance. */
const asShape: Same = (_args, left, right) => shape(left) === shape(right);

/** As many items, or the same kind of scalar. */
const asLength: Same = (_args, left, right) =>
  left.type === right.type &&
  (!isAggregate(left) || !isAggregate(right) || left.items.length === right.items.length);

const asTime: Same = (args, left, right) => {
  if (left.type !== 'integer' || right.type !== 'integer') return false;
  const [a, b] = [Number(textOfScalar(left)), Number(textOfScalar(right))];
  const tolerance = args[0]?.toUpperCase().startsWith('P') === true ? 60_000 : 60;
  return a > 0 && b > 0 && Math.abs(a - b) <= tolerance;
};

/** A cursor and items; only a whole iteration promises anything about the items. */
const asScan =
  (items: Same): Same =>
  (args, left, right) => {
    if (!isAggregate(left) || !isAggregate(right)) return false;
    const [leftCursor, leftItems] = left.items;
    const [rightCursor, rightItems] = right.items;
    if (leftItems === undefined || rightItems === undefined) return false;
    const whole =
      leftCursor !== undefined &&
      rightCursor !== undefined &&
      textOfScalar(leftCursor) === '0' &&
      textOfScalar(rightCursor) === '0' &&
      args[args[0]?.toUpperCase() === 'SCAN' ? 1 : 2] === '0' &&
      args.some((arg) => arg === '100000');
    return !whole || items(args, leftItems, rightItems);
  };

const asSort: Same = (args, left, right) => {
  const words = args.map((arg) => arg.toUpperCase());
  const unordered = words.includes('BY');
  if (!unordered) return false;
  return words.includes('LIMIT') ? asLength(args, left, right) : asMultiset(args, left, right);
};

const asPlaces: Same = (args, left, right) => {
  const words = args.map((arg) => arg.toUpperCase());
  // With COUNT the items at equal distance may be any of them.
  if (words.includes('ANY') || words.includes('COUNT')) return asLength(args, left, right);
  return asMultiset(args, left, right);
};

/** Idle times and moments of delivery differ; all else of the answer is compared. */
const withoutTimes: Same = (_args, left, right) => timeless(left) === timeless(right);

const loose: Readonly<Record<string, Same>> = {
  KEYS: asMultiset,
  SMEMBERS: asMultiset,
  SINTER: asMultiset,
  SUNION: asMultiset,
  SDIFF: asMultiset,
  HKEYS: asMultiset,
  HVALS: asMultiset,
  HGETALL: asPairs,
  SCAN: asScan(asMultiset),
  SSCAN: asScan(asMultiset),
  HSCAN: asScan(asPairs),
  ZSCAN: asScan(asScores),
  RANDOMKEY: asShape,
  SPOP: asLength,
  SRANDMEMBER: asLength,
  HRANDFIELD: asLength,
  ZRANDMEMBER: asLength,
  TTL: asTime,
  PTTL: asTime,
  EXPIRETIME: asTime,
  PEXPIRETIME: asTime,
  MEMORY: asShape,
  OBJECT: (args, left, right) =>
    args[1]?.toUpperCase() !== 'ENCODING' && asShape(args, left, right),
  DUMP: asShape,
  SORT: asSort,
  SORT_RO: asSort,
  GEOSEARCH: asPlaces,
  GEORADIUS: asPlaces,
  GEORADIUS_RO: asPlaces,
  GEORADIUSBYMEMBER: asPlaces,
  GEORADIUSBYMEMBER_RO: asPlaces,
  LASTSAVE: asShape,
  XPENDING: withoutTimes,
  XINFO: withoutTimes,
  FUNCTION: (_args, left, right) => deepSorted(left) === deepSorted(right),
};

function textOfScalar(reply: Reply): string {
  return isAggregate(reply) ? '' : reply.text;
}

function sorted(reply: Reply): string[] {
  return isAggregate(reply) ? reply.items.map(show).sort() : [show(reply)];
}

function pairs(reply: Reply): string[] {
  if (!isAggregate(reply)) return [show(reply)];
  const shown = reply.items.map(show);
  return shown.flatMap((text, index) => (index % 2 === 0 ? [`${text} ${shown[index + 1]}`] : []));
}

function scored(reply: Reply): string[] {
  if (!isAggregate(reply)) return [show(reply)];
  const { items } = reply;
  return items.flatMap((item, index) =>
    index % 2 === 0 ? [`${show(item)} ${Number(textOfScalar(items[index + 1] as Reply))}`] : [],
  );
}

function shape(reply: Reply): string {
  return isAggregate(reply) ? `${reply.type}(${reply.items.map(shape).join()})` : reply.type;
}

function deepSorted(reply: Reply): string {
  if (!isAggregate(reply)) return show(reply);
  return `${reply.type}[${reply.items.map(deepSorted).sort().join(' ')}]`;
}

/** Fields that tell of clocks or of the inner layout. */
const untold = new Set([
  'idle',
  'inactive',
  'seen-time',
  'active-time',
  'radix-tree-keys',
  'radix-tree-nodes',
]);

/** The reply without fields of `untold` and with every time of this age written as T. */
export function timeless(reply: Reply): string {
  if (!isAggregate(reply)) return isClock(reply) ? ':T' : show(reply);
  const parts: string[] = [];
  for (let at = 0; at < reply.items.length; at += 1) {
    const item = reply.items[at] as Reply;
    if (item.type === 'bulk' && untold.has(textOfScalar(item))) at += 1;
    else parts.push(timeless(item));
  }
  // XPENDING's rows are [id, consumer, idle, deliveries].
  if (isPendingRow(reply.items)) parts[2] = ':T';
  return `${reply.type}[${parts.join(' ')}]`;
}

function isClock(reply: Reply): boolean {
  const n = reply.type === 'integer' ? Number(textOfScalar(reply)) : 0;
  return n > 1_500_000_000_000 && n < 100_000_000_000_000;
}

function isPendingRow(items: readonly Reply[]): boolean {
  return (
    items.length === 4 &&
    items.map((item) => item.type).join() === 'bulk,bulk,integer,integer' &&
    /^\d+-\d+$/.test(textOfScalar(items[0] as Reply))
  );
}
