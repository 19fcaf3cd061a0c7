import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutOfMemoryError } from '../memory/index.ts';
import { ScriptArgs } from './script-args.ts';

test('arguments of a script up to the limit are taken, more are not, and the next ones are', () => {
  const args = new ScriptArgs(Buffer.allocUnsafeSlow, 100_000);
  const text = 'x'.repeat(30_000);
  assert.equal(args.load(['SET', text, text, text]), true);
  assert.equal(args.args.text(3), text);
  assert.throws(() => args.load(['SET', text, text, text, text]), OutOfMemoryError);
  assert.equal(args.load(['SET', 'k', 1.5]), true);
  assert.deepEqual([args.args.text(0), args.args.text(2)], ['SET', '1.5']);
});
