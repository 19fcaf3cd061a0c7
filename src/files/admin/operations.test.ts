import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationAnswer } from '../../core/base/index.ts';
import { FsckWorld } from '../fsck/fsck-world.ts';
import type { FsckLine } from '../fsck/report.ts';
import { checksMax } from '../limits.ts';
import type { FilesStatus } from './files-status.ts';
import { FilesAdmin } from './operations.ts';

async function opened() {
  const world = new FsckWorld(4);
  await world.begin();
  const { files, clock } = world;
  const { operations } = new FilesAdmin({ files, clock, scrubBytesPerSecond: 0 });
  const run = async (path: string, body?: unknown): Promise<OperationAnswer> => {
    const operation = operations.find((each) => each.path === path);
    assert.ok(operation !== undefined);
    return await world.settle(Promise.resolve(operation.run({ names: {}, body })));
  };
  return { world, operations, run };
}

async function linesOf(world: FsckWorld, answer: OperationAnswer): Promise<FsckLine[]> {
  assert.ok('stream' in answer);
  const lines: FsckLine[] = [];
  await world.settle(answer.stream({ write: async (line) => lines.push(line as FsckLine) > 0 }));
  return lines;
}

test('status: what there is, and where it lies', async () => {
  const { world, run } = await opened();
  await world.put('d/a', 1000);
  await world.put('b', 50);
  const answer = await run('/status');
  assert.ok('body' in answer);
  const { namespace, journal, disks, damagedBlocks, scrub } = answer.body as FilesStatus;
  assert.deepEqual(namespace, { files: 2, directories: 2, bytes: 1050, space: 1050 });
  const { accepting, pendingChanges } = journal;
  assert.deepEqual({ accepting, pendingChanges }, { accepting: true, pendingChanges: 0 });
  assert.deepEqual(
    disks.map(({ folder, state }) => ({ folder, state })),
    [{ folder: '/data/files/disk', state: 'open' }],
  );
  assert.equal(damagedBlocks, 0);
  assert.deepEqual(scrub, { rounds: 0, blocks: 0, bytes: 0, bad: 0, bytesPerSecond: 0 });
});

test('fsck: everything, or what is below a path; it needs the token', async () => {
  const { world, operations, run } = await opened();
  await world.put('d/a', 1000);
  await world.put('b', 50);
  const files = async (body?: unknown): Promise<number | undefined> => {
    const last = (await linesOf(world, await run('/fsck', body))).at(-1);
    return last !== undefined && 'summary' in last ? last.summary.files : undefined;
  };
  assert.equal(await files(), 2);
  assert.equal(await files({}), 2);
  assert.equal(await files({ path: '/b/d' }), 1);
  assert.ok(operations.find(({ path }) => path === '/fsck')?.needsToken);
});

test('fsck: what is no body, no path and no file is refused before anything is read', async () => {
  const { run } = await opened();
  const refusal = async (body: unknown): Promise<unknown> => {
    const answer = await run('/fsck', body);
    return answer.ok ? undefined : [answer.status, answer.problem];
  };
  for (const body of [null, [], 'x', { path: 7 }, { path: '/', more: 1 }]) {
    assert.deepEqual(await refusal(body), [400, 'bad-body']);
  }
  for (const path of ['', 'x', '/../x', '/%00z', `/${'x'.repeat(2000)}`]) {
    assert.deepEqual(await refusal({ path }), [400, 'bad-path']);
  }
  for (const path of ['/nothing', '/b/nothing', '/b/d/e']) {
    assert.deepEqual(await refusal({ path }), [404, 'not-found']);
  }
});

test('fsck: only so many at once, and refused ones do not count', async () => {
  const { world, run } = await opened();
  const answers: OperationAnswer[] = [];
  await run('/fsck', { path: '/nothing' });
  for (let nth = 0; nth < checksMax; nth++) answers.push(await run('/fsck'));
  assert.ok(answers.every((answer) => answer.ok));
  const refused = await run('/fsck');
  assert.ok(!refused.ok && refused.status === 429);
  for (const answer of answers) await linesOf(world, answer);
  assert.ok((await run('/fsck')).ok);
});

test('a node to be forgotten where there are none', async () => {
  const { world, operations } = await opened();
  const forget = operations.find(({ method }) => method === 'DELETE');
  assert.ok(forget?.needsToken);
  const names = { node: 'x' };
  const answer = await world.settle(Promise.resolve(forget.run({ names, body: undefined })));
  assert.ok(!answer.ok && answer.status === 404);
});
