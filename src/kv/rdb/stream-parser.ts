/**
 * Reads streams, STREAM_LISTPACKS of version 1 to 3:
 *
 *     count | (node key: 16 id bytes as a string | listpack)*
 *     entries | last id |
 *     version 2 on: first id | greatest deleted id | entries ever added
 *     count | group*
 */

import type { ByteCursor } from './cursor.ts';
import { badFormat } from './fault.ts';
import type { StreamId, StreamMeta } from './sink.ts';
import { StreamGroupParser } from './stream-group-parser.ts';
import { compareIds, ZERO_ID } from './stream-id.ts';
import type { StreamProgress } from './stream-node.ts';
import { readStreamNode } from './stream-node.ts';
import type { ValueContext, ValueParser } from './value-parser.ts';
import { countHint, UniqueGuard } from './value-parser.ts';

export class StreamParser implements ValueParser {
  private readonly context: ValueContext;
  private readonly version: number;
  private readonly progress: StreamProgress = { alive: 0, firstId: null, lastId: null };
  private readonly groupNames = new UniqueGuard(true);
  private nodesLeft = -1;
  private groupsLeft = 0;
  private meta: StreamMeta | null = null;
  private group: StreamGroupParser | null = null;

  constructor(context: ValueContext, version: 1 | 2 | 3) {
    this.context = context;
    this.version = version;
  }

  run(cursor: ByteCursor): void {
    const sink = this.context.sink;
    if (this.nodesLeft < 0) {
      const nodes = cursor.length();
      sink.beginStream(countHint(nodes, cursor));
      this.nodesLeft = nodes;
      cursor.commit();
    }
    for (; this.nodesLeft > 0; this.nodesLeft--) {
      const key = cursor.string();
      readStreamNode(key, cursor.string(), sink, this.progress);
      cursor.commit();
    }
    if (this.meta === null) {
      const meta = this.readMeta(cursor);
      this.groupsLeft = cursor.length();
      sink.onStreamMeta(meta);
      this.meta = meta;
      cursor.commit();
    }
    this.runGroups(cursor, this.meta);
    sink.onEnd();
  }

  private runGroups(cursor: ByteCursor, meta: StreamMeta): void {
    for (; this.groupsLeft > 0; this.groupsLeft--) {
      this.group ??= new StreamGroupParser(this.context.sink, {
        version: this.version,
        estimateEntriesRead: (id) => estimateEntriesRead(meta, id),
        names: this.groupNames,
      });
      this.group.run(cursor);
      this.group = null;
    }
  }

  private readMeta(cursor: ByteCursor): StreamMeta {
    const { alive, firstId, lastId: lastEntry } = this.progress;
    const length = cursor.length();
    if (length !== alive) badFormat('stream length');
    const lastId = { ms: cursor.lengthBig(), seq: cursor.lengthBig() };
    if (lastEntry !== null && compareIds(lastEntry, lastId) > 0) badFormat('stream last id');
    if (this.version === 1) {
      const first = firstId ?? ZERO_ID;
      return { length, lastId, firstId: first, maxDeletedId: ZERO_ID, entriesAdded: length };
    }
    // The stored first id is derivable; the entries are the truth about it.
    cursor.lengthBig();
    cursor.lengthBig();
    const maxDeletedId = { ms: cursor.lengthBig(), seq: cursor.lengthBig() };
    const entriesAdded = cursor.length();
    return { length, lastId, firstId: firstId ?? ZERO_ID, maxDeletedId, entriesAdded };
  }
}

/**
 * How many entries a group of an old dump has read, told from its last id alone:
 * known at both ends of the stream and before its start, else null.
 */
function estimateEntriesRead(meta: StreamMeta, id: StreamId): number | null {
  if (meta.entriesAdded === 0) return 0;
  const toLast = compareIds(id, meta.lastId);
  if (toLast === 0) return meta.entriesAdded;
  if (toLast > 0) return null;
  const toFirst = compareIds(id, meta.firstId);
  if (toFirst > 0) return null;
  return toFirst === 0 ? 1 : 0;
}
