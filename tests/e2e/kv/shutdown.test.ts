/** The end of the process, asked for by a client or by a signal: its exit code, and what a restart finds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requirePeer } from '../../support/peers.ts';
import { type Plinth, startPlinth } from '../../support/plinth.ts';
import { waitUntil } from '../../support/process.ts';
import { redisCli } from '../../support/redis-cli.ts';
import { RespClient } from '../../support/resp-client.ts';
import { textOf } from '../../support/resp-reply.ts';

const words = [[], ['NOSAVE'], ['SAVE'], ['NOW'], ['FORCE'], ['NOSAVE', 'NOW', 'FORCE']];

test('SHUTDOWN in all its forms ends the process with 0, and what was written is there after a restart', async () => {
  const plinth = await startPlinth();
  try {
    for (const [round, form] of words.entries()) {
      const client = await RespClient.connect(plinth);
      assert.equal(textOf(await client.must('INCR', 'rounds')), String(round + 1));
      const bystander = await RespClient.connect(plinth);
      await assert.rejects(client.send(['SHUTDOWN', ...form]), /connection closed/);
      assert.equal(await plinth.child().exited, 0, plinth.output());
      await bystander.waitClosed();
      await plinth.restart();
    }
    const client = await RespClient.connect(plinth);
    assert.equal(textOf(await client.must('GET', 'rounds')), String(words.length));
    client.close();
  } finally {
    await plinth.stop();
  }
});

test('what SHUTDOWN cannot do is an error, and the process lives on', async () => {
  const plinth = await startPlinth();
  const client = await RespClient.connect(plinth);
  try {
    for (const [form, error] of [
      [['ABORT'], 'ERR No shutdown in progress.'],
      [['SAVE', 'NOSAVE'], 'ERR syntax error'],
      [['ABORT', 'NOW'], 'ERR syntax error'],
      [['LATER'], 'ERR syntax error'],
    ] as const) {
      assert.equal(textOf(await client.send(['SHUTDOWN', ...form])), error);
    }
    assert.equal(textOf(await client.must('PING')), 'PONG');
  } finally {
    client.close();
    await plinth.stop();
  }
});

describe('redis-cli', requirePeer('redis-cli'), () => {
  test('SHUTDOWN by redis-cli says nothing and succeeds', async () => {
    const plinth = await startPlinth();
    try {
      const run = await redisCli(['-p', String(plinth.port), 'SHUTDOWN', 'NOSAVE']);
      assert.deepEqual(run, { code: 0, out: '', err: '' });
      assert.equal(await plinth.child().exited, 0);
    } finally {
      await plinth.stop();
    }
  });
});

/** Counts up keys of its own until the connection ends; gives how many were acknowledged. */
async function writeUntilTheEnd(
  plinth: Plinth,
  name: string,
  started: () => void,
): Promise<number> {
  const client = await RespClient.connect(plinth);
  let acknowledged = 0;
  try {
    for (;;) {
      const replies = await client.pipeline(
        Array.from({ length: 20 }, (_, i) => [
          'SET',
          `${name}:${acknowledged + i}`,
          'x'.repeat(200),
        ]),
      );
      assert.ok(
        replies.every((reply) => reply.type === 'simple'),
        'every write is taken',
      );
      acknowledged += replies.length;
      started();
    }
  } catch (error) {
    assert.match(String(error), /connection closed|ECONNRESET|EPIPE/);
  }
  return acknowledged;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} in the midst of writes ends with 0, and every acknowledged write is there after a restart`, async () => {
    // Small segments, so that the end may fall on a change of them or on a checkpoint.
    const plinth = await startPlinth({ kv: { log_segment: '64kb', flush_log: '256kb' } });
    try {
      const names = ['a', 'b', 'c'];
      const writing = new Set<string>();
      const done = names.map((name) => writeUntilTheEnd(plinth, name, () => writing.add(name)));
      await waitUntil('all to write', () => writing.size === names.length);
      plinth.child().process.kill(signal);
      const counts = await Promise.all(done);
      assert.equal(await plinth.child().exited, 0, plinth.output());
      await plinth.restart();
      const client = await RespClient.connect(plinth);
      for (const [i, name] of names.entries()) {
        const keys = Array.from({ length: counts[i] ?? 0 }, (_, n) => `${name}:${n}`);
        assert.equal(textOf(await client.must('EXISTS', ...keys)), String(keys.length));
      }
      client.close();
    } finally {
      await plinth.stop();
    }
  });
}
