/**
 * A stored response without its body as bytes, for the disk: docs/formats/cache-segments.md, 'meta'.
 *
 * Numbers are little-endian; texts are latin1, each behind its length. What cannot be read is no response.
 */
import type { Fields } from '../../core/wire/index.ts';

const VERSION = 1;
const INVALIDATED = 1;

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

/** @param fields those that are stored. */
export function encodeMeta(meta: StoredMeta, fields: Fields): Buffer {
  const texts = [meta.space, meta.key, meta.variant, ...meta.varyNames];
  let bytes = 1 + 1 + 2 + 4 * 8 + 2 + 2;
  for (const text of texts) bytes += 4 + text.length;
  for (let i = 0; i < fields.count; i++) {
    if (!fields.isRemoved(i)) bytes += 8 + fields.name(i).length + fields.valueLength(i);
  }
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  out[at++] = VERSION;
  out[at++] = meta.invalidated ? INVALIDATED : 0;
  at = out.writeUInt16LE(meta.status, at);
  for (const number of [
    meta.responseMs,
    meta.initialAgeSeconds,
    meta.lifetimeSeconds,
    meta.freshUntilMs,
  ]) {
    at = out.writeDoubleLE(number, at);
  }
  const put = (text: string): void => {
    at = out.writeUInt32LE(text.length, at);
    at += out.write(text, at, 'latin1');
  };
  put(meta.space);
  put(meta.key);
  put(meta.variant);
  at = out.writeUInt16LE(meta.varyNames.length, at);
  for (const name of meta.varyNames) put(name);
  const countAt = at;
  at += 2;
  let count = 0;
  for (let i = 0; i < fields.count; i++) {
    if (fields.isRemoved(i)) continue;
    put(fields.name(i));
    put(fields.value(i));
    count++;
  }
  out.writeUInt16LE(count, countAt);
  return out;
}

/** Adds the fields to `fields`. Null: it is nothing of ours, or of a later version. */
export function decodeMeta(bytes: Buffer, fields: Fields): StoredMeta | null {
  const reader = new MetaReader(bytes);
  if (reader.u8() !== VERSION) return null;
  const flags = reader.u8();
  const status = reader.u16();
  const responseMs = reader.f64();
  const initialAgeSeconds = reader.f64();
  const lifetimeSeconds = reader.f64();
  const freshUntilMs = reader.f64();
  const space = reader.text();
  const key = reader.text();
  const variant = reader.text();
  const varyNames: string[] = [];
  for (let left = reader.u16(); left > 0 && !reader.failed; left--) varyNames.push(reader.text());
  for (let left = reader.u16(); left > 0 && !reader.failed; left--) {
    const name = Buffer.from(reader.text(), 'latin1');
    if (!fields.add(name, Buffer.from(reader.text(), 'latin1'))) return null;
  }
  if (reader.failed || !reader.isAtEnd) return null;
  const invalidated = (flags & INVALIDATED) !== 0;
  const times = { responseMs, initialAgeSeconds, lifetimeSeconds, freshUntilMs };
  return { space, key, varyNames, variant, status, invalidated, ...times };
}

/** Reads on while there is enough; `failed` behind the first thing that was not there. */
class MetaReader {
  failed = false;
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  u8(): number {
    return this.take(1) ? this.bytes.readUInt8(this.at - 1) : 0;
  }

  u16(): number {
    return this.take(2) ? this.bytes.readUInt16LE(this.at - 2) : 0;
  }

  f64(): number {
    return this.take(8) ? this.bytes.readDoubleLE(this.at - 8) : 0;
  }

  text(): string {
    const length = this.take(4) ? this.bytes.readUInt32LE(this.at - 4) : 0;
    return this.take(length) ? this.bytes.toString('latin1', this.at - length, this.at) : '';
  }

  private take(bytes: number): boolean {
    if (this.failed || this.bytes.length - this.at < bytes) {
      this.failed = true;
      return false;
    }
    this.at += bytes;
    return true;
  }
}
