/**
 * Ranges of a sorted set as intervals of ranks: by rank, by score, by the order of the members' bytes.
 * All commands on ranges work on such an interval, so that LIMIT is arithmetic.
 */
import type { Database } from '../../keyspace/index.ts';
import { type Address, compareBytes } from '../../memory/index.ts';
import { largeZsetOf, lengthOf } from './form.ts';
import { HEAD_BYTES, PackedEntry, readEntry } from './packed-zset.ts';

/** Members of ranks `from` to `to` - 1; empty when `from` is not below `to`. */
export interface RankRange {
  readonly from: number;
  readonly to: number;
}

export const NO_RANKS: RankRange = { from: 0, to: 0 };

export interface ScoreRange {
  readonly min: number;
  readonly minOpen: boolean;
  readonly max: number;
  readonly maxOpen: boolean;
}

/** An end of a range of members. */
export interface LexBound {
  /** Below all members, above all members, or the member `bytes`. */
  readonly at: 'lowest' | 'highest' | 'member';
  readonly bytes: Buffer;
  readonly open: boolean;
}

export interface LexRange {
  readonly min: LexBound;
  readonly max: LexBound;
}

/** Ranks that ZRANGE's indexes name: negative ones count from the end, those outside are cut off. */
export function indexRange(length: number, start: number, stop: number): RankRange {
  const from = Math.max(start < 0 ? start + length : start, 0);
  const to = Math.min((stop < 0 ? stop + length : stop) + 1, length);
  return from < to ? { from, to } : NO_RANKS;
}

/** The same ranks counted from the other end. */
export function mirrored(range: RankRange, length: number): RankRange {
  return { from: length - range.to, to: length - range.from };
}

/** Ranks of the members whose scores lie in a range. */
export function scoreRanks(db: Database, record: Address, range: ScoreRange): RankRange {
  const { min, max, minOpen, maxOpen } = range;
  if (min > max || (min === max && (minOpen || maxOpen))) return NO_RANKS;
  if (db.isLarge(record)) {
    const { tree } = largeZsetOf(db, record);
    return interval(tree.rankOfScore(min, minOpen), tree.rankOfScore(max, !maxOpen));
  }
  const buf = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const end = offset + db.valueLength(record);
  let from = 0;
  let to = 0;
  for (let at = offset + HEAD_BYTES; at < end; ) {
    at = readEntry(buf, at, entry);
    const { score } = entry;
    if (score < min || (minOpen && score === min)) from++;
    else if (score > max || (maxOpen && score === max)) break;
    to++;
  }
  return interval(from, to);
}

/**
 * Ranks of the members that lie in a range, for sets whose scores are all the same. Otherwise the
 * answer is unspecified; for packed sets it is the one that Redis' sequential search gives, which
 * depends on the end it begins with (`reverse`).
 */
export function lexRanks(
  db: Database,
  record: Address,
  range: LexRange,
  reverse: boolean,
): RankRange {
  if (isEmpty(range)) return NO_RANKS;
  const { min, max } = range;
  if (!db.isLarge(record)) return packedLexRanks(db, record, range, reverse);
  const { tree } = largeZsetOf(db, record);
  const from =
    min.at === 'member' ? tree.rankOfMember(min.bytes, 0, min.bytes.length, min.open) : 0;
  const to =
    max.at === 'member' ? tree.rankOfMember(max.bytes, 0, max.bytes.length, !max.open) : tree.size;
  return interval(from, to);
}

/** Whether nothing can lie in a range. */
function isEmpty({ min, max }: LexRange): boolean {
  if (min.at === 'highest' || max.at === 'lowest') return true;
  if (min.at === 'lowest' || max.at === 'highest') return false;
  const order = compareBytes(min.bytes, 0, min.bytes.length, max.bytes, 0, max.bytes.length);
  return order > 0 || (order === 0 && (min.open || max.open));
}

function packedLexRanks(
  db: Database,
  record: Address,
  range: LexRange,
  reverse: boolean,
): RankRange {
  const count = lengthOf(db, record);
  const above = new Uint8Array(count);
  const below = new Uint8Array(count);
  const buf = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const end = offset + db.valueLength(record);
  let rank = 0;
  for (let at = offset + HEAD_BYTES; at < end; rank++) {
    at = readEntry(buf, at, entry);
    above[rank] = aboveMin(buf, entry, range.min) ? 1 : 0;
    below[rank] = belowMax(buf, entry, range.max) ? 1 : 0;
  }
  if (count === 0 || above[count - 1] === 0 || below[0] === 0) return NO_RANKS;
  if (reverse) {
    const to = below.lastIndexOf(1) + 1;
    let from = to;
    while (from > 0 && above[from - 1] === 1) from--;
    return { from, to };
  }
  const from = above.indexOf(1);
  let to = from;
  while (to < count && below[to] === 1) to++;
  return { from, to };
}

function aboveMin(buf: Buffer, { start, length }: PackedEntry, min: LexBound): boolean {
  if (min.at !== 'member') return true;
  const order = compareBytes(buf, start, length, min.bytes, 0, min.bytes.length);
  return order > 0 || (order === 0 && !min.open);
}

function belowMax(buf: Buffer, { start, length }: PackedEntry, max: LexBound): boolean {
  if (max.at !== 'member') return true;
  const order = compareBytes(buf, start, length, max.bytes, 0, max.bytes.length);
  return order < 0 || (order === 0 && !max.open);
}

function interval(from: number, to: number): RankRange {
  return from < to ? { from, to } : NO_RANKS;
}

const entry = new PackedEntry();
