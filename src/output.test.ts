import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { outputTo } from './output.ts';

/** A stream whose writes all fail with this code, and how often it was written to. */
function failing(code: string): { stream: Writable; writes: () => number } {
  let writes = 0;
  const stream = new Writable({
    autoDestroy: false,
    write: (_chunk, _encoding, done) => {
      writes++;
      done(Object.assign(new Error(code), { code }));
    },
  });
  return { stream, writes: () => writes };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a reader that left is no failure, and nothing is written for it any more', async () => {
  const { stream, writes } = failing('EPIPE');
  const write = outputTo(stream, () => assert.fail('told as a failure'));
  write('one\n');
  await turn();
  write('two\n');
  await turn();
  assert.equal(writes(), 1);
});

test('another failure is told once', async () => {
  const { stream } = failing('ENOSPC');
  const told: unknown[] = [];
  const write = outputTo(stream, ({ code }) => told.push(code));
  write('one\n');
  write('two\n');
  await turn();
  assert.deepEqual(told, ['ENOSPC']);
});
