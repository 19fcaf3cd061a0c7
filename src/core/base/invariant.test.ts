import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError, invariant, unreachable } from './invariant.ts';

test('invariant throws its text when the condition is false and is silent when it is true', () => {
  invariant(true, 'never seen');
  assert.throws(() => invariant(false, 'a before b'), new InvariantError('a before b'));
});

test('unreachable names the value that no case took', () => {
  assert.throws(() => unreachable('odd' as never), /unreachable value odd/);
});
