/**
 * A stored response without its body as bytes, for the disk: docs/formats/cache-segments.md, 'Meta of a stored
 * response'.
 *
 *     head, 48 bytes │ space "\n" key │ variant │ names │ fields as they lie in memory, without ids
 *
 * The fields come last, so that their lines and the body behind them are sent in one piece. Numbers are little-endian,
 * texts are latin1. What cannot be read is no response.
 */
import { copyBytes, equalBytes } from '../../core/base/index.ts';
import type { Fields } from '../../core/wire/index.ts';
import { areFields, linesStartOf, readFieldsWithoutIds } from '../objects/stored-fields.ts';
import type { FieldsSource, StoredResponse } from '../objects/stored-response.ts';

const VERSION = 2;
const HEAD_BYTES = 48;

// Bits of `flags`.
const INVALIDATED = 1;
const AS_STORED = 2;

export interface StoredMeta {
  /** Name of the space and the key. */
  readonly space: string;
  readonly key: string;
  readonly varyNames: readonly string[];
  readonly variant: string;
  readonly status: number;
  readonly invalidated: boolean;
  /** Wall milliseconds and seconds, as of `StoredResponse`. */
  readonly responseMs: number;
  readonly initialAgeSeconds: number;
  readonly lifetimeSeconds: number;
  readonly freshUntilMs: number;
}

export function encodeMeta(meta: StoredMeta, fields: FieldsSource): Buffer {
  const owner = ownerOf(meta.space, meta.key);
  const names = meta.varyNames.join();
  const { variant } = meta;
  const fieldsAt = HEAD_BYTES + owner.length + variant.length + names.length;
  const out = Buffer.allocUnsafe(fieldsAt + fields.fieldsBytes);
  out[0] = VERSION;
  out[1] = (meta.invalidated ? INVALIDATED : 0) | (fields.asStored ? AS_STORED : 0);
  out.writeUInt16LE(meta.status, 2);
  out.writeUInt32LE(owner.length, 4);
  out.writeUInt32LE(variant.length, 8);
  out.writeUInt32LE(names.length, 12);
  out.writeDoubleLE(meta.responseMs, 16);
  out.writeDoubleLE(meta.initialAgeSeconds, 24);
  out.writeDoubleLE(meta.lifetimeSeconds, 32);
  out.writeDoubleLE(meta.freshUntilMs, 40);
  let at = HEAD_BYTES;
  at += out.write(owner, at, 'latin1');
  at += out.write(variant, at, 'latin1');
  at += out.write(names, at, 'latin1');
  fields.copyFields(out, at);
  return out;
}

/** What a record is of, as one text; names of spaces have no line end. */
export function ownerOf(space: string, key: string): string {
  return `${space}\n${key}`;
}

/** Reads what `encodeMeta` has written where it lies; the same object for one after the other. */
export class MetaView implements FieldsSource {
  buffer: Buffer = NOTHING;
  status = 0;
  invalidated = false;
  asStored = false;
  responseMs = 0;
  initialAgeSeconds = 0;
  lifetimeSeconds = 0;
  freshUntilMs = 0;
  /** Where the fields begin, and behind them. */
  fieldsStart = 0;
  fieldsEnd = 0;
  private ownerStart = 0;
  private variantStart = 0;
  private namesStart = 0;

  /** False: these bytes are nothing of ours, and nothing else may be asked for. */
  read(buffer: Buffer, start: number, end: number): boolean {
    if (end - start < HEAD_BYTES || buffer[start] !== VERSION) return false;
    this.ownerStart = start + HEAD_BYTES;
    this.variantStart = this.ownerStart + buffer.readUInt32LE(start + 4);
    this.namesStart = this.variantStart + buffer.readUInt32LE(start + 8);
    this.fieldsStart = this.namesStart + buffer.readUInt32LE(start + 12);
    this.fieldsEnd = end;
    if (this.fieldsStart >= end) return false;
    const flags = buffer[start + 1]!;
    this.buffer = buffer;
    this.invalidated = (flags & INVALIDATED) !== 0;
    this.asStored = (flags & AS_STORED) !== 0;
    this.status = buffer.readUInt16LE(start + 2);
    this.responseMs = buffer.readDoubleLE(start + 16);
    this.initialAgeSeconds = buffer.readDoubleLE(start + 24);
    this.lifetimeSeconds = buffer.readDoubleLE(start + 32);
    this.freshUntilMs = buffer.readDoubleLE(start + 40);
    return areFields(buffer, this.fieldsStart, end - this.fieldsStart);
  }

  /** Whether it is of this owner: `ownerOf` as bytes, `length` from 0 on. */
  isOf(owner: Buffer, length: number): boolean {
    const { ownerStart, variantStart } = this;
    if (variantStart - ownerStart !== length) return false;
    return equalBytes(this.buffer, ownerStart, owner, 0, length);
  }

  get varies(): boolean {
    return this.namesStart < this.fieldsStart;
  }

  get varyNames(): readonly string[] {
    return this.varies ? this.text(this.namesStart, this.fieldsStart).split(',') : NO_NAMES;
  }

  get variant(): string {
    return this.text(this.variantStart, this.namesStart);
  }

  get linesStart(): number {
    return linesStartOf(this.buffer, this.fieldsStart);
  }

  get fieldsBytes(): number {
    return this.fieldsEnd - this.fieldsStart;
  }

  /** Adds its fields to `fields`, which refer to `buffer`. */
  readFields(fields: Fields): void {
    readFieldsWithoutIds(this.buffer, this.fieldsStart, fields);
  }

  copyFields(to: Buffer, at: number): void {
    copyBytes(this.buffer, this.fieldsStart, to, at, this.fieldsBytes);
  }

  /** Tells a response in memory what it is; fields, tags and sequence are the caller's. */
  tell(stored: StoredResponse): void {
    stored.status = this.status;
    stored.varyNames = this.varyNames;
    stored.variant = this.variant;
    stored.invalidated = this.invalidated;
    stored.responseMs = this.responseMs;
    stored.initialAgeSeconds = this.initialAgeSeconds;
    stored.lifetimeSeconds = this.lifetimeSeconds;
    stored.freshUntilMs = this.freshUntilMs;
  }

  /** All of it, to be kept. */
  whole(): StoredMeta {
    const { status, invalidated, variant, varyNames } = this;
    const { responseMs, initialAgeSeconds, lifetimeSeconds, freshUntilMs } = this;
    const owner = this.text(this.ownerStart, this.variantStart);
    const end = owner.indexOf('\n');
    const named = { space: owner.slice(0, end), key: owner.slice(end + 1), varyNames, variant };
    const times = { responseMs, initialAgeSeconds, lifetimeSeconds, freshUntilMs };
    return { ...named, status, invalidated, ...times };
  }

  private text(start: number, end: number): string {
    return start === end ? '' : this.buffer.toString('latin1', start, end);
  }
}

const NO_NAMES: readonly string[] = [];
const NOTHING = Buffer.alloc(0);
