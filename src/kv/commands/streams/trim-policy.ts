/**
 * Trimming that heeds the groups of a stream (XADD and XTRIM with DELREF or ACKED, Redis 8.2,
 * https://redis.io/docs/latest/commands/xtrim/).
 */
import { EntryCursor, EntryId, type Stream } from '../../values/stream/index.ts';
import { MAX_ID } from './common.ts';
import { deleteUnder, Outcome } from './reference-policy.ts';

/** Which entries are too many: all but the last `lengthMax`, or those below an id. */
export interface TrimRule {
  readonly lengthMax: number;
  readonly minId: EntryId | undefined;
  /** Entries deleted at most, 0 for any number. */
  readonly limit: number;
}

const ZERO = new EntryId();

/** Trims by `trim`, and takes what went out of the pending lists. Returns how many entries went. */
export function trimWithReferences(stream: Stream, rule: TrimRule, trim: () => number): number {
  const ids = surplus(stream, rule);
  const deleted = trim();
  for (const id of ids.slice(0, deleted)) {
    stream.acknowledge(id);
  }
  return deleted;
}

/** Deletes entries that are too many and that all groups have read and acknowledged. */
export function trimAcknowledged(stream: Stream, rule: TrimRule): number {
  const most = rule.limit > 0 ? rule.limit : Number.POSITIVE_INFINITY;
  // Entries that stay do not count as trimmed: later ones go in their place.
  const all = surplus(stream, rule.minId === undefined ? { ...rule, lengthMax: 0 } : rule);
  let deleted = 0;
  for (const id of all) {
    if (deleted >= most || (rule.minId === undefined && stream.length <= rule.lengthMax)) break;
    if (deleteUnder(stream, id, 'acked') === Outcome.deleted) deleted++;
  }
  return deleted;
}

/** Ids from the head of the stream that a rule is about. */
function surplus(stream: Stream, { lengthMax, minId }: TrimRule): EntryId[] {
  const count = minId === undefined ? stream.length - lengthMax : stream.length;
  const cursor = new EntryCursor();
  cursor.begin(stream.entries, ZERO, minId ?? MAX_ID);
  const ids: EntryId[] = [];
  while (ids.length < count && cursor.next()) {
    if (minId !== undefined && cursor.id.compare(minId) >= 0) break;
    ids.push(new EntryId().set(cursor.id));
  }
  return ids;
}
