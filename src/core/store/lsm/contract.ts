/**
 * Test support: what every ordered store of ours promises, told by cases at the edge. The same suite runs
 * on LevelDB, so that it is not the engine that says what is right.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  collect,
  type OrderedStore,
  put,
  type Range,
  remove,
  removeRange,
  type View,
} from './ordered-store.ts';

const MIB = 1024 * 1024;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const padded = (nth: number): string => String(nth).padStart(5, '0');

async function keysOf(store: OrderedStore, range: Range = {}): Promise<string[]> {
  return (await collect(store, range)).map(([key]) => key.toString('latin1'));
}

async function textOf(store: OrderedStore, key: string): Promise<string | null> {
  return (await store.get(bytes(key)))?.toString('latin1') ?? null;
}

/** Registers the suite. @param open a new, empty store each time. */
export function orderedStoreContract(name: string, open: () => Promise<OrderedStore>): void {
  const it = (title: string, run: (store: OrderedStore) => Promise<void>): void => {
    test(title, async () => {
      const store = await open();
      try {
        await run(store);
      } finally {
        await store.close();
      }
    });
  };

  /** Once from memory, once from tables, once merged, once after opening again. */
  const everywhere = async (store: OrderedStore, check: () => Promise<void>): Promise<void> => {
    await check();
    await store.flush();
    await check();
    await store.reopen();
    await check();
    await store.compact();
    await check();
  };

  describe(`contract of ${name}`, () => {
    it('holds empty keys and values, zeros, 0xff, and prefixes of each other, in the order of their bytes', async (store) => {
      const keys = [
        '',
        '\0',
        '\0\0',
        '\0a',
        'a',
        'a\0',
        'a\0\xff',
        'aa',
        'b',
        '\x7f',
        '\x80',
        '\xff',
        '\xff\0',
        '\xff\xff',
      ];
      await store.write(keys.toReversed().map((key) => put(key, key === 'a' ? '' : `of ${key}`)));
      await everywhere(store, async () => {
        assert.deepEqual(await keysOf(store), keys);
        assert.deepEqual(await keysOf(store, { reverse: true }), keys.toReversed());
        for (const key of keys)
          assert.equal(await textOf(store, key), key === 'a' ? '' : `of ${key}`);
        for (const key of ['a\0\0', '\xff\xff\xff', 'ab', '\0\0\0']) {
          assert.equal(await textOf(store, key), null);
        }
      });
    });

    it('scans from a bound on and up to before another, both ways, whether the bounds are there or not', async (store) => {
      for (let nth = 0; nth < 400; nth += 2) {
        await store.write([put(padded(nth), 'v'.repeat(50))]);
      }
      await everywhere(store, async () => {
        for (const [from, to] of [
          [100, 200],
          [101, 201],
          [101, 200],
          [0, 398],
          [398, 500],
          [50, 50],
          [51, 52],
        ] as const) {
          const wanted = Array.from({ length: 200 }, (_, nth) => nth * 2).filter(
            (n) => n >= from && n < to,
          );
          const range = { from: bytes(padded(from)), to: bytes(padded(to)) };
          assert.deepEqual(await keysOf(store, range), wanted.map(padded));
          assert.deepEqual(
            await keysOf(store, { ...range, reverse: true }),
            wanted.map(padded).toReversed(),
          );
        }
      });
    });

    it('applies the operations of a batch in their order, also deletes of ranges', async (store) => {
      await store.write([put('a', '1'), put('b', '1'), put('c', '1'), put('d', '1')]);
      await store.write([
        put('b', '2'),
        removeRange('a', 'c'),
        put('a', '3'),
        remove('d'),
        put('d', '4'),
        put('c', '5'),
        remove('c'),
      ]);
      await everywhere(store, async () => {
        assert.deepEqual(
          (await collect(store)).map(([key, value]) => `${key}${value}`),
          ['a3', 'd4'],
        );
      });
    });

    it('takes an empty batch, and deletes of what is not there', async (store) => {
      await store.write([], true);
      await store.write([remove('a'), removeRange('b', 'c'), remove('')]);
      await store.write([]);
      await everywhere(store, async () => assert.deepEqual(await keysOf(store), []));
    });

    it('holds values of a mebibyte, and batches larger than its memory', async (store) => {
      const value = Buffer.alloc(MIB, 'large');
      await store.write([put('large', value), put('small', '1')], true);
      const many = Array.from({ length: 3000 }, (_, nth) =>
        put(`many-${padded(nth)}`, `${nth}`.repeat(40)),
      );
      await store.write(many);
      await store.write([put('large-2', value), put('large-2', value.subarray(1))]);
      await everywhere(store, async () => {
        assert.ok((await store.get(bytes('large')))?.equals(value));
        assert.equal((await store.get(bytes('large-2')))?.length, MIB - 1);
        assert.equal(await textOf(store, 'small'), '1');
        assert.equal(await textOf(store, 'many-02999'), '2999'.repeat(40));
        assert.equal((await keysOf(store, { from: bytes('many-') })).length, 3001);
      });
    });

    it('shows the newest of thousands of versions, and to a view the one of its time', async (store) => {
      await store.write([put('a', 'before'), put('z', 'behind')]);
      const views: { nth: number; view: View }[] = [];
      for (let nth = 0; nth < 4000; nth++) {
        await store.write([put('key', `version ${nth}`)]);
        if (nth % 1000 === 500) views.push({ nth, view: store.view() });
      }
      const check = async (): Promise<void> => {
        assert.equal(await textOf(store, 'key'), 'version 3999');
        assert.deepEqual(await keysOf(store), ['a', 'key', 'z']);
        for (const { nth, view } of views) {
          assert.equal(String(await store.get(bytes('key'), view)), `version ${nth}`);
          for (const reverse of [false, true]) {
            const pairs = await collect(store, { reverse, view, from: bytes('b'), to: bytes('l') });
            assert.deepEqual(pairs.map(String), [`key,version ${nth}`]);
          }
        }
      };
      await check();
      await store.flush();
      await store.compact();
      await check();
      for (const { view } of views) view.release();
      await store.compact();
      assert.equal(await textOf(store, 'key'), 'version 3999');
    });

    it('shows to a view what was there, through deletes, flushes and compactions', async (store) => {
      for (let nth = 0; nth < 500; nth++) await store.write([put(padded(nth), `old ${nth}`)]);
      const view = store.view();
      for (let nth = 0; nth < 500; nth += 3) await store.write([put(padded(nth), 'new')]);
      await store.write([removeRange(padded(100), padded(300)), remove(padded(400))]);
      const check = async (): Promise<void> => {
        const pairs = await collect(store, { view });
        assert.equal(pairs.length, 500);
        for (const [nth, [, value]] of pairs.entries()) assert.equal(String(value), `old ${nth}`);
        const reverse = await keysOf(store, {
          view,
          reverse: true,
          from: bytes(padded(90)),
          to: bytes(padded(310)),
        });
        assert.equal(reverse.length, 220);
        assert.equal((await keysOf(store)).length, 299);
        assert.equal(await store.get(bytes(padded(400))), null);
        assert.equal(String(await store.get(bytes(padded(400)), view)), 'old 400');
      };
      await check();
      await store.flush();
      await check();
      await store.compact();
      await check();
      view.release();
      await store.compact();
      assert.equal((await keysOf(store)).length, 299);
    });

    it('lets a scan see what was there when it began, while tables are written and merged under it', async (store) => {
      for (let nth = 0; nth < 2000; nth++) await store.write([put(padded(nth), 'v'.repeat(60))]);
      await store.flush();
      for (const reverse of [false, true]) {
        const walk = store.walk({ reverse });
        const seen = await walk.next();
        const before = await keysOf(store);
        await store.write([
          removeRange(padded(500), padded(700)),
          put('99999', 'new'),
          put(padded(1000), 'changed'),
        ]);
        await store.flush();
        await store.compact();
        for (;;) {
          const pairs = await walk.next();
          if (pairs.length === 0) break;
          seen.push(...pairs);
        }
        await walk.close();
        const keys = seen.map(([key]) => String(key));
        assert.deepEqual(reverse ? keys.toReversed() : keys, before);
        await store.write([
          remove('99999'),
          ...Array.from({ length: 200 }, (_, nth) => put(padded(500 + nth), 'back')),
        ]);
      }
    });

    it('never brings a deleted key back, however often it is written, flushed and merged', async (store) => {
      for (let round = 0; round < 6; round++) {
        for (let nth = 0; nth < 200; nth++) await store.write([put(padded(nth), `${round}`)]);
        if (round % 2 === 0) await store.flush();
        await store.write([removeRange(padded(50), padded(100))]);
        for (let nth = 150; nth < 200; nth++) await store.write([remove(padded(nth))]);
        if (round % 3 === 0) await store.compact(bytes(padded(40)), bytes(padded(60)));
        const keys = await keysOf(store);
        assert.equal(keys.length, 100);
        assert.equal(keys[50], padded(100));
      }
      await everywhere(store, async () => {
        assert.equal((await keysOf(store)).length, 100);
        assert.equal(await textOf(store, padded(75)), null);
        assert.equal(await textOf(store, padded(175)), null);
        assert.equal(await textOf(store, padded(149)), '5');
      });
    });

    it('is the same after opening again, whatever of it was flushed', async (store) => {
      for (let round = 0; round < 4; round++) {
        for (let nth = 0; nth < 100; nth++)
          await store.write([put(padded(nth * 7 + round), `${round}`)]);
        if (round === 1) await store.flush();
        if (round === 2) await store.compact();
        const before = (await collect(store)).map(String);
        await store.reopen();
        assert.deepEqual((await collect(store)).map(String), before);
      }
    });
  });
}
