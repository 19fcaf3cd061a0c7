import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOf } from './slot.ts';

function slot(text: string): number {
  const buf = Buffer.from(`..${text}..`);
  return slotOf(buf, 2, buf.length - 2);
}

test('a slot is the CRC16 of the key modulo 16,384', () => {
  // The check value of CRC16/XMODEM, then slots that Redis clients know.
  assert.equal(slot('123456789'), 0x31c3);
  assert.equal(slot('foo'), 12182);
  assert.equal(slot('bar'), 5061);
  assert.equal(slot(''), 0);
});

test('only the first hash tag counts, and an empty one is none', () => {
  assert.equal(slot('{user1000}.following'), slot('user1000'));
  assert.equal(slot('foo{{bar}}zap'), slot('{bar'));
  assert.equal(slot('foo{bar}{zap}'), slot('bar'));
  assert.notEqual(slot('foo{}{bar}'), slot('bar'));
  assert.notEqual(slot('{foo'), slot('foo'));
});
