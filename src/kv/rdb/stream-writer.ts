/**
 * Writes streams: STREAM_LISTPACKS_3 from version 11 on, _2 for version 10, the
 * first kind before it. Deleted entries are not kept; the greatest deleted id is.
 */

import { invariant } from '../../core/base/index.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  TYPE_STREAM_LISTPACKS,
  TYPE_STREAM_LISTPACKS_2,
  TYPE_STREAM_LISTPACKS_3,
} from './constants.ts';
import type { StreamConsumer, StreamGroup, StreamId, StreamMeta, StreamPending } from './sink.ts';
import { STREAM_ID_BYTES, writeId } from './stream-id.ts';
import { StreamNodeWriter } from './stream-node-writer.ts';
import type { ValueOutput } from './value-output.ts';
import { CountSlot } from './value-output.ts';

const UNKNOWN_ENTRIES_READ = 2n ** 64n - 1n;

export class StreamWriter {
  private readonly out: ValueOutput;
  /** 1, 2 or 3: which STREAM_LISTPACKS type. */
  private readonly kind: number;
  private readonly nodes: StreamNodeWriter;
  private readonly nodeSlot: CountSlot;
  private nodeCount = 0;
  private groupSlot: CountSlot | null = null;
  private groupCount = 0;
  /** The parts of the group being told; the format wants all pending entries first. */
  private readonly pending = new ByteWriter();
  private pendingCount = 0;
  private readonly consumers = new ByteWriter();
  private consumerCount = 0;
  private readonly owned = new ByteWriter();

  constructor(out: ValueOutput, nodesHint: number) {
    this.out = out;
    this.kind = Math.min(out.version - 8, 3);
    out.type(TYPES[this.kind - 1] as number);
    this.nodeSlot = new CountSlot(out, nodesHint);
    this.nodes = new StreamNodeWriter((key, listpack) => {
      out.text(key);
      out.text(listpack);
      this.nodeCount++;
    });
  }

  entry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    this.nodes.entry(ms, seq, fieldsAndValues);
  }

  meta(meta: StreamMeta): void {
    const { out } = this;
    this.nodes.flush();
    this.nodeSlot.close(this.nodeCount);
    out.length(meta.length);
    this.id(meta.lastId);
    if (this.kind >= 2) {
      this.id(meta.firstId);
      this.id(meta.maxDeletedId);
      out.length(meta.entriesAdded);
    }
    this.groupSlot = new CountSlot(out, 0);
  }

  beginGroup(group: StreamGroup): void {
    const { out } = this;
    invariant(this.groupSlot !== null, 'a stream tells its meta before its groups');
    this.groupCount++;
    out.text(group.name);
    this.id(group.lastId);
    if (this.kind >= 2) {
      if (group.entriesRead === null) out.lengthBig(UNKNOWN_ENTRIES_READ);
      else out.length(group.entriesRead);
    }
    this.pending.clear();
    this.consumers.clear();
    this.pendingCount = 0;
    this.consumerCount = 0;
  }

  consumer(consumer: StreamConsumer): void {
    const { consumers } = this;
    this.closeConsumer();
    this.consumerCount++;
    consumers.string(consumer.name, this.out.compress);
    consumers.timeMs(consumer.seenTimeMs);
    if (this.kind >= 3) consumers.timeMs(consumer.activeTimeMs ?? -1);
  }

  pendingEntry(entry: StreamPending): void {
    const { pending, owned } = this;
    invariant(this.consumerCount > 0, 'a pending entry follows its consumer');
    this.pendingCount++;
    pending.reserve(STREAM_ID_BYTES);
    writeId(pending.buffer, pending.size, entry.id.ms, entry.id.seq);
    owned.bytes(pending.buffer.subarray(pending.size, pending.size + STREAM_ID_BYTES));
    pending.size += STREAM_ID_BYTES;
    pending.timeMs(entry.deliveryTimeMs);
    pending.length(entry.deliveryCount);
  }

  endGroup(): void {
    const { out } = this;
    this.closeConsumer();
    out.length(this.pendingCount);
    out.bytes(this.pending.view());
    out.length(this.consumerCount);
    out.bytes(this.consumers.view());
  }

  end(): void {
    invariant(this.groupSlot !== null, 'a stream tells its meta');
    this.groupSlot.close(this.groupCount);
  }

  /** Puts the ids that the last told consumer owns behind it. */
  private closeConsumer(): void {
    if (this.consumerCount === 0) return;
    this.consumers.length(this.owned.size / STREAM_ID_BYTES);
    this.consumers.bytes(this.owned.view());
    this.owned.clear();
  }

  private id(id: StreamId): void {
    this.out.lengthBig(id.ms);
    this.out.lengthBig(id.seq);
  }
}

const TYPES = [TYPE_STREAM_LISTPACKS, TYPE_STREAM_LISTPACKS_2, TYPE_STREAM_LISTPACKS_3];
