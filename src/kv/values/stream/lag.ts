/**
 * How far a group is behind its stream. The read counter of a group is exact as long as no entry ahead
 * of it was deleted by name; beyond that it is estimated where the ends of the stream tell it, else
 * unknown (https://redis.io/docs/latest/commands/xinfo-groups/, "Consumer group lag").
 */
import type { Group } from './group.ts';
import type { EntryId } from './id.ts';
import type { Stream } from './stream.ts';

/** Read counters that are not known. */
export const UNKNOWN = -1;

/** Whether an entry at or behind `from` was deleted by name. */
function hasTombstoneFrom(stream: Stream, from: EntryId): boolean {
  const { firstId, maxDeletedId } = stream;
  if (stream.length === 0 || maxDeletedId.isZero) return false;
  if (firstId.compare(maxDeletedId) > 0) return false;
  return from.compare(maxDeletedId) <= 0;
}

/** How many entries were ever added up to an id, this one included; UNKNOWN when nobody can tell. */
export function entriesUpTo(stream: Stream, id: EntryId): number {
  const { entriesAdded, length, firstId, lastId, maxDeletedId } = stream;
  if (entriesAdded === 0) return 0;
  if (length === 0 && id.compare(lastId) <= 0) return entriesAdded;
  const toLast = id.compare(lastId);
  if (toLast === 0) return entriesAdded;
  if (toLast > 0) return UNKNOWN;
  if (maxDeletedId.isZero || maxDeletedId.compare(firstId) < 0) {
    const toFirst = id.compare(firstId);
    if (toFirst < 0) return entriesAdded - length;
    if (toFirst === 0) return entriesAdded - length + 1;
  }
  return UNKNOWN;
}

/** The group has been delivered an entry behind its last one: moves it on. */
export function advanceGroup(stream: Stream, group: Group, id: EntryId): void {
  if (group.entriesRead !== UNKNOWN && !hasTombstoneFrom(stream, id)) group.entriesRead++;
  else if (stream.entriesAdded > 0) group.entriesRead = entriesUpTo(stream, id);
  group.lastId.set(id);
}

/** Entries that the group has not been delivered yet; undefined when that is not known. */
export function lagOf(stream: Stream, group: Group): number | undefined {
  if (stream.entriesAdded === 0) return 0;
  if (group.entriesRead !== UNKNOWN && !hasTombstoneFrom(stream, group.lastId)) {
    return stream.entriesAdded - group.entriesRead;
  }
  const read = entriesUpTo(stream, group.lastId);
  return read === UNKNOWN ? undefined : stream.entriesAdded - read;
}
