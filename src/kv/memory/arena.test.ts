import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, Arena, byteOffset, SEGMENT_SHIFT } from './arena.ts';

interface Held {
  addr: Address;
  bytes: number;
  mark: number;
}

function fill(arena: Arena, held: Held): void {
  const from = byteOffset(held.addr);
  arena.bytes[held.addr >>> SEGMENT_SHIFT]!.fill(held.mark, from, from + held.bytes);
}

function intact(arena: Arena, held: Held): boolean {
  const from = byteOffset(held.addr);
  const bytes = arena.bytes[held.addr >>> SEGMENT_SHIFT]!;
  return bytes[from] === held.mark && bytes[from + held.bytes - 1] === held.mark;
}

const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 300, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 9000, max: 300_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4_000_000, max: 9_000_000 }) },
);

test('allocations never overlap, and all memory comes back, whatever the order of frees', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), sizes, fc.nat()), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (list) => {
      const arena = new Arena(1);
      const held: Held[] = [];
      let mark = 0;
      for (const [take, bytes, pick] of list) {
        if (take || held.length === 0) {
          const addr = arena.alloc(bytes);
          assert.ok(addr > 0 && addr < 2 ** 31);
          assert.ok(arena.capacity(addr) >= bytes);
          mark = (mark + 1) % 256;
          const entry = { addr, bytes, mark };
          fill(arena, entry);
          held.push(entry);
        } else {
          const [entry] = held.splice(pick % held.length, 1);
          assert.ok(intact(arena, entry!), 'another allocation has written here');
          arena.free(entry!.addr);
        }
      }
      for (const entry of held) {
        assert.ok(intact(arena, entry));
        arena.free(entry.addr);
      }
      assert.equal(arena.usedBytes, 0);
    }),
    { numRuns: 40 },
  );
});

test('segments whose pages are all free give their memory back', () => {
  const arena = new Arena(1);
  const list = Array.from({ length: 3000 }, () => arena.alloc(20_000));
  const reserved = arena.reservedBytes;
  assert.ok(reserved >= 60_000_000);
  for (const addr of list) arena.free(addr);
  assert.ok(arena.reservedBytes < 20_000_000, `${arena.reservedBytes} bytes are still held`);
  assert.equal(arena.usedBytes, 0);
});

test('an allocation is at most an eighth larger than asked for, small ones rounded to 8 bytes', () => {
  const arena = new Arena(1);
  for (let bytes = 1; bytes <= 8192; bytes += 7) {
    const addr = arena.alloc(bytes);
    const capacity = arena.capacity(addr);
    assert.ok(capacity - bytes <= Math.max(7, bytes / 8 + 8), `${bytes} took ${capacity}`);
    assert.equal(Arena.roundUp(bytes), capacity);
  }
});

test('an arena says that it is nearly full while there is still room, and takes it back', () => {
  const arena = new Arena(1, 260);
  const held: Address[] = [];
  while (!arena.nearlyFull) held.push(arena.alloc(4 * 1024 * 1024));
  assert.ok(held.length >= 4);
  arena.free(arena.alloc(8 * 1024 * 1024));
  for (const addr of held) arena.free(addr);
  assert.equal(arena.nearlyFull, false);
});
