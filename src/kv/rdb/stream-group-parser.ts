/**
 * Reads one consumer group:
 *
 *     name | last id | entries read (version 2 on) |
 *     count | (id 16 bytes | delivery time i64 | delivery count)*
 *     count | consumer*
 *     consumer: name | seen time i64 | active time i64 (version 3 on) |
 *               count | id 16 bytes*
 *
 * The group's pending entries come before their owners, so they are remembered
 * (some tens of bytes each) until the consumers name them. Every pending entry
 * has exactly one owner; anything else is refused.
 */

import type { ByteCursor } from './cursor.ts';
import { badFormat } from './fault.ts';
import type { RdbValueSink, StreamId, StreamPending } from './sink.ts';
import { readId, STREAM_ID_BYTES } from './stream-id.ts';
import { UniqueGuard } from './value-parser.ts';

const UNKNOWN_ENTRIES_READ = 2n ** 64n - 1n;

/** Where the parser stands; each state reads one element and commits. */
type State = 'header' | 'pending' | 'consumers' | 'consumer' | 'owned' | 'done';

export interface GroupOptions {
  /** 1, 2 or 3: which STREAM_LISTPACKS type. */
  readonly version: number;
  /** The read counter to assume where version 1 stored none. */
  readonly estimateEntriesRead: (lastId: StreamId) => number | null;
  /** Refuses a group name that came before. */
  readonly names: UniqueGuard;
}

export class StreamGroupParser {
  private readonly sink: RdbValueSink;
  private readonly options: GroupOptions;
  private readonly consumerNames = new UniqueGuard(true);
  /** Pending entries without an owner yet, by their 16 id bytes. */
  private readonly orphans = new Map<string, StreamPending>();
  private state: State = 'header';
  private pendingLeft = 0;
  private consumersLeft = 0;
  private ownedLeft = 0;

  constructor(sink: RdbValueSink, options: GroupOptions) {
    this.sink = sink;
    this.options = options;
  }

  run(cursor: ByteCursor): void {
    while (this.state !== 'done') {
      this.state = this.step(cursor);
      cursor.commit();
    }
  }

  private step(cursor: ByteCursor): State {
    switch (this.state) {
      case 'header':
        this.readHeader(cursor);
        return 'pending';
      case 'pending':
        if (this.pendingLeft === 0) return 'consumers';
        this.readPending(cursor);
        this.pendingLeft--;
        return 'pending';
      case 'consumers':
        this.consumersLeft = cursor.length();
        return 'consumer';
      case 'consumer':
        if (this.consumersLeft === 0) return this.end();
        this.readConsumer(cursor);
        this.consumersLeft--;
        return 'owned';
      case 'owned':
        if (this.ownedLeft === 0) return 'consumer';
        this.readOwned(cursor);
        this.ownedLeft--;
        return 'owned';
      case 'done':
        return 'done';
    }
  }

  private readHeader(cursor: ByteCursor): void {
    const { version, names, estimateEntriesRead } = this.options;
    const name = cursor.string();
    const lastId = { ms: cursor.lengthBig(), seq: cursor.lengthBig() };
    const read = version >= 2 ? cursor.lengthBig() : null;
    this.pendingLeft = cursor.length();
    names.check(name);
    let entriesRead: number | null = null;
    if (read === null) entriesRead = estimateEntriesRead(lastId);
    else if (read !== UNKNOWN_ENTRIES_READ) {
      entriesRead = Math.min(Number(read), Number.MAX_SAFE_INTEGER);
    }
    this.sink.beginStreamGroup({ name, lastId, entriesRead });
  }

  private readPending(cursor: ByteCursor): void {
    const bytes = cursor.raw(STREAM_ID_BYTES);
    const deliveryTimeMs = cursor.timeMs();
    const deliveryCount = cursor.length();
    const key = bytes.toString('latin1');
    if (this.orphans.has(key)) badFormat('pending entry twice');
    this.orphans.set(key, { id: readId(bytes), deliveryTimeMs, deliveryCount });
  }

  private readConsumer(cursor: ByteCursor): void {
    const name = cursor.string();
    const seenTimeMs = cursor.timeMs();
    // Before version 3 the last attempt is the best guess for the last success.
    const active = this.options.version >= 3 ? cursor.timeMs() : seenTimeMs;
    this.ownedLeft = cursor.length();
    this.consumerNames.check(name);
    this.sink.onStreamConsumer({ name, seenTimeMs, activeTimeMs: active < 0 ? null : active });
  }

  private readOwned(cursor: ByteCursor): void {
    const key = cursor.raw(STREAM_ID_BYTES).toString('latin1');
    const pending = this.orphans.get(key);
    if (pending === undefined) badFormat('pending entry unknown to its group');
    this.orphans.delete(key);
    this.sink.onStreamPending(pending);
  }

  private end(): State {
    if (this.orphans.size > 0) badFormat('pending entry without a consumer');
    this.sink.endStreamGroup();
    return 'done';
  }
}
