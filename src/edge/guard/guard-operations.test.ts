import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GuardDoor, guardOperations } from './guard-operations.ts';

/** A door that keeps what it was asked. */
function doorOf(room = true) {
  const asked: unknown[] = [];
  const door: GuardDoor = {
    shown: () => ({ state: 'calm' }) as never,
    block: (...given) => {
      asked.push(given);
      return room;
    },
    unblock: (network) => {
      asked.push(network);
      return network === '192.0.2.1' ? 2 : 0;
    },
  };
  const run = async (path: string, body?: unknown) => {
    const operation = guardOperations(door).find((each) => each.path === path);
    assert.ok(operation !== undefined);
    return operation.run({ names: {}, body });
  };
  return { asked, run };
}

test('what is seen', async () => {
  assert.deepEqual(await doorOf().run('/guard'), { ok: true, body: { state: 'calm' } });
});

test('block: a network, how long and why', async () => {
  const { asked, run } = doorOf();
  assert.deepEqual(await run('/guard/block', { network: '192.0.2.0/24' }), {
    ok: true,
    body: { blocked: '192.0.2.0/24' },
  });
  await run('/guard/block', { network: '::1', seconds: 60, reason: 'abuse' });
  assert.deepEqual(asked, [
    ['192.0.2.0/24', 'an operator', 0],
    ['::1', 'abuse', 60_000],
  ]);
});

test('block and unblock: a body that is not right does nothing', async () => {
  const { asked, run } = doorOf();
  for (const body of [
    ...[undefined, null, [], {}, { network: 7 }, { network: 'home' }, { network: '10.0.0.1/8' }],
    ...[
      { network: '::1', seconds: 0 },
      { network: '::1', seconds: -1 },
      { network: '::1', seconds: '9' },
    ],
    ...[
      { network: '::1', seconds: 1e9 },
      { network: '::1', reason: 1 },
      { network: '::1', reason: 'x'.repeat(201) },
    ],
    { network: '::1', until: 7 },
  ]) {
    const answer = await run('/guard/block', body);
    assert.ok(!answer.ok && answer.problem === 'bad-body', JSON.stringify(body));
  }
  for (const body of [undefined, {}, { network: 'x' }, { network: '::1', all: true }]) {
    const answer = await run('/guard/unblock', body);
    assert.ok(!answer.ok && answer.problem === 'bad-body', JSON.stringify(body));
  }
  assert.equal(asked.length, 0);
});

test('what can not be done is a problem with its status', async () => {
  const full = await doorOf(false).run('/guard/block', { network: '::1' });
  assert.ok(!full.ok && full.status === 409);
  const none = await doorOf().run('/guard/unblock', { network: '192.0.2.9' });
  assert.ok(!none.ok && none.status === 404);
  const done = await doorOf().run('/guard/unblock', { network: '192.0.2.1' });
  assert.deepEqual(done, { ok: true, body: { unblocked: '192.0.2.1', ended: 2 } });
});
