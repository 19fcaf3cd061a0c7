import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PurgeAsked, PurgeOutcome, Purging } from '../purge/index.ts';
import type { CacheDoor, ExplainAsked } from './cache-door.ts';
import { cacheOperations } from './operations.ts';

/** A door that keeps what it was asked, and gives what it is told to. */
function doorOf(outcome: PurgeOutcome) {
  const purged: [readonly PurgeAsked[], Purging][] = [];
  const explained: ExplainAsked[] = [];
  const door: CacheDoor = {
    purge: async (asked, purging) => {
      purged.push([asked, purging]);
      return outcome;
    },
    explain: async (asked) => {
      explained.push(asked);
      if (asked.url === 'bad') return 'it is bad';
      if (asked.route === 'none') return [];
      return [{ route: 'web' } as never];
    },
    status: () => assert.fail('nobody asks'),
  };
  const run = async (path: string, body: unknown) => {
    const operation = cacheOperations(door).find((each) => each.path === path);
    assert.ok(operation !== undefined);
    return operation.run({ names: {}, body });
  };
  return { purged, explained, run };
}

const DONE: PurgeOutcome = { ok: true, seq: 7, names: 2, responses: null };

test('purge: what is named, as lists or single, soft or hard', async () => {
  const { purged, run } = doorOf(DONE);
  const body = { url: ['https://a.test/', 'b.test/'], tag: 'été', host: 'a.test', soft: true };
  assert.deepEqual(await run('/purge', body), {
    ok: true,
    body: { purged: true, names: 2, responses: null, seq: 7 },
  });
  assert.deepEqual(purged, [
    [
      [
        { kind: 'url', value: 'https://a.test/', soft: true },
        { kind: 'url', value: 'b.test/', soft: true },
        { kind: 'tag', value: 'Ã©tÃ©', soft: true },
        { kind: 'host', value: 'a.test', soft: true },
      ],
      { who: 'admin', by: 'admin' },
    ],
  ]);
  await run('/purge', { all: true });
  assert.deepEqual(purged[1]?.[0], [{ kind: 'all', value: '', soft: false }]);
});

test('purge: a body that is not right purges nothing', async () => {
  const { purged, run } = doorOf(DONE);
  const bodies: readonly unknown[] = [
    ...[undefined, null, 'all', [], {}, { soft: true }, { all: false }, { all: 'yes' }, { url: 7 }],
    ...[{ url: ['a', 7] }, { url: [] }, { all: true, soft: 'yes' }, { all: true, urls: ['x'] }],
    { all: true, constructor: 'x' },
  ];
  for (const body of bodies) {
    const answer = await run('/purge', body);
    assert.ok(!answer.ok && answer.problem === 'bad-body', JSON.stringify(body));
  }
  assert.equal(purged.length, 0);
});

test('purge: what the cache refuses is a problem with its status', async () => {
  const { run } = doorOf({ ok: false, problem: 'too-often', detail: 'wait', waitMs: 10 });
  const answer = await run('/purge', { all: true });
  assert.ok(!answer.ok);
  assert.deepEqual([answer.status, answer.problem, answer.detail], [429, 'too-often', 'wait']);
});

test('explain: what is asked, and what is wrong with it', async () => {
  const { explained, run } = doorOf(DONE);
  assert.deepEqual(await run('/explain', { url: 'https://a.test/', headers: ['A: b'] }), {
    ok: true,
    body: { explanations: [{ route: 'web' }] },
  });
  assert.deepEqual(explained, [
    { url: 'https://a.test/', method: 'GET', headers: ['A: b'], route: undefined },
  ]);
  const bodies: readonly unknown[] = [
    {},
    { url: 7 },
    { url: 'x', headers: [7] },
    { url: 'x', route: 1 },
    { url: 'x', a: 1 },
  ];
  for (const body of bodies) {
    const answer = await run('/explain', body);
    assert.ok(!answer.ok && answer.problem === 'bad-body', JSON.stringify(body));
  }
  const bad = await run('/explain', { url: 'bad' });
  assert.ok(!bad.ok && bad.detail === 'it is bad');
  const none = await run('/explain', { url: 'https://a.test/', route: 'none' });
  assert.ok(!none.ok && none.status === 404);
});
