import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bodyReadBytesMax, leavingMsMax, lookupsMax } from './limits.ts';
import { contentOf, hashOf, TierWorld } from './tier-world.ts';
import type { BodyReading, DiskRecord, ReadProblem } from './types.ts';

const BODY = 300_000;

async function worldWithLarge(): Promise<{ world: TierWorld; record: DiskRecord; body: Buffer }> {
  const world = new TierWorld(3, { bytesMax: 16 << 20, segmentBytes: 2 << 20 });
  // Lookups go to threads, where they take a while.
  world.slowness = 1;
  await world.open();
  const content = contentOf('large', BODY);
  for (let at = 0; at < BODY; at += 997) content.body[at] = at % 256;
  world.put(1, 0, content);
  await world.flush();
  const record = await world.find(1);
  assert.ok(record !== null);
  return { world, record, body: content.body };
}

/** A reading whose sink takes nothing more after each piece. */
function reluctant(
  world: TierWorld,
  record: DiskRecord,
): { pieces: Buffer[]; ended: (ReadProblem | null)[]; reading: BodyReading } {
  const pieces: Buffer[] = [];
  const ended: (ReadProblem | null)[] = [];
  const reading = world.tier.readBody(
    record,
    { from: 0, to: record.bodyBytes },
    { onPiece: (piece) => pieces.push(piece) < 0, onEnd: (problem) => ended.push(problem) },
  );
  return { pieces, ended, reading };
}

/** Lets every segment leave that is there now. */
async function turnOver(world: TierWorld): Promise<void> {
  const before = world.files('.seg');
  for (let key = 1000; world.files('.seg').some((path) => before.includes(path)); key++) {
    assert.ok(key < 2000, 'segments leave');
    world.put(key, 0, contentOf('filler', 120_000));
    await world.clock.advance(20);
  }
}

test('any part of a body is given as it was put', async () => {
  const { world, record, body } = await worldWithLarge();
  await fc.assert(
    fc.asyncProperty(fc.nat(BODY), fc.nat(BODY), async (one, other) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      assert.deepEqual(await world.body(record, from, to), body.subarray(from, to));
    }),
    {
      numRuns: 40,
      examples: [
        [0, BODY],
        [65_535, 65_537],
        [65_536, 131_072],
        [BODY, BODY],
      ],
    },
  );
});

test('a sink that takes no more gets no more until it asks, and then the rest', async () => {
  const { world, record, body } = await worldWithLarge();
  const { pieces, ended, reading } = reluctant(world, record);
  for (let count = 1; ended.length === 0; count++) {
    await world.clock.advance(500);
    assert.equal(pieces.length, count);
    reading.resume();
    reading.resume();
    await world.clock.advance(500);
  }
  assert.deepEqual(ended, [null]);
  assert.deepEqual(Buffer.concat(pieces), body);
});

test('a cancelled reading gives nothing more and ends once', async () => {
  const { world, record } = await worldWithLarge();
  const { pieces, ended, reading } = reluctant(world, record);
  await world.clock.advance(500);
  const given = pieces.length;
  reading.resume();
  reading.cancel();
  reading.cancel();
  reading.resume();
  await world.clock.advance(500);
  assert.equal(pieces.length, given);
  assert.deepEqual(ended, ['cancelled']);
  await world.close();
});

test('a body is read to its end although its segment has left meanwhile', async () => {
  const { world, record, body } = await worldWithLarge();
  const { pieces, ended, reading } = reluctant(world, record);
  await turnOver(world);
  while (ended.length === 0) {
    reading.resume();
    await world.clock.advance(300);
  }
  assert.deepEqual(ended, [null]);
  assert.deepEqual(Buffer.concat(pieces), body);
});

test('a reader that sleeps does not keep the room of a segment that has left for ever', async () => {
  const { world, record } = await worldWithLarge();
  const { ended } = reluctant(world, record);
  await turnOver(world);
  assert.deepEqual(ended, []);
  await world.clock.advance(leavingMsMax + 1000);
  assert.deepEqual(ended, ['gone']);
  assert.equal(world.tier.stats().counts.cutReadings, 1);
});

test('a body whose segment has left before it was asked for is gone, not read', async () => {
  const { world, record } = await worldWithLarge();
  await turnOver(world);
  assert.equal(await world.body(record), 'gone');
});

test('close ends the readings that sleep', async () => {
  const { world, record } = await worldWithLarge();
  const { ended } = reluctant(world, record);
  await world.close();
  assert.deepEqual(ended, ['gone']);
});

test('what the disk cannot read is counted and not found again', async () => {
  const { world, record } = await worldWithLarge();
  world.disk.failAll('read', 'EIO');
  assert.equal(await world.body(record), 'io');
  world.disk.failAll('read', null);
  assert.equal(await world.find(1), null);
  world.put(2, 0, contentOf('small', 10));
  await world.flush();
  world.disk.failAll('read', 'EIO');
  assert.equal(await world.find(2), null);
  world.disk.failAll('read', null);
  assert.equal(await world.find(2), null);
  assert.equal(world.tier.stats().counts.readErrors, 2);
});

test('of lookups beyond the limit nothing is read, and they find nothing', async () => {
  const { world } = await worldWithLarge();
  const { hashLow, hashHigh } = hashOf(1);
  const finds = Array.from({ length: lookupsMax + 5 }, () =>
    world.tier.find(hashLow, hashHigh, () => true),
  );
  const found = await world.settle(Promise.all(finds));
  assert.equal(found.filter((one) => one !== null).length, lookupsMax);
  assert.equal(world.tier.stats().counts.refusedReads, 5);
});

test('bodies beyond the limit of bytes under way wait their turn and come whole', async () => {
  const { world, record, body } = await worldWithLarge();
  const count = Math.ceil(bodyReadBytesMax / BODY) + 20;
  const bodies = await Promise.all(Array.from({ length: count }, () => collect(world, record)));
  for (const one of bodies) assert.ok(one.equals(body));
});

async function collect(world: TierWorld, record: DiskRecord): Promise<Buffer> {
  const pieces: Buffer[] = [];
  return world.settle(
    new Promise((resolve, reject) => {
      world.tier.readBody(
        record,
        { from: 0, to: record.bodyBytes },
        {
          onPiece: (piece) => pieces.push(piece) > 0,
          onEnd: (problem) =>
            problem === null ? resolve(Buffer.concat(pieces)) : reject(new Error(problem)),
        },
      );
    }),
  );
}

test('the owner tells which of the records under a hash is meant, newest first', async () => {
  const world = new TierWorld(4);
  await world.open();
  for (let tag = 0; tag < 4; tag++) world.put(9, tag, contentOf(`tag ${tag}`, 50));
  world.put(9, 1, contentOf('tag 1 again', 60));
  await world.flush();
  const seen: number[] = [];
  const { hashLow, hashHigh } = hashOf(9);
  const find = (wanted: (tag: number) => boolean): Promise<DiskRecord | null> =>
    world.settle(
      world.tier.find(hashLow, hashHigh, (record) => {
        seen.push(record.tag);
        return wanted(record.tag);
      }),
    );
  assert.equal(await find(() => false), null);
  assert.deepEqual(seen, [1, 3, 2, 0]);
  assert.equal((await find((tag) => tag === 2))?.meta.toString(), 'tag 2');
  assert.equal((await find(() => true))?.meta.toString(), 'tag 1 again');
  // Another key with an equal low word is another hash.
  assert.equal(await world.find(16), null);
});

test('what is removed while it is being read is not found', async () => {
  const { world } = await worldWithLarge();
  const { hashLow, hashHigh } = hashOf(1);
  const finding = world.tier.find(hashLow, hashHigh, () => true);
  world.tier.remove(hashLow, hashHigh);
  assert.equal(await world.settle(finding), null);
});
