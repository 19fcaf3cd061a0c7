import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { FilesError } from '../errors.ts';
import { DeleteQueue } from './delete-queue.ts';

test('names that come together go together, each once, one group at a time; a node that fails costs the others nothing', async () => {
  const clock = createSimClock();
  const groups: { node: string; blocks: number[] }[] = [];
  let running = 0;
  const queue = new DeleteQueue({
    clock,
    logger: silentLogger(),
    delete: async (node, names) => {
      if (node === 'bad') throw new FilesError('node-gone');
      assert.equal(++running, 1);
      await new Promise<void>((resolve) => void clock.setTimer(5, resolve));
      running--;
      groups.push({ node, blocks: names.map(({ block }) => block) });
    },
  });
  for (let block = 0; block < 5000; block++) void queue.add('good', [{ block, stamp: 1 }]);
  await clock.settle(Promise.all([queue.add('bad', [{ block: 1, stamp: 1 }]), queue.idle()]));
  const told = groups.flatMap(({ blocks }) => blocks);
  assert.deepEqual(
    told,
    Array.from({ length: 5000 }, (_, block) => block),
  );
  assert.ok(groups.length <= 4);
  await clock.settle(queue.add('good', [{ block: 7, stamp: 1 }]));
  assert.deepEqual(groups.at(-1)?.blocks, [7]);
});
