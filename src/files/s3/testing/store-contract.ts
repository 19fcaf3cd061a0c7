/** What every object store must do, for tests: run on the twin in memory and on the real one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ListQuery,
  NewObject,
  ObjectName,
  ObjectStore,
  ObjectVersion,
  Outcome,
} from '../object-store.ts';

/** `open` gives an empty store; `close` is called behind each test. */
export function storeContract(
  name: string,
  open: () => Promise<{ store: ObjectStore; close(): Promise<void> }>,
): void {
  const holds = (what: string, work: (store: ObjectStore) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const { store, close } = await open();
      try {
        await store.createBucket('b', { owner: 'me', documents: {} });
        await work(store);
      } finally {
        await close();
      }
    });
  };

  holds('a bucket is made once and goes when it is empty', async (store) => {
    assert.equal(await store.createBucket('b', { owner: 'you', documents: {} }), false);
    assert.equal((await store.bucket('b'))?.owner, 'me');
    await put(store, 'k', 'x');
    assert.equal(await store.deleteBucket('b'), 'not-empty');
    await store.remove({ bucket: 'b', key: 'k' });
    assert.equal(await store.deleteBucket('b'), 'deleted');
    assert.equal(await store.deleteBucket('b'), 'no-such-bucket');
    assert.equal(await store.bucket('b'), undefined);
  });

  holds('a bucket has versions from the start when it is asked for so', async (store) => {
    await store.createBucket('v', { owner: 'me', documents: { a: '1' }, isVersioned: true });
    const bucket = await store.bucket('v');
    assert.deepEqual([bucket?.versioning, bucket?.documents], ['enabled', { a: '1' }]);
    const versionIds = new Set(['null']);
    for (let nth = 0; nth < 2; nth += 1) {
      const writer = await store.write('v', 0);
      versionIds.add(must(await writer.commit({ key: 'k', etag: 'e', attributes: {} })).versionId);
    }
    assert.equal(versionIds.size, 3);
  });

  holds('documents of a bucket are set and taken away one by one', async (store) => {
    await store.changeBucket('b', { documents: { a: '1', c: '2' } });
    await store.changeBucket('b', { documents: { a: null, d: '3' }, versioning: 'enabled' });
    const bucket = await store.bucket('b');
    assert.deepEqual(bucket?.documents, { c: '2', d: '3' });
    assert.equal(bucket?.versioning, 'enabled');
    assert.equal(await store.changeBucket('nobody', {}), false);
  });

  holds('buckets are listed by name, a page at a time', async (store) => {
    for (const each of ['b2', 'a', 'c']) {
      await store.createBucket(each, { owner: 'me', documents: {} });
    }
    const first = await store.listBuckets({ prefix: '', after: '', max: 3 });
    assert.deepEqual(names(first.buckets), ['a', 'b', 'b2']);
    assert.equal(first.isTruncated, true);
    const rest = await store.listBuckets({ prefix: '', after: 'b2', max: 3 });
    assert.deepEqual([names(rest.buckets), rest.isTruncated], [['c'], false]);
    const some = await store.listBuckets({ prefix: 'b', after: '', max: 10 });
    assert.deepEqual(names(some.buckets), ['b', 'b2']);
  });

  holds('what is written is read back, whole and in part', async (store) => {
    const bytes = Buffer.alloc(300_000, 'abcdefghij');
    const version = await put(store, 'k', bytes, { etag: 'e1', attributes: { type: 't' } });
    assert.equal(version.sizeBytes, bytes.length);
    assert.deepEqual([version.etag, version.attributes], ['e1', { type: 't' }]);
    assert.deepEqual(await get(store, { bucket: 'b', key: 'k' }), bytes);
    const range = await get(store, { bucket: 'b', key: 'k' }, 99_995, 200_003);
    assert.deepEqual(range, bytes.subarray(99_995, 200_003));
    assert.deepEqual(await get(store, { bucket: 'b', key: 'k' }, 5, 5), Buffer.alloc(0));
    await put(store, 'empty', '');
    assert.deepEqual(await get(store, { bucket: 'b', key: 'empty' }), Buffer.alloc(0));
  });

  holds('what is aborted was never there', async (store) => {
    const writer = await store.write('b');
    await writer.write(Buffer.from('x'));
    writer.abort();
    writer.abort();
    assert.equal(await store.lookup({ bucket: 'b', key: 'k' }), undefined);
    assert.equal(await store.deleteBucket('b'), 'deleted');
  });

  holds(
    'an object that is open keeps its bytes when it is overwritten and removed',
    async (store) => {
      await put(store, 'k', 'before');
      const opened = await store.open({ bucket: 'b', key: 'k' });
      await put(store, 'k', 'behind');
      await store.remove({ bucket: 'b', key: 'k' });
      assert.ok(opened !== undefined);
      const pieces: Buffer[] = [];
      for await (const piece of opened.read(0, 6)) pieces.push(Buffer.from(piece));
      opened.close();
      assert.equal(Buffer.concat(pieces).toString(), 'before');
      assert.equal(await store.open({ bucket: 'b', key: 'k' }), undefined);
    },
  );

  holds('the bytes of another version are adopted', async (store) => {
    const bytes = Buffer.alloc(100_000, 'xyz');
    await put(store, 'from', bytes);
    const opened = await store.open({ bucket: 'b', key: 'from' });
    assert.ok(opened !== undefined);
    const writer = await store.write('b');
    await writer.adopt(opened);
    opened.close();
    must(await writer.commit({ key: 'to', etag: 'e', attributes: {} }));
    await store.remove({ bucket: 'b', key: 'from' });
    assert.deepEqual(await get(store, { bucket: 'b', key: 'to' }), bytes);
  });

  holds('preconditions are judged with the change', async (store) => {
    const target = { bucket: 'b', key: 'k' };
    const none = await attempt(store, { precondition: { exists: true } });
    assert.deepEqual(none, { done: false, because: 'no-such-key' });
    const absent = await attempt(store, { precondition: { etag: 'e' } });
    assert.deepEqual(absent, { done: false, because: 'no-such-key' });
    const { revision } = must(await attempt(store, { precondition: { exists: false } }));
    const again = await attempt(store, { precondition: { exists: false } });
    assert.deepEqual(again, { done: false, because: 'precondition-failed' });
    const other = await attempt(store, { precondition: { etag: 'f' } });
    assert.deepEqual(other, { done: false, because: 'precondition-failed' });
    const changed = must(await store.setAttributes(target, { a: '1' }, { revision }));
    assert.notEqual(changed.revision, revision);
    const late = await store.remove(target, { revision });
    assert.deepEqual(late, { done: false, because: 'precondition-failed' });
    const size = await store.remove(target, { sizeBytes: 17 });
    assert.deepEqual(size, { done: false, because: 'precondition-failed' });
    const lastModifiedSeconds = Math.floor(changed.lastModifiedMs / 1000);
    must(await store.remove(target, { etag: 'e', sizeBytes: 1, lastModifiedSeconds }));
    assert.equal(await store.lookup(target), undefined);
  });

  holds('attributes change in place', async (store) => {
    const before = await put(store, 'k', 'x', { attributes: { a: '1', b: '2' } });
    const target = { bucket: 'b', key: 'k' };
    must(await store.setAttributes(target, { a: null, c: '3' }));
    const behind = await store.lookup(target);
    assert.deepEqual(behind?.attributes, { b: '2', c: '3' });
    assert.equal(behind?.lastModifiedMs, before.lastModifiedMs);
    const nobody = await store.setAttributes({ bucket: 'b', key: 'z' }, {});
    assert.deepEqual(nobody, { done: false, because: 'no-such-key' });
  });

  holds('without versioning a write replaces and a removal leaves nothing', async (store) => {
    await put(store, 'k', '1');
    const second = await put(store, 'k', '2');
    assert.equal(second.versionId, 'null');
    assert.equal((await versions(store)).length, 1);
    const removed = must(await store.remove({ bucket: 'b', key: 'k' }));
    assert.deepEqual([removed.kind, removed.isDeleteMarker], ['version', false]);
    assert.equal(must(await store.remove({ bucket: 'b', key: 'k' })).kind, 'nothing');
    assert.deepEqual(await versions(store), []);
  });

  holds('with versioning every write and removal is a version, newest first', async (store) => {
    await put(store, 'k', 'old');
    await store.changeBucket('b', { versioning: 'enabled' });
    const one = await put(store, 'k', 'one');
    const two = await put(store, 'k', 'two');
    assert.ok(Number.isNaN(Number(one.versionId)), 'clients would take it for a number');
    const marker = must(await store.remove({ bucket: 'b', key: 'k' }));
    assert.equal(marker.kind, 'marker-added');
    assert.deepEqual(
      (await versions(store)).map(({ versionId }) => versionId),
      [marker.versionId, two.versionId, one.versionId, 'null'],
    );
    assert.equal((await store.lookup({ bucket: 'b', key: 'k' }))?.isDeleteMarker, true);
    assert.deepEqual((await store.listObjects('b', all)).rows, []);
    const { versionId } = one;
    assert.equal(String(await get(store, { bucket: 'b', key: 'k', versionId })), 'one');
    const gone = must(
      await store.remove({ bucket: 'b', key: 'k', versionId: `${marker.versionId}` }),
    );
    assert.deepEqual([gone.kind, gone.isDeleteMarker], ['version', true]);
    assert.equal(String(await get(store, { bucket: 'b', key: 'k' })), 'two');
    must(await store.remove({ bucket: 'b', key: 'k', versionId: two.versionId }));
    assert.equal((await store.lookup({ bucket: 'b', key: 'k' }))?.versionId, one.versionId);
    const nobody = await store.remove({ bucket: 'b', key: 'k', versionId: two.versionId });
    assert.equal(must(nobody).kind, 'nothing');
  });

  holds('while versioning is suspended the null version is replaced alone', async (store) => {
    await store.changeBucket('b', { versioning: 'enabled' });
    const kept = await put(store, 'k', 'kept');
    await store.changeBucket('b', { versioning: 'suspended' });
    await put(store, 'k', 'n1');
    await put(store, 'k', 'n2');
    const ids = async () => (await versions(store)).map(({ versionId }) => versionId);
    assert.deepEqual(await ids(), ['null', kept.versionId]);
    assert.equal(String(await get(store, { bucket: 'b', key: 'k' })), 'n2');
    const marker = must(await store.remove({ bucket: 'b', key: 'k' }));
    assert.deepEqual([marker.kind, marker.versionId], ['marker-added', 'null']);
    assert.deepEqual(await ids(), ['null', kept.versionId]);
  });

  holds('keys of every kind stand beside each other in the order of their bytes', async (store) => {
    const keys = [
      '/',
      '//',
      'a',
      'a//b',
      'a/',
      'a/b',
      'a.b',
      'a0',
      '.',
      '..',
      '../x',
      ' ',
      'é',
      '\uffee',
      '\u{1f600}',
      '\u0001',
    ];
    for (const key of keys) await put(store, key, key);
    const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const { rows } = await store.listObjects('b', all);
    assert.deepEqual(
      rows.map(({ key }) => key),
      sorted,
    );
    for (const key of keys) assert.equal(String(await get(store, { bucket: 'b', key })), key);
    // The longest, and many levels.
    for (const key of ['x'.repeat(1024), 'y/'.repeat(512)]) {
      await put(store, key, 'long');
      assert.equal(String(await get(store, { bucket: 'b', key })), 'long');
    }
  });

  holds('listings are rolled up and go on page by page, whatever the page', async (store) => {
    const keys = ['a', 'a/1', 'a/2', 'a/b/1', 'a-b', 'b/1', 'b/2', 'c', 'c/', 'c//x', 'd/e/f'];
    for (const key of keys) await put(store, key, key);
    for (const delimiter of ['', '/', 'b', '/b']) {
      for (const prefix of ['', 'a', 'a/', 'c/', 'zz']) {
        const whole = await pages(store, { prefix, delimiter, max: 1000 });
        const expected = rolled(keys, prefix, delimiter);
        assert.deepEqual(whole, expected, `prefix ${prefix}, delimiter ${delimiter}`);
        for (const max of [1, 2, 3]) {
          assert.deepEqual(await pages(store, { prefix, delimiter, max }), expected);
        }
      }
    }
    const after = await store.listObjects('b', { ...all, delimiter: '/', after: { key: 'a/1' } });
    assert.deepEqual(
      [after.rows.map(({ key }) => key), after.prefixes],
      [['c'], ['b/', 'c/', 'd/']],
    );
  });

  holds('versions are listed page by page', async (store) => {
    await store.changeBucket('b', { versioning: 'enabled' });
    for (const key of ['a', 'b', 'a', 'a', 'c/d']) await put(store, key, key);
    const whole = await versions(store);
    assert.deepEqual(
      whole.map(({ key, isLatest }) => `${key} ${isLatest}`),
      ['a true', 'a false', 'a false', 'b true', 'c/d true'],
    );
    for (const max of [1, 2]) assert.deepEqual(await versions(store, max), whole);
  });

  holds('an upload in parts becomes one version', async (store) => {
    const { uploadId } = must(await store.createUpload('b', { key: 'k', attributes: { m: '1' } }));
    const target = { bucket: 'b', key: 'k', uploadId };
    assert.ok(Number.isNaN(Number(uploadId)), 'clients would take it for a number');
    assert.deepEqual((await store.upload(target))?.attributes, { m: '1' });
    assert.equal(await store.upload({ ...target, key: 'other' }), undefined);
    for (const [number, text] of [
      [3, 'ccc'],
      [1, 'old'],
      [1, 'aa'],
      [9, 'unused'],
    ] as const) {
      const writer = await store.write('b');
      await writer.write(Buffer.from(text));
      must(await writer.commitPart({ ...target, number, etag: `e-${text}`, attributes: {} }));
    }
    const first = await store.listParts(target, { after: 0, max: 2 });
    assert.deepEqual(
      first?.parts.map(({ number, etag, sizeBytes }) => [number, etag, sizeBytes]),
      [
        [1, 'e-aa', 2],
        [3, 'e-ccc', 3],
      ],
    );
    assert.equal(first?.isTruncated, true);
    const stale = await store.completeUpload(target, {
      ...{ parts: [{ number: 1, etag: 'e-old' }], etag: 'x', attributes: {} },
    });
    assert.deepEqual(stale, { done: false, because: 'invalid-part' });
    const parts = [
      { number: 1, etag: 'e-aa' },
      { number: 3, etag: 'e-ccc' },
    ];
    const whole = must(
      await store.completeUpload(target, { parts, etag: 'x-2', attributes: { m: '2' } }),
    );
    assert.deepEqual([whole.sizeBytes, whole.etag, whole.attributes], [5, 'x-2', { m: '2' }]);
    assert.equal(String(await get(store, { bucket: 'b', key: 'k' })), 'aaccc');
    assert.equal(String(await get(store, { bucket: 'b', key: 'k' }, 1, 4)), 'acc');
    const opened = await store.open({ bucket: 'b', key: 'k' });
    const sizes = (await opened?.parts())?.map((part) => part.sizeBytes);
    opened?.close();
    assert.deepEqual(sizes, [2, 3]);
    assert.equal(await store.upload(target), undefined);
    const again = await store.completeUpload(target, { parts, etag: 'x-2', attributes: {} });
    assert.deepEqual(again, { done: false, because: 'no-such-upload' });
  });

  holds('uploads are listed, and gone when they are aborted', async (store) => {
    const ids: string[] = [];
    for (const key of ['a', 'a', 'b/c']) {
      ids.push(must(await store.createUpload('b', { key, attributes: {} })).uploadId);
    }
    const first = await store.listUploads('b', { ...all, max: 1 });
    assert.deepEqual(first.next, { key: 'a', id: ids[0] });
    const rest = await store.listUploads('b', {
      ...all,
      delimiter: '/',
      after: first.next as never,
    });
    assert.deepEqual(
      [rest.rows.map(({ uploadId }) => uploadId), rest.prefixes],
      [[ids[1]], ['b/']],
    );
    assert.equal(await store.deleteBucket('b'), 'not-empty');
    const target = { bucket: 'b', key: 'a', uploadId: ids[0] as string };
    assert.equal(await store.abortUpload(target), true);
    assert.equal(await store.abortUpload(target), false);
    const writer = await store.write('b');
    await writer.write(Buffer.from('x'));
    const late = await writer.commitPart({ ...target, number: 1, etag: 'e', attributes: {} });
    assert.deepEqual(late, { done: false, because: 'no-such-upload' });
  });
}

const all: ListQuery = { prefix: '', delimiter: '', max: 1000 };

async function attempt(
  store: ObjectStore,
  more: Partial<NewObject>,
): Promise<Outcome<ObjectVersion>> {
  const writer = await store.write('b', 1);
  await writer.write(Buffer.from('x'));
  return writer.commit({ key: 'k', etag: 'e', attributes: {}, ...more });
}

export async function put(
  store: ObjectStore,
  key: string,
  content: string | Buffer,
  more: Partial<NewObject> = {},
): Promise<ObjectVersion> {
  const bytes = Buffer.from(content);
  const writer = await store.write('b', bytes.length);
  for (let at = 0; at < bytes.length; at += 70_000) {
    await writer.write(bytes.subarray(at, at + 70_000));
  }
  return must(await writer.commit({ key, etag: 'e', attributes: {}, ...more }));
}

export async function get(
  store: ObjectStore,
  name: ObjectName,
  start = 0,
  end?: number,
): Promise<Buffer> {
  const opened = await store.open(name);
  assert.ok(opened !== undefined, `there is no ${name.key}`);
  const pieces: Buffer[] = [];
  for await (const piece of opened.read(start, end ?? opened.version.sizeBytes)) {
    pieces.push(Buffer.from(piece));
  }
  opened.close();
  return Buffer.concat(pieces);
}

function must<T>(outcome: Outcome<T>): T {
  assert.ok(outcome.done, JSON.stringify(outcome));
  return outcome.value;
}

function names(buckets: readonly { readonly name: string }[]): string[] {
  return buckets.map(({ name }) => name);
}

async function versions(store: ObjectStore, max = 1000): Promise<readonly ObjectVersion[]> {
  const rows: ObjectVersion[] = [];
  let page = await store.listVersions('b', { ...all, max });
  rows.push(...page.rows);
  while (page.next !== undefined) {
    page = await store.listVersions('b', { ...all, max, after: page.next });
    rows.push(...page.rows);
  }
  return rows;
}

async function pages(store: ObjectStore, query: ListQuery): Promise<string[]> {
  const found: string[] = [];
  let page = await store.listObjects('b', query);
  for (;;) {
    assert.ok(page.rows.length + page.prefixes.length <= query.max);
    found.push(...page.rows.map(({ key }) => key), ...page.prefixes.map((each) => `${each} …`));
    if (page.next === undefined) return found.toSorted();
    page = await store.listObjects('b', { ...query, after: page.next });
  }
}

function rolled(keys: readonly string[], prefix: string, delimiter: string): string[] {
  const found = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      return at === -1 ? key : `${key.slice(0, at + delimiter.length)} …`;
    });
  return [...new Set(found)].toSorted();
}
