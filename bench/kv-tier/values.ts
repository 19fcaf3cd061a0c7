/**
 * What stands under a key: its number, the version that was written, and text that follows from both. So
 * every value that comes back can be judged alone, byte for byte.
 */
import { Chance } from '../../tests/fuzz/kv/random.ts';

/** `000000012345:0000000001:` */
const HEAD_BYTES = 24;
export const VALUE_BYTES_MIN = HEAD_BYTES + 8;
export const VALUE_BYTES_MAX = 32 * 1024;
const TEXT_BYTES = 128 * 1024;

/** Random text of 64 letters, of which values are cut. */
const text = makeText();

function makeText(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const chance = new Chance(1);
  let made = '';
  for (let i = 0; i < TEXT_BYTES; i++) made += letters[Math.floor(chance.unit() * 64)];
  return made;
}

/** The value of `bytes` bytes (from VALUE_BYTES_MIN to VALUE_BYTES_MAX). */
export function storedValue(index: number, version: number, bytes: number): string {
  const head = `${String(index).padStart(12, '0')}:${String(version).padStart(10, '0')}:`;
  const mixed = Math.imul(index ^ Math.imul(version, 0x85ebca6b), 0x9e3779b1) >>> 0;
  const from = mixed % (TEXT_BYTES - VALUE_BYTES_MAX);
  return head + text.slice(from, from + bytes - HEAD_BYTES);
}

/** The version that a value of this key shows; undefined where it is no such value. */
export function versionIn(value: string, index: number): number | undefined {
  const version = Number(value.slice(13, 23));
  if (!Number.isInteger(version) || version < 0) return undefined;
  return value === storedValue(index, version, value.length) ? version : undefined;
}
