import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { Fields } from '../../core/wire/index.ts';
import { copyWithoutIds, putFields, storedFieldsBytes } from '../objects/stored-fields.ts';
import type { FieldsSource } from '../objects/stored-response.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';
import { encodeMeta, MetaView, ownerOf, type StoredMeta } from './stored-meta.ts';

const FRESH = ['Cache-Control: max-age=600'];
/** Too long to be answered from the disk in the same turn. */
const LONG = 'one'.repeat(10_000);

describe('the bytes of a stored response', () => {
  const latin1 = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map(String.fromCharCode) });
  const metas: fc.Arbitrary<StoredMeta> = fc.record(
    {
      space: latin1,
      key: latin1,
      varyNames: fc.array(fc.constantFrom('accept', 'x-a', 'cookie'), { maxLength: 5 }),
      variant: latin1,
      status: fc.integer({ min: 200, max: 599 }),
      invalidated: fc.boolean(),
      responseMs: fc.double({ noNaN: true }),
      initialAgeSeconds: fc.double({ noNaN: true }),
      lifetimeSeconds: fc.double({ noNaN: true }),
      freshUntilMs: fc.double({ noNaN: true }),
    },
    { noNullPrototype: true },
  );
  const rows = fc.array(fc.tuple(fc.constantFrom('ETag', 'x-a', 'Vary'), latin1), { maxLength: 9 });

  function sourceOf(fields: Fields, asStored: boolean): FieldsSource {
    const block = Buffer.alloc(storedFieldsBytes(fields));
    putFields(block, 0, fields);
    return {
      fieldsBytes: block.length,
      asStored,
      copyFields: (to, at) => copyWithoutIds(block, 0, block.length, to, at),
    };
  }

  test('are read as they were written, wherever they lie, and no part of them is a response', () => {
    fc.assert(
      fc.property(metas, rows, fc.boolean(), fc.nat(), (meta, lines, asStored, cut) => {
        const fields = new Fields();
        for (const [name, value] of lines) fields.add(Buffer.from(name), value);
        const bytes = encodeMeta(meta, sourceOf(fields, asStored));
        const among = Buffer.concat([Buffer.alloc(cut % 9), bytes, Buffer.from('body')]);
        const end = (cut % 9) + bytes.length;
        const view = new MetaView();
        assert.ok(view.read(among, cut % 9, end));
        assert.deepEqual(view.whole(), meta);
        assert.equal(view.asStored, asStored);
        assert.equal(view.varies, meta.varyNames.length > 0);
        const read = new Fields();
        view.readFields(read);
        assert.equal(read.count, fields.count);
        for (let i = 0; i < read.count; i++) {
          assert.deepEqual(
            [read.name(i), read.value(i), read.id(i)],
            [fields.name(i), fields.value(i), fields.id(i)],
          );
        }
        let text = '';
        for (let i = 0; i < read.count; i++) text += `${read.name(i)}: ${read.value(i)}\r\n`;
        assert.equal(among.toString('latin1', view.linesStart), `${text}\r\nbody`);
        const owner = Buffer.from(ownerOf(meta.space, meta.key), 'latin1');
        assert.ok(view.isOf(owner, owner.length));
        assert.ok(!view.isOf(owner, owner.length - 1));
        owner[owner.length - 1]! ^= 1;
        assert.ok(!view.isOf(owner, owner.length));
        assert.equal(view.read(bytes, 0, cut % bytes.length), false);
      }),
    );
  });

  test('that are none, whatever they are, are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, marked) => {
        if (marked && bytes.length > 0) bytes[0] = 2;
        const view = new MetaView();
        if (!view.read(Buffer.from(bytes), 0, bytes.length)) return;
        // What may be read is read within its bounds.
        assert.ok(bytes[0] === 2 && view.linesStart < view.fieldsEnd);
        view.readFields(new Fields());
      }),
    );
  });
});

describe('the disk behind the memory', () => {
  const clock = createSimClock();

  function diskOf(): SimDisk {
    const disk = new SimDisk(clock, createSimRandom(9));
    disk.mkdirSync('/data');
    return disk;
  }

  /** A process with what others have left on the disk. */
  async function started(disk: SimDisk, memoryBytes = 64 * 1024 * 1024): Promise<TestCache> {
    const cache = new TestCache({}, memoryBytes, clock);
    await cache.openDisk(disk);
    return cache;
  }

  /** What a request gets once the disk has answered; the test does not let the origin answer. */
  async function settled(cache: TestCache, exchange: TestExchange): Promise<string> {
    await cache.clock.runUntil(() => exchange.ending !== 'none' || cache.asked.length > 0);
    if (exchange.ending === 'none') {
      cache.asked.length = 0;
      return 'asked the origin';
    }
    return exchange.body;
  }

  async function written(cache: TestCache): Promise<void> {
    await cache.clock.settle(cache.shelf!.keepAll());
  }

  test('has what was used twice also behind a kill of the process', async () => {
    const disk = diskOf();
    const first = await started(disk);

    first.fill('/once', FRESH, 'one');
    first.fill('/twice', [...FRESH, 'Vary: X-A', 'ETag: "x"'], 'two');
    assert.equal(first.ask('/twice').body, 'two');
    await first.clock.settle(first.shelf!.flushed());
    const second = await started(disk);
    second.nowMs = first.nowMs + 60_000;

    const hit = second.ask('/twice');
    assert.equal(await settled(second, hit), 'two');
    assert.deepEqual(
      [hit.field('age'), hit.field('etag'), hit.field('vary')],
      ['60', '"x"', 'X-A'],
    );
    assert.equal(await settled(second, second.ask('/once')), 'asked the origin');
    assert.equal(await settled(second, second.ask('/twice', ['X-A: 1'])), 'asked the origin');
  });

  test('has what memory had no room for, every byte', async () => {
    const cache = await started(diskOf(), 16 * 1024 * 1024);
    const bodies = Array.from({ length: 150 }, (_, i) => `${i},`.repeat(50_000));
    for (const [i, body] of bodies.entries()) {
      cache.fill(`/${i}`, [...FRESH, `ETag: "${i}"`], body);
      await cache.clock.settle(cache.shelf!.flushed());
    }
    // What waits to be written still takes memory, and takes not all others with it.
    assert.ok(cache.objects.stats.objects > 60, `${cache.objects.stats.objects} in memory`);
    let hits = 0;
    for (const [i, body] of bodies.entries()) {
      const exchange = cache.ask(`/${i}`);
      const got = await settled(cache, exchange);
      if (got === 'asked the origin') continue;
      hits++;
      // Others leave, and are written, while it is taken in.
      assert.equal(exchange.field('etag'), `"${i}"`);
      assert.ok(got === body, `${i}`);
    }
    assert.ok(
      hits > 120 && cache.counts.diskHits > 0,
      `${hits} hits, ${cache.counts.diskHits} from the disk`,
    );
  });

  test('gives each response its own fields, though others leave and are written while it is taken in', async () => {
    const cache = await started(diskOf(), 8 * 1024 * 1024);
    const count = 4000;
    for (let i = 0; i < count; i++) {
      cache.fill(
        `/${i}`,
        [...FRESH, `ETag: "${i}"`, `X-Pad: ${'p'.repeat((i * 997) % 8000)}`],
        `${i}`,
      );
      if (i % 50 === 0) await cache.clock.settle(cache.shelf!.flushed());
    }
    let hits = 0;
    for (let i = 0; i < count; i++) {
      const exchange = cache.ask(`/${i}`);
      if ((await settled(cache, exchange)) === 'asked the origin') continue;
      hits++;
      assert.deepEqual([exchange.field('etag'), exchange.body], [`"${i}"`, `${i}`]);
    }
    assert.ok(hits > count / 2 && cache.counts.diskHits > 100, `${hits} hits`);
  });

  test('asks it once for a crowd', async () => {
    const disk = diskOf();
    const first = await started(disk);

    first.fill('/a', FRESH, LONG);
    await written(first);
    const second = await started(disk);

    const crowd = Array.from({ length: 20 }, () => second.ask('/a'));
    crowd[0]!.leave();
    await second.clock.runUntil(() => crowd[19]!.ending !== 'none');
    for (const exchange of crowd.slice(1)) assert.equal(exchange.body, LONG);
    assert.deepEqual([second.counts.diskHits, second.asked.length], [1, 0]);
  });

  test('gives nothing back that was purged, by the same process or an earlier one', async () => {
    const disk = diskOf();
    const first = await started(disk);

    for (const name of ['a', 'b', 'c']) {
      first.fill(`/${name}`, [...FRESH, `Surrogate-Key: ${name}`], name);
    }
    await written(first);
    const purge = { kind: 'tag', value: 'a', soft: false } as const;
    await first.clock.settle(first.shelf!.keepPurge(purge, first.ledger.purge(purge)));
    const second = await started(disk);

    assert.equal(await settled(second, second.ask('/a')), 'asked the origin');
    second.ledger.purge({ kind: 'tag', value: 'b', soft: false });
    assert.equal(await settled(second, second.ask('/b')), 'asked the origin');
    assert.equal(await settled(second, second.ask('/c')), 'c');
  });

  test('gives nothing back that an unsafe request has made stale', async () => {
    const disk = diskOf();
    const cache = await started(disk);

    cache.fill('/a', FRESH, 'one');
    await written(cache);
    const second = await started(disk);

    second.ask('/a', [], 'DELETE');
    second.answer([], '', '204 No Content');
    assert.equal(await settled(second, second.ask('/a')), 'asked the origin');
  });

  test('gives nothing back that an unsafe request has made stale while it was read', async () => {
    const disk = diskOf();
    const cache = await started(disk);
    cache.fill('/a', FRESH, LONG);
    await written(cache);
    const second = await started(disk);
    second.ask('/a', [], 'DELETE');
    const waiting = second.ask('/a');
    assert.equal(waiting.ending, 'none');
    second.answer([], '', '204 No Content');
    assert.equal(await settled(second, waiting), 'asked the origin');
  });

  test('forgets what the origin has replaced', async () => {
    const disk = diskOf();
    const cache = await started(disk);

    cache.fill('/a', FRESH, 'one');
    await written(cache);
    const exchange = cache.ask('/a', ['Cache-Control: no-cache']);
    cache.answer(['Cache-Control: no-store'], 'two');
    assert.equal(exchange.body, 'two');
    await cache.clock.settle(cache.shelf!.flushed());
    const second = await started(disk);

    assert.equal(await settled(second, second.ask('/a')), 'asked the origin');
  });
});
