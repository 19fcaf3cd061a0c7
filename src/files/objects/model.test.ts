import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type {
  Listing,
  ListQuery,
  ObjectStore,
  ObjectVersion,
  Outcome,
  Removed,
} from '../s3/object-store.ts';
import { MemoryStore } from '../s3/testing/memory-store.ts';
import { ObjectWorld } from './object-world.ts';

const key = fc.constantFrom('a', 'a/b', 'a/b/c', 'a//', 'b', 'a.b', 'é/x');
const size = fc.constantFrom(0, 1, 1000, 70_000);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), key, size }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('put-if' as const),
      key,
      exists: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), key }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('remove-version' as const), nth: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), key, to: key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tag' as const), nth: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('upload' as const),
      key,
      parts: fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
      ends: fc.constantFrom('complete', 'abort', 'open'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('versioning' as const),
      versioning: fc.constantFrom('enabled' as const, 'suspended' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      prefix: fc.constantFrom('', 'a', 'a/', 'b'),
      delimiter: fc.constantFrom('', '/', 'b'),
      max: fc.constantFrom(1, 2, 1000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test('the object store does what its twin in memory does, and keeps no block that nothing names', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.nat(),
      async (steps, seed) => {
        const run = new Run(seed);
        await run.start();
        for (const each of steps) await run.step(each);
        await run.check();
      },
    ),
    { numRuns: Number(process.env.PLINTH_FILES_RUNS ?? 40) },
  );
});

class Run {
  private readonly world: ObjectWorld;
  private readonly twin = new MemoryStore();
  private count = 0;

  constructor(seed: number) {
    this.world = new ObjectWorld(seed);
  }

  private get stores(): [ObjectStore, ObjectStore] {
    return [this.world.store, this.twin];
  }

  async start(): Promise<void> {
    await this.world.start();
    for (const store of this.stores) {
      await this.world.settle(store.createBucket('b', { owner: 'me', documents: {} }));
    }
  }

  /** Asks both and compares what they say. */
  private async both<T>(ask: (store: ObjectStore) => Promise<T>): Promise<void> {
    const [ours, twins] = this.stores;
    const met = await this.world.settle(ask(ours));
    assert.deepEqual(met, await ask(twins));
  }

  async step(each: Step): Promise<void> {
    const number = ++this.count;
    switch (each.kind) {
      case 'put':
        return this.both(async (store) => shown(await write(store, each.key, each.size, number)));
      case 'put-if':
        return this.both(async (store) =>
          shown(await write(store, each.key, 5, number, { exists: each.exists })),
        );
      case 'remove':
        return this.both(async (store) =>
          shownRemoved(await store.remove({ bucket: 'b', key: each.key })),
        );
      case 'remove-version':
        return this.both(async (store) => {
          const version = await nthVersion(store, each.nth);
          if (version === undefined) return undefined;
          const name = { bucket: 'b', key: version.key, versionId: version.versionId };
          return shownRemoved(await store.remove(name));
        });
      case 'copy':
        return this.both(async (store) => {
          const opened = await store.open({ bucket: 'b', key: each.key });
          if (opened === undefined || opened.version.isDeleteMarker) {
            opened?.close();
            return undefined;
          }
          const writer = await store.write('b');
          await writer.write(Buffer.from('before '));
          await writer.adopt(opened);
          // The source may go before the copy has its name.
          if (number % 3 === 0) await store.remove({ bucket: 'b', key: each.key });
          opened.close();
          return shown(await writer.commit({ key: each.to, etag: `c${number}`, attributes: {} }));
        });
      case 'tag':
        return this.both(async (store) => {
          const version = await nthVersion(store, each.nth);
          if (version === undefined) return undefined;
          const name = { bucket: 'b', key: version.key, versionId: version.versionId };
          return shown(await store.setAttributes(name, { tag: `${number}`, kind: null }));
        });
      case 'upload':
        return this.both((store) => upload(store, each, number));
      case 'versioning':
        return this.both((store) => store.changeBucket('b', { versioning: each.versioning }));
      case 'list':
        return this.compareLists(each);
      case 'crash':
        await this.world.crash(number % 2 === 0 ? 'power' : 'kill');
    }
  }

  private async compareLists(query: ListQuery): Promise<void> {
    for (const list of ['listObjects', 'listVersions'] as const) {
      await this.both((store) => pages(query, (page) => store[list]('b', page)));
    }
    await this.both(async (store) => {
      const found: unknown[] = [];
      let page = await store.listUploads('b', query);
      for (;;) {
        found.push(...page.rows.map((row) => row.key), ...page.prefixes);
        if (page.next === undefined) return found.sort();
        page = await store.listUploads('b', { ...query, after: page.next });
      }
    });
  }

  async check(): Promise<void> {
    await this.compareLists({ prefix: '', delimiter: '', max: 3 });
    await this.both(async (store) => {
      const contents: string[] = [];
      for (const { key, versionId, isDeleteMarker } of await versions(store)) {
        if (isDeleteMarker) continue;
        const opened = await store.open({ bucket: 'b', key, versionId });
        assert.ok(opened !== undefined);
        const pieces: Buffer[] = [];
        for await (const piece of opened.read(0, opened.version.sizeBytes)) {
          pieces.push(Buffer.from(piece));
        }
        opened.close();
        contents.push(`${key} ${Buffer.concat(pieces).toString('latin1')}`);
      }
      return contents;
    });
    const { store } = this.world;
    await this.world.settle(removeAll(store));
    assert.equal(await this.world.settle(store.deleteBucket('b')), 'deleted');
    assert.equal(await this.world.storedBlocks(), 0, 'no block is left');
  }
}

function write(
  store: ObjectStore,
  key: string,
  bytes: number,
  number: number,
  precondition?: { readonly exists: boolean },
): Promise<Outcome<ObjectVersion>> {
  return store.write('b', bytes).then(async (writer) => {
    await writer.write(Buffer.alloc(bytes, `${number} `));
    return writer.commit({
      ...{ key, etag: `e${number}`, attributes: { kind: 'put' } },
      ...(precondition !== undefined && { precondition }),
    });
  });
}

async function upload(
  store: ObjectStore,
  { key, parts, ends }: Extract<Step, { kind: 'upload' }>,
  number: number,
): Promise<unknown> {
  const made = await store.createUpload('b', { key, attributes: { of: `${number}` } });
  assert.ok(made.done);
  const target = { bucket: 'b', key, uploadId: made.value.uploadId };
  for (const [nth, part] of parts.entries()) {
    const writer = await store.write('b');
    await writer.write(Buffer.alloc(part * 40_000, `${nth}`));
    const outcome = await writer.commitPart({
      ...target,
      ...{ number: part + 1, etag: `p${nth}`, attributes: {} },
    });
    assert.ok(outcome.done);
  }
  if (ends === 'abort') return store.abortUpload(target);
  if (ends === 'open') return undefined;
  const listed = await store.listParts(target, { after: 0, max: 10 });
  const named = (listed?.parts ?? []).map((part) => ({ number: part.number, etag: part.etag }));
  return shown(
    await store.completeUpload(target, { parts: named, etag: `u-${number}`, attributes: {} }),
  );
}

async function versions(store: ObjectStore): Promise<readonly ObjectVersion[]> {
  return (await store.listVersions('b', { prefix: '', delimiter: '', max: 1000 })).rows;
}

async function nthVersion(store: ObjectStore, nth: number): Promise<ObjectVersion | undefined> {
  return (await versions(store))[nth];
}

async function removeAll(store: ObjectStore): Promise<void> {
  for (const { key, versionId } of await versions(store)) {
    await store.remove({ bucket: 'b', key, versionId });
  }
  for (const { key, uploadId } of (
    await store.listUploads('b', { prefix: '', delimiter: '', max: 1000 })
  ).rows) {
    await store.abortUpload({ bucket: 'b', key, uploadId });
  }
}

/** All pages of a list, without what ids and clocks make different. */
async function pages(
  query: ListQuery,
  list: (query: ListQuery) => Promise<Listing<ObjectVersion>>,
): Promise<unknown[]> {
  const found: unknown[] = [];
  let page = await list(query);
  for (;;) {
    assert.ok(page.rows.length + page.prefixes.length <= query.max);
    found.push([page.rows.map(shownVersion), page.prefixes, page.next?.key]);
    if (page.next === undefined) return found;
    page = await list({ ...query, after: page.next });
  }
}

function shownVersion(version: ObjectVersion): unknown {
  const { key, versionId, isLatest, isDeleteMarker, sizeBytes, etag, attributes } = version;
  return {
    key,
    isNull: versionId === 'null',
    isLatest,
    isDeleteMarker,
    sizeBytes,
    etag,
    attributes,
  };
}

function shown(outcome: Outcome<ObjectVersion>): unknown {
  return outcome.done ? shownVersion(outcome.value) : outcome.because;
}

function shownRemoved(outcome: Outcome<Removed>): unknown {
  if (!outcome.done) return outcome.because;
  const { kind, versionId, isDeleteMarker } = outcome.value;
  return { kind, isNull: versionId === 'null', isDeleteMarker };
}
