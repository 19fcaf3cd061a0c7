/**
 * One response in memory: numbers that a hit needs, and where its fields and its body lie outside the heap.
 *
 *     growing ──complete──▶ stored ──removed──▶ gone, its memory given back when nobody reads it any more
 *        └──── removed ───────│─▲───────────────▲
 *                  asleep a record, its memory as it is
 *
 * Invariants: what lies outside the heap is given back once; a body longer than `SMALL_BODY_BYTES` stays where it is
 * while somebody has it pinned, a shorter one is copied by whoever reads it and may move at any time.
 */
import { copyBytes } from '../../core/base/index.ts';
import { type Address, byteOffset } from '../../core/memory/index.ts';
import { FieldId, type Fields, nextFieldsId, type ReadyResponse } from '../../core/wire/index.ts';
import type { Slot } from '../eviction/queue.ts';
import type { PartialResponse } from '../ranges/index.ts';
import type { ObjectMemory } from './object-memory.ts';
import { Pieces } from './pieces.ts';
import type { Resource } from './resource.ts';
import type { Sleeper } from './sleepers.ts';
import {
  copyWithoutIds,
  linesStartOf,
  putFields,
  putIds,
  readFields,
  storedFieldsBytes,
} from './stored-fields.ts';

/** A body up to this lies behind its fields in one block, and is copied when it is sent. */
export const SMALL_BODY_BYTES = 16_384;

/** Fields as they lie in memory, without ids. */
export interface FieldsSource {
  readonly fieldsBytes: number;
  /** Whether they can be sent as they lie there. */
  readonly asStored: boolean;
  copyFields(to: Buffer, at: number): void;
}

/** What others keep in the store's memory with a response; it leaves with it. */
export interface Attached {
  /** What it costs. */
  readonly bytes: number;
  free(): void;
}

export class StoredResponse implements ReadyResponse, Sleeper {
  readonly resource: Resource;
  /** Its place in the eviction queue; 0: none. */
  slot: Slot = 0;
  status = 0;
  /** The next older variant of the resource. */
  nextVariant: StoredResponse | null = null;
  /** Names of the fields that it varies by, and their values in the request it was made for. */
  varyNames: readonly string[] = [];
  variant = '';
  responseMs = 0;
  initialAgeSeconds = 0;
  lifetimeSeconds = 0;
  /** How long its fetch took until its head came, milliseconds. */
  fetchMs = 0;
  /** Fresh before this, wall milliseconds; 0 when the policy has to be asked each time. */
  freshUntilMs = 0;
  /** Made stale by an unsafe request or a purge, whatever its times say. */
  invalidated = false;
  /** Sequence of purges when its fetch began, and up to which it has been compared with them. */
  seq = 0;
  tags: readonly number[] = NO_TAGS;
  /** Of the body so far. */
  bodyBytes = 0;
  /** Of the whole body; -1 while nobody knows. */
  lengthBytes = 0;
  /** The body is whole. */
  complete = false;
  /** Which part of its representation the body is; null: all of it. */
  partial: PartialResponse | null = null;
  /** It answers nobody any more. */
  gone = false;
  /** It was written to the disk as it is. */
  onDisk = false;
  /** Another one when its fields change; 0: they can not be sent as they lie there. */
  fieldsId = 0;
  /** Other codings of it. */
  attached: Attached | null = null;
  private readonly memory: ObjectMemory;
  /** Fields, and behind them a small body that is whole. */
  record: Address = 0;
  /** Offset of the body in the record. */
  bodyAt = 0;
  private pieces: Pieces | null = null;
  private pins = 0;

  constructor(resource: Resource, memory: ObjectMemory) {
    this.resource = resource;
    this.memory = memory;
  }

  get key(): string {
    return this.resource.key;
  }

  /** Bytes of the blocks that it lies in. */
  get blockBytes(): number {
    const { record, pieces, memory, attached } = this;
    const recordBytes = record === 0 ? 0 : memory.capacityOf(record);
    return recordBytes + (pieces?.bytes ?? 0) + (attached?.bytes ?? 0);
  }

  /** Keeps the fields of its head. False: there is no memory. */
  keepFields(fields: Fields): boolean {
    const { memory, record, pieces, bodyBytes } = this;
    const small = record !== 0 && pieces === null ? bodyBytes : 0;
    const bytes = storedFieldsBytes(fields);
    this.pins++;
    const block = memory.take(bytes + small);
    this.pins--;
    if (block === 0) return false;
    // It was itself what had to go.
    if (this.gone) {
      memory.free(block);
      if (this.pins === 0) this.free();
      return false;
    }
    const to = memory.bytesOf(block);
    putFields(to, byteOffset(block), fields);
    if (small > 0) {
      const from = memory.bytesOf(record);
      copyBytes(from, byteOffset(record) + this.bodyAt, to, byteOffset(block) + bytes, small);
    }
    if (record !== 0) memory.free(record);
    this.record = block;
    this.bodyAt = bytes;
    this.fieldsId = canBeSentAsStored(fields) ? nextFieldsId() : 0;
    return true;
  }

  /**
   * Keeps the fields of its head, which have no ids, and a small body that is whole; nothing was kept before. False:
   * there is no memory.
   */
  keepWhole(fields: FieldsSource, body: Buffer, from: number, to: number): boolean {
    const { memory } = this;
    const { fieldsBytes } = fields;
    const block = memory.take(fieldsBytes + to - from);
    if (block === 0) return false;
    const buffer = memory.bytesOf(block);
    const start = byteOffset(block);
    fields.copyFields(buffer, start);
    putIds(buffer, start);
    copyBytes(body, from, buffer, start + fieldsBytes, to - from);
    this.record = block;
    this.bodyAt = fieldsBytes;
    this.fieldsId = fields.asStored ? nextFieldsId() : 0;
    this.bodyBytes = to - from;
    this.lengthBytes = to - from;
    this.complete = true;
    return true;
  }

  /** Bytes of its fields as `copyFields` writes them. */
  get fieldsBytes(): number {
    return this.bodyAt;
  }

  get asStored(): boolean {
    return this.fieldsId !== 0;
  }

  /** Copies its fields, without ids, to where they outlive the process. */
  copyFields(to: Buffer, at: number): void {
    const { memory, record, bodyAt } = this;
    copyWithoutIds(memory.bytesOf(record), byteOffset(record), bodyAt, to, at);
  }

  /** Whether it may be sent as a `ReadyResponse`: a short body that is whole, behind fields that need no change. */
  get isReady(): boolean {
    const { fieldsId, pieces, record, bodyBytes, complete, partial } = this;
    const lies = pieces === null && record !== 0 && bodyBytes > 0;
    return lies && fieldsId !== 0 && complete && partial === null;
  }

  get buffer(): Buffer {
    return this.memory.bytesOf(this.record);
  }

  get linesStart(): number {
    return linesStartOf(this.buffer, byteOffset(this.record));
  }

  get bodyStart(): number {
    return byteOffset(this.record) + this.bodyAt;
  }

  /** Adds its fields to `fields`, which refer to its memory until the next call of anything here. */
  readFields(fields: Fields): void {
    readFields(this.memory.bytesOf(this.record), byteOffset(this.record), fields);
  }

  /** The body begins to come. @param expectedBytes -1: nobody knows. */
  beginBody(expectedBytes: number): void {
    this.lengthBytes = expectedBytes;
    this.pieces = new Pieces(this.memory, expectedBytes);
  }

  /** More of the body. False: there is no memory for all of it; `bodyBytes` says how much is there. */
  append(bytes: Buffer): boolean {
    const { pieces } = this;
    if (pieces === null) return false;
    const fitted = pieces.append(bytes);
    this.bodyBytes = pieces.bytes;
    return fitted;
  }

  /** The body is whole. */
  finish(): void {
    this.complete = true;
    this.lengthBytes = this.bodyBytes;
    if (this.pins === 0) this.settle();
  }

  /** Of the body from `from` on as much as lies together, at most up to `to`. */
  body(from: number, to: number): Buffer {
    const { pieces, record } = this;
    if (pieces !== null) return pieces.view(from, to);
    const start = byteOffset(record) + this.bodyAt;
    return this.memory.bytesOf(record).subarray(start + from, start + to);
  }

  /** Its body will not be kept: what lies before `offset` is not needed any more. */
  dropBefore(offset: number): void {
    this.pieces?.dropBefore(offset);
  }

  /** Somebody reads it. */
  pin(): void {
    this.pins++;
  }

  unpin(): void {
    this.pins--;
    if (this.pins > 0) return;
    if (this.gone) this.free();
    else if (this.complete) this.settle();
  }

  /** It answers nobody any more; its memory goes as soon as nobody reads it. */
  leave(): void {
    if (this.gone) return;
    this.gone = true;
    if (this.pins === 0) this.free();
  }

  /** All of it lies in one block, and nobody has anything to do with it. */
  get isAtRest(): boolean {
    const { complete, gone, pins, pieces, record, partial, attached } = this;
    if (!complete || gone || pins > 0 || record === 0) return false;
    return pieces === null && partial === null && attached === null;
  }

  /** What is told by yes or no, for a record. */
  get flags(): number {
    const { invalidated, onDisk, fieldsId } = this;
    return (
      (invalidated ? INVALIDATED : 0) | (onDisk ? ON_DISK : 0) | (fieldsId === 0 ? 0 : AS_STORED)
    );
  }

  set flags(flags: number) {
    this.invalidated = (flags & INVALIDATED) !== 0;
    this.onDisk = (flags & ON_DISK) !== 0;
    this.fieldsId = (flags & AS_STORED) === 0 ? 0 : nextFieldsId();
  }

  /** It has become a record, to which its memory belongs now. */
  fallAsleep(): void {
    this.gone = true;
    this.slot = 0;
    this.record = 0;
    this.nextVariant = null;
  }

  /** A record was read into it. */
  wakeUp(): void {
    this.lengthBytes = this.bodyBytes;
    this.complete = true;
  }

  /** Puts a small body behind its fields, in one block. */
  private settle(): void {
    const { pieces, record, memory, bodyBytes, bodyAt } = this;
    if (pieces === null || bodyBytes > SMALL_BODY_BYTES || record === 0) return;
    this.pins++;
    const block = memory.take(bodyAt + bodyBytes);
    this.pins--;
    // No room: it stays as it is, or was itself what had to go.
    if (this.gone) {
      if (block !== 0) memory.free(block);
      this.free();
      return;
    }
    if (block === 0) return;
    const to = memory.bytesOf(block);
    const start = byteOffset(block);
    copyBytes(memory.bytesOf(record), byteOffset(record), to, start, bodyAt);
    for (let at = 0; at < bodyBytes; ) {
      const view = pieces.view(at, bodyBytes);
      copyBytes(view, 0, to, start + bodyAt + at, view.length);
      at += view.length;
    }
    pieces.free();
    memory.free(record);
    this.pieces = null;
    this.record = block;
  }

  private free(): void {
    this.attached?.free();
    this.attached = null;
    this.pieces?.free();
    this.pieces = null;
    if (this.record !== 0) this.memory.free(this.record);
    this.record = 0;
  }
}

/** They say how long the body is, and nothing that we have to say as well. */
function canBeSentAsStored(fields: Fields): boolean {
  return (
    fields.has(FieldId.contentLength) &&
    !fields.has(FieldId.age) &&
    !fields.has(FieldId.cacheStatus)
  );
}

const NO_TAGS: readonly number[] = [];

// Flags of a record.
const INVALIDATED = 1;
const ON_DISK = 2;
const AS_STORED = 4;
