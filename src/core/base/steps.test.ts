import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAtOnce, runInTurns, type Steps, type WorkDone } from './steps.ts';

function* count(to: number, log: string[] = []): Steps<string> {
  try {
    for (let i = 1; i <= to; i++) {
      log.push(`step ${i}`);
      if (i === 3) throw new Error('broken');
      yield { doneBytes: i, totalBytes: to };
    }
    return 'all';
  } finally {
    log.push('closed');
  }
}

test('work runs at once, telling each step, and gives its result', () => {
  const told: WorkDone[] = [];
  assert.equal(
    runAtOnce(count(2), (done) => told.push(done)),
    'all',
  );
  assert.deepEqual(told, [
    { doneBytes: 1, totalBytes: 2 },
    { doneBytes: 2, totalBytes: 2 },
  ]);
  assert.throws(() => runAtOnce(count(5)), /broken/);
});

test('work in turns lets others run between its steps, and closes when it fails', async () => {
  const log: string[] = [];
  const nextTurn = (run: () => void): void => {
    log.push('others');
    queueMicrotask(run);
  };
  assert.equal(await runInTurns(count(2, log), nextTurn), 'all');
  assert.deepEqual(log, ['step 1', 'others', 'step 2', 'others', 'closed']);
  log.length = 0;
  await assert.rejects(runInTurns(count(5, log), nextTurn), /broken/);
  assert.deepEqual(log.slice(-2), ['step 3', 'closed']);
});
