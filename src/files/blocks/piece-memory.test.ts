import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givePieceMemory, PIECE_BYTES, takePieceMemory } from './piece-memory.ts';

/** Nothing of what was given back before is left. */
function emptied(): Buffer[] {
  return Array.from({ length: 32 }, takePieceMemory);
}

test('what was given back is handed out once, whole', () => {
  const held = emptied();
  const memory = takePieceMemory();
  givePieceMemory(memory.subarray(0, 100));
  const again = takePieceMemory();
  assert.equal(again.buffer, memory.buffer);
  assert.equal(again.length, PIECE_BYTES);
  assert.notEqual(takePieceMemory().buffer, memory.buffer);
  assert.equal(held.length, 32);
});

test('memory that is no piece, or not its beginning, is left alone', () => {
  const held = emptied();
  const memory = takePieceMemory();
  const others = [Buffer.alloc(10), Buffer.alloc(PIECE_BYTES + 1), memory.subarray(8)];
  for (const other of others) givePieceMemory(other);
  for (let nth = 0; nth < others.length; nth++) {
    const next = takePieceMemory();
    assert.ok(others.every((other) => other.buffer !== next.buffer));
  }
  assert.equal(held.length, 32);
});
