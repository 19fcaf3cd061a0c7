import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, Arena, byteOffset, SEGMENT_SHIFT } from './arena.ts';
import { OutOfMemoryError } from './out-of-memory.ts';

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
  const arena = new Arena(1, { segmentsMax: 260 });
  const held: Address[] = [];
  while (!arena.nearlyFull) held.push(arena.alloc(4 * 1024 * 1024));
  assert.ok(held.length >= 4);
  arena.free(arena.alloc(8 * 1024 * 1024));
  for (const addr of held) arena.free(addr);
  assert.equal(arena.nearlyFull, false);
});

/** A system with so many bytes to give. */
class System {
  leftBytes: number;

  constructor(bytes: number) {
    this.leftBytes = bytes;
  }
  readonly allocate = (bytes: number): ArrayBuffer => {
    if (bytes > this.leftBytes) throw new RangeError('Array buffer allocation failed');
    this.leftBytes -= bytes;
    return new ArrayBuffer(bytes);
  };
}

const MEBIBYTE = 1024 * 1024;

test('when the system refuses memory there is some left for what is under way, and it is told at once', () => {
  const system = new System(100 * MEBIBYTE);
  const arena = new Arena(1, system);
  const held: Address[] = [];
  while (!arena.nearlyFull) held.push(arena.alloc(2 * MEBIBYTE));
  assert.ok(arena.usedBytes > 40 * MEBIBYTE);
  const before = arena.usedBytes;
  while (arena.usedBytes < before + 16 * MEBIBYTE) held.push(arena.alloc(1000));
  assert.equal(arena.nearlyFull, true);
  assert.equal(arena.hasRoomFor(16 * MEBIBYTE), true);
  assert.equal(arena.hasRoomFor(17 * MEBIBYTE), false);
  system.leftBytes = 100 * MEBIBYTE;
  assert.equal(arena.hasRoomFor(17 * MEBIBYTE), true);
  arena.replenish();
  assert.equal(arena.nearlyFull, false);
  for (const addr of held) arena.free(addr);
  assert.equal(arena.usedBytes, 0);
});

test('memory that is freed while the system refuses more is kept for what comes', () => {
  const arena = new Arena(1, new System(100 * MEBIBYTE));
  const held: Address[] = [];
  while (!arena.nearlyFull) held.push(arena.alloc(2 * MEBIBYTE));
  for (const addr of held) arena.free(addr);
  assert.equal(arena.nearlyFull, false);
  while (arena.usedBytes < 32 * MEBIBYTE) arena.alloc(2 * MEBIBYTE);
  assert.equal(arena.nearlyFull, true);
});

test('an allocation that fails, of any size, has changed nothing', () => {
  const taken = fc.array(sizes, { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(taken, fc.integer({ min: 20, max: 60 }), (list, mebibytes) => {
      const system = new System(mebibytes * MEBIBYTE);
      const arena = new Arena(1, system);
      const held: Held[] = [];
      let failed = 0;
      for (let round = 0; failed < 3; round++) {
        const bytes = round > 400 ? 3 * MEBIBYTE : list[round % list.length]!;
        const before = [arena.usedBytes, arena.reservedBytes, arena.bytes.length];
        try {
          const entry = { addr: arena.alloc(bytes), bytes, mark: round % 256 };
          fill(arena, entry);
          held.push(entry);
        } catch (error) {
          assert.ok(error instanceof OutOfMemoryError);
          assert.deepEqual([arena.usedBytes, arena.reservedBytes, arena.bytes.length], before);
          failed++;
          const entry = held.shift();
          if (entry !== undefined) arena.free(entry.addr);
        }
      }
      for (const entry of held) {
        assert.ok(intact(arena, entry));
        arena.free(entry.addr);
      }
      assert.equal(arena.usedBytes, 0);
    }),
    { numRuns: 20 },
  );
});

test('an arena with a limit takes no segment beyond it and goes on with what it has', () => {
  const arena = new Arena(1, { bytesMax: 16 * 1024 * 1024 });
  const held: Address[] = [];
  assert.throws(() => {
    for (;;) held.push(arena.alloc(65_536));
  }, OutOfMemoryError);
  assert.ok(arena.reservedBytes <= 16 * 1024 * 1024, `${arena.reservedBytes}`);
  assert.ok(held.length > 240, `${held.length}`);
  arena.free(held.pop()!);
  assert.ok(arena.alloc(65_536) > 0);
});
