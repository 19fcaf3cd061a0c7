import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { logIndex, openLog } from '../../core/store/index.ts';
import type { OrderedPurge } from './messages.ts';
import { OrderLog } from './order-log.ts';
import { PositionFile } from './position-file.ts';

const entry = (sequence: number): OrderedPurge => ({
  ...{ epoch: 'e', sequence, id: `i${sequence}`, who: 'ü', by: 'test', leaseMs: 3000 },
  purges: [{ kind: 'tag', value: `t${sequence}`, soft: true }],
});

class Bench {
  readonly clock = createSimClock();
  readonly random = createSimRandom(3);
  readonly disk = new SimDisk(this.clock, this.random);
  readonly durable: number[] = [];

  open(): Promise<OrderLog> {
    return this.clock.settle(
      OrderLog.open({
        ...{ disk: this.disk, clock: this.clock, random: this.random, log: silentLogger() },
        folder: '/data/edge',
        onDurable: (sequence) => this.durable.push(sequence),
        onWritable: () => {},
      }),
    );
  }
}

test('what was durable is there again, in order, and it goes on behind that', async () => {
  const bench = new Bench();
  const log = await bench.open();
  assert.deepEqual([log.entries, log.lastSequence], [[], 0]);
  for (let sequence = 1; sequence <= 5; sequence++) log.append(entry(sequence));
  log.flush();
  await bench.clock.runUntil(() => bench.durable.at(-1) === 5);
  await bench.clock.settle(log.close());
  const again = await bench.open();
  assert.deepEqual(again.entries, [1, 2, 3, 4, 5].map(entry));
  assert.equal(again.lastSequence, 5);
  await bench.clock.settle(again.close());
});

test('an entry that can not be read has all before it unknown, and no sequence is given again', async () => {
  const bench = new Bench();
  const first = await bench.open();
  for (let sequence = 1; sequence <= 3; sequence++) first.append(entry(sequence));
  await bench.clock.settle(first.close());
  const { disk, clock, random } = bench;
  const raw = await clock.settle(
    openLog({
      ...{ disk, clock, random, folder: '/data/edge/order', nodeId: 'edge-purges' },
      ...{ policy: 'always', replay: { from: logIndex(1), entry: () => {} } },
    }),
  );
  raw.append(Buffer.from('{"later":"version"}'), 0);
  await clock.settle(raw.close());
  const again = await bench.open();
  assert.deepEqual([again.entries, again.lastSequence], [[], 4]);
  again.append(entry(5));
  await clock.settle(again.close());
  const last = await bench.open();
  assert.deepEqual([last.entries, last.lastSequence], [[entry(5)], 5]);
  await clock.settle(last.close());
});

test('a place is kept some time after it is known, the last one of several, and is gone when cleared', async () => {
  const { clock, disk } = new Bench();
  disk.mkdirSync('/data/edge');
  const failures: unknown[] = [];
  const open = () =>
    new PositionFile({
      ...{ disk, clock, path: '/data/edge/position' },
      onFailed: (error) => failures.push(error),
    });
  const file = open();
  assert.equal(file.read(), null);
  for (let sequence = 1; sequence <= 3; sequence++) file.keep({ epoch: 'e', sequence });
  assert.equal(file.read(), null);
  await clock.advance(2000);
  assert.deepEqual(open().read(), { epoch: 'e', sequence: 3 });
  file.keep({ epoch: 'e', sequence: 4 });
  await clock.settle(file.flush());
  assert.deepEqual(open().read(), { epoch: 'e', sequence: 4 });
  file.clear();
  assert.equal(open().read(), null);
  file.clear();
  assert.deepEqual(failures, []);
});
