/**
 * For tests: encodings that are read but never written: ziplist, zipmap, plain
 * types of old versions, listpacks with field expiry.
 */

import { ByteWriter } from '../byte-writer.ts';
import { Crc64 } from '../crc64.ts';
import { parseCanonicalInteger } from '../decimal.ts';

/** A DUMP payload of `type` whose value `write` writes. */
export function payload(
  type: number,
  write: (out: ByteWriter) => void,
  options: { version?: number; trusted?: boolean } = {},
): Buffer {
  const out = new ByteWriter();
  out.u8(type);
  write(out);
  out.u16(options.version ?? 9);
  const crc = Buffer.alloc(8);
  if (options.trusted !== true) new Crc64().update(out.view()).writeTo(crc, 0);
  out.bytes(crc);
  return out.take();
}

/** `bytes` with the version and checksum of a payload put right again. */
export function reseal(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length < 10) return copy;
  new Crc64().update(copy, 0, copy.length - 8).writeTo(copy, copy.length - 8);
  return copy;
}

/** A ziplist of `items` (latin1); integers are stored as such. */
export function ziplist(items: readonly string[]): Buffer {
  const entries: Buffer[] = [];
  let previous = 0;
  let tail = 10;
  let at = 10;
  for (const item of items) {
    const before = previous < 254 ? Buffer.from([previous]) : wide(0xfe, previous);
    const entry = Buffer.concat([before, ziplistValue(Buffer.from(item, 'latin1'))]);
    entries.push(entry);
    tail = at;
    at += entry.length;
    previous = entry.length;
  }
  const head = Buffer.alloc(10);
  head.writeUInt32LE(at + 1, 0);
  head.writeUInt32LE(tail, 4);
  head.writeUInt16LE(Math.min(items.length, 65535), 8);
  return Buffer.concat([head, ...entries, Buffer.from([0xff])]);
}

function wide(mark: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = mark;
  bytes.writeUInt32LE(value, 1);
  return bytes;
}

function ziplistValue(text: Buffer): Buffer {
  const integer = parseCanonicalInteger(text);
  if (integer !== null) return ziplistInteger(BigInt(integer));
  if (text.length < 64) return Buffer.concat([Buffer.from([text.length]), text]);
  if (text.length < 16384) {
    return Buffer.concat([Buffer.from([0x40 | (text.length >> 8), text.length & 255]), text]);
  }
  const head = Buffer.alloc(5);
  head[0] = 0x80;
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, text]);
}

function ziplistInteger(value: bigint): Buffer {
  if (value >= 0n && value <= 12n) return Buffer.from([0xf1 + Number(value)]);
  const sizes: [bits: number, mark: number][] = [
    [8, 0xfe],
    [16, 0xc0],
    [24, 0xf0],
    [32, 0xd0],
    [64, 0xe0],
  ];
  for (const [bits, mark] of sizes) {
    if (BigInt.asIntN(bits, value) !== value) continue;
    const wideValue = Buffer.alloc(8);
    wideValue.writeBigInt64LE(value);
    return Buffer.concat([Buffer.from([mark]), wideValue.subarray(0, bits / 8)]);
  }
  throw new Error('no 64-bit integer');
}

/** A zipmap of alternating keys and values, each value with `unused` spare bytes. */
export function zipmap(items: readonly string[], unused = 0): Buffer {
  const parts: Buffer[] = [Buffer.from([Math.min(items.length / 2, 254)])];
  for (const [index, item] of items.entries()) {
    const text = Buffer.from(item, 'latin1');
    parts.push(text.length < 254 ? Buffer.from([text.length]) : wide(0xfe, text.length));
    if (index % 2 === 1) parts.push(Buffer.from([unused]));
    parts.push(text);
    if (index % 2 === 1) parts.push(Buffer.alloc(unused, 0x2a));
  }
  return Buffer.concat([...parts, Buffer.from([0xff])]);
}
