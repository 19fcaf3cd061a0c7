/**
 * Consumer groups of a stream: who reads, how far, and what was delivered but not acknowledged.
 *
 * A pending entry is a record of 32 bytes in its group's table and its id, 16 bytes, in its
 * consumer's. Invariant: the ids of a group's consumers together are the ids of its table, each once.
 *
 *   w0..w3 id    w4 delivery time, low word    w5 its high 16 bits | deliveries, high 16 bits << 16
 *   w6 deliveries, low word                    w7 number of the consumer
 */
import type { Arena } from '../../memory/index.ts';
import { EntryId } from './id.ts';
import { IdTable } from './id-table.ts';

const PENDING_WORDS = 8;
const ID_WORDS = 4;
const WORD = 2 ** 32;
/** Times and counts are kept in 48 bits. */
const U48_MAX = 2 ** 48 - 1;
/** What the objects of a group or consumer take on the heap, about. */
const OBJECT_BYTES = 600;

export interface Consumer {
  /** Bytes of the name, as latin1. */
  readonly name: string;
  readonly number: number;
  /** Last attempt to do something, Unix ms. */
  seenMs: number;
  /** Last time that it was given something, Unix ms; -1 for never. */
  activeMs: number;
  /** Ids of its pending entries. */
  readonly pending: IdTable;
}

export class Group {
  /** Bytes of the name, as latin1. */
  readonly name: string;
  /** Names the group among all of its stream, also those that went. */
  readonly number: number;
  /** See keyspace/elements.ts. */
  status = 0;
  /** The last entry delivered. */
  readonly lastId = new EntryId();
  /** How many entries of the stream's whole life it has read; -1 when that is not known. */
  entriesRead: number;
  readonly pending: IdTable;
  readonly consumers = new Map<string, Consumer>();
  private readonly arena: Arena;
  private readonly byNumber: (Consumer | undefined)[] = [];

  constructor(
    arena: Arena,
    told: { readonly name: string; readonly number: number },
    lastId: EntryId,
    entriesRead: number,
  ) {
    this.arena = arena;
    this.name = told.name;
    this.number = told.number;
    this.lastId.set(lastId);
    this.entriesRead = entriesRead;
    this.pending = new IdTable(arena, PENDING_WORDS);
  }

  get bytes(): number {
    let bytes = this.pending.bytes + OBJECT_BYTES;
    for (const consumer of this.consumers.values()) bytes += consumer.pending.bytes + OBJECT_BYTES;
    return bytes;
  }

  /** Adds a consumer who is not there. */
  addConsumer(name: string, nowMs: number): Consumer {
    let number = this.byNumber.indexOf(undefined);
    if (number < 0) number = this.byNumber.length;
    const consumer: Consumer = {
      name,
      number,
      seenMs: nowMs,
      activeMs: -1,
      pending: new IdTable(this.arena, ID_WORDS),
    };
    this.byNumber[number] = consumer;
    this.consumers.set(name, consumer);
    return consumer;
  }

  /** Removes a consumer with all that is pending for it; returns how many entries that were. */
  deleteConsumer(consumer: Consumer): number {
    const { pending } = consumer;
    const count = pending.size;
    for (let more = pending.toFirst(); more; more = pending.next()) {
      if (this.pending.find(id.read(pending.words, pending.w))) this.pending.remove();
    }
    while (!pending.release(1000));
    this.consumers.delete(consumer.name);
    this.byNumber[consumer.number] = undefined;
    return count;
  }

  /** Consumers by the bytes of their names, the order in which they are listed. */
  sortedConsumers(): Consumer[] {
    return [...this.consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  // The pending entry that the position of `pending` is on.

  get consumer(): Consumer {
    return this.byNumber[this.pending.words[this.pending.w + 7]!]!;
  }

  get deliveredMs(): number {
    const { words, w } = this.pending;
    return ((words[w + 5] as number) & 0xffff) * WORD + (words[w + 4] as number);
  }

  get deliveries(): number {
    const { words, w } = this.pending;
    return (words[w + 5]! >>> 16) * WORD + (words[w + 6] as number);
  }

  /**
   * Makes an entry pending for a consumer, whoever had it before. Both positions are on it then.
   * Returns whether the group did not have it.
   */
  assign(entry: EntryId, consumer: Consumer, deliveredMs: number, deliveries: number): boolean {
    const added = this.pending.insert(entry);
    const { words, w } = this.pending;
    if (!added && words[w + 7] !== consumer.number) {
      const before = this.byNumber[words[w + 7]!]!.pending;
      if (before.find(entry)) before.remove();
    }
    if (added || words[w + 7] !== consumer.number) consumer.pending.insert(entry);
    words[w + 7] = consumer.number;
    this.setDelivery(deliveredMs, deliveries);
    return added;
  }

  /** Sets time and count of the entry at the position of `pending`. */
  setDelivery(deliveredMs: number, deliveries: number): void {
    const { words, w } = this.pending;
    const time = Math.min(Math.max(deliveredMs, 0), U48_MAX);
    const count = Math.min(deliveries, U48_MAX);
    words[w + 4] = time >>> 0;
    words[w + 5] = ((Math.floor(count / WORD) << 16) | Math.floor(time / WORD)) >>> 0;
    words[w + 6] = count >>> 0;
  }

  /** Forgets a pending entry; false when it is none. */
  acknowledge(entry: EntryId): boolean {
    if (!this.pending.find(entry)) return false;
    const owner = this.consumer.pending;
    this.pending.remove();
    if (owner.find(entry)) owner.remove();
    return true;
  }

  /** Frees up to about `budget` records; true when none is left. */
  release(budget: number): boolean {
    if (!this.pending.release(budget)) return false;
    for (const consumer of this.consumers.values()) {
      if (!consumer.pending.release(budget)) return false;
    }
    return true;
  }
}

const id = new EntryId();
