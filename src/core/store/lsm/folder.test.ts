import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimThreads } from '../../runtime/sim/index.ts';
import { headerBytes } from '../log/format.ts';
import { WriteBatch } from './batch.ts';
import { LsmError } from './errors.ts';
import { readLsmFolder } from './folder.ts';
import { LsmWorld } from './lsm-world.ts';
import { createLsmWorker } from './worker.ts';

const COPY = '/data/copy';

/** A checkpoint of an owner's engine: `behind` is written behind the last mark. */
async function checkpointed(behind: boolean) {
  const world = new LsmWorld(7, { log: 'owner' });
  const lsm = await world.open();
  const write = (batch: WriteBatch, mark?: number) =>
    lsm.write(batch, mark === undefined ? {} : { mark }, (error) => assert.equal(error, null));
  for (let nth = 0; nth < 400; nth++) {
    write(new WriteBatch().put(Buffer.from(`key ${nth}`), Buffer.alloc(40, nth)), nth + 1);
  }
  if (behind) write(new WriteBatch().put(Buffer.from('behind'), Buffer.from('x')));
  const report = await world.settle(lsm.checkpoint(COPY));
  await world.settle(lsm.close());
  const { disk, clock, random } = world;
  const worker = createLsmWorker(createSimThreads({ disk, clock, random: random.fork() }));
  return { world, report, worker };
}

test('a folder tells its tables and its mark, whole or not, and changes by no look', async () => {
  for (const behind of [false, true]) {
    const { world, report, worker } = await checkpointed(behind);
    const names = world.disk.listSync(COPY);
    const folder = readLsmFolder(world.disk, COPY);
    assert.deepEqual([folder.mark, report.mark], [400, 400]);
    assert.deepEqual([folder.exact, report.exact], [!behind, !behind]);
    assert.equal(folder.bytes, report.bytes);
    const tables = names.filter((name) => name.endsWith('.tbl'));
    assert.deepEqual(folder.tables.map(({ name }) => name).sort(), tables);
    const told: number[] = [];
    const verified = await world.settle(folder.verify(worker, (bytes) => told.push(bytes)));
    assert.deepEqual(verified.damage, []);
    assert.equal(verified.tables, tables.length);
    assert.equal(told.at(-1), folder.bytes);
    assert.deepEqual(world.disk.listSync(COPY), names);
    await world.settle(worker.close());
  }
});

test('a checkpoint without a flush has what is in tables, so it ends at the mark', async () => {
  const world = new LsmWorld(7, { log: 'owner' });
  const lsm = await world.open();
  const put = (key: string, mark?: number) =>
    lsm.write(
      new WriteBatch().put(Buffer.from(key), Buffer.from(key)),
      mark === undefined ? {} : { mark },
      (error) => assert.equal(error, null),
    );
  put('before', 1);
  await world.settle(lsm.flush());
  put('behind');
  const report = await world.settle(lsm.checkpoint(COPY, { flush: false }));
  assert.deepEqual([report.mark, report.exact, report.tables], [1, true, 1]);
  await world.settle(lsm.close());
  const copy = await world.open({ folder: COPY });
  assert.equal(String(await world.settle(copy.get(Buffer.from('before')))), 'before');
  assert.equal(await world.settle(copy.get(Buffer.from('behind'))), null);
  await world.settle(copy.close());
});

test('every damaged block of a table is told with its offset, and a table that is gone', async () => {
  const { world, worker } = await checkpointed(false);
  const folder = readLsmFolder(world.disk, COPY);
  const [first, second] = folder.tables;
  world.disk.flipBit(`${COPY}/${first!.name}`, 10, 3);
  world.disk.flipBit(`${COPY}/${first!.name}`, 1200, 0);
  world.disk.unlinkSync(`${COPY}/${second!.name}`);
  const { damage } = await world.settle(folder.verify(worker));
  const places = damage.map(({ file, offset }) => [
    file?.slice(COPY.length + 1),
    offset !== undefined,
  ]);
  assert.deepEqual(places, [
    [first!.name, true],
    [first!.name, true],
    [second!.name, false],
  ]);
  assert.ok((damage[0]?.offset ?? 1) < 512 && (damage[1]?.offset ?? 0) > 512);
  await world.settle(worker.close());
});

test('a manifest that does not hold, or is not there, is refused', async () => {
  const { world, worker } = await checkpointed(false);
  const [segment] = world.disk.listSync(`${COPY}/manifest`);
  world.disk.flipBit(`${COPY}/manifest/${segment}`, headerBytes + 40, 1);
  assert.throws(() => readLsmFolder(world.disk, COPY), LsmError);
  assert.throws(() => readLsmFolder(world.disk, '/data/none'), LsmError);
  await world.settle(worker.close());
});
