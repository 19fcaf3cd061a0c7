import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import { PartialBlocks } from './partial-blocks.ts';

interface Fake {
  readonly writer: BlockWriter;
  readonly calls: string[];
}

function fake(): Fake {
  const calls: string[] = [];
  const writer = { abort: async () => void calls.push('abort') } as unknown as BlockWriter;
  return { writer, calls };
}

function partialOf(block: number, { writer, calls }: Fake, stamp = 1) {
  return { name: { block, stamp }, writer, detach: async () => void calls.push('detach') };
}

test('a parked block is given up when its time is over, one that is written is not', async () => {
  const clock = createSimClock();
  const partials = new PartialBlocks(clock);
  const [parked, written] = [fake(), fake()];
  const partial = partialOf(1, parked);
  partials.add(partial);
  partials.add(partialOf(2, written));
  partials.park(partial);
  await clock.settle(new Promise<void>((resolve) => void clock.setTimer(60_000, resolve)));
  assert.deepEqual(parked.calls, ['abort']);
  assert.deepEqual(written.calls, []);
  assert.equal(partials.count, 1);
});

test('a block is settled by its name and generation, once', async () => {
  const partials = new PartialBlocks(createSimClock());
  const one = fake();
  partials.add(partialOf(1, one, 3));
  assert.equal(await partials.take({ block: 1, stamp: 2 }), undefined);
  assert.equal(await partials.take({ block: 1, stamp: 3 }), one.writer);
  assert.deepEqual(one.calls, ['detach']);
  assert.equal(await partials.take({ block: 1, stamp: 3 }), undefined);
});

test('who settles a block that is being finished waits for that', async () => {
  const partials = new PartialBlocks(createSimClock());
  const one = fake();
  partials.add(partialOf(1, one));
  const { promise, resolve } = Promise.withResolvers<void>();
  const finishing = partials.finish(1, () => promise);
  let isTaken = false;
  const taking = partials.take({ block: 1, stamp: 1 }).then((writer) => {
    isTaken = true;
    return writer;
  });
  await Promise.resolve();
  assert.equal(isTaken, false);
  resolve();
  await finishing;
  assert.equal(await taking, undefined);
  assert.deepEqual(one.calls, []);
});

test('a block that somebody writes is not begun again; a parked one makes room', async () => {
  const partials = new PartialBlocks(createSimClock());
  const one = fake();
  const partial = partialOf(1, one);
  partials.add(partial);
  await assert.rejects(partials.makeRoom(1), { code: 'busy' });
  partials.park(partial);
  await partials.makeRoom(1);
  assert.deepEqual(one.calls, ['abort']);
  // A session that ends late does not park the one behind it.
  const next = fake();
  partials.add(partialOf(1, next, 2));
  partials.park(partial);
  await assert.rejects(partials.makeRoom(1), { code: 'busy' });
});
