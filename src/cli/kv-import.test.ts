import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { LiveProgress } from '../kv/import/index.ts';
import { sourceOf } from './kv-import-source.ts';
import { importText } from './kv-import-text.ts';
import { ImportView } from './kv-import-view.ts';
import { targetOf } from './kv-target.ts';
import { runKv } from './testing/run-kv.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-cli-import-'));
after(() => rmSync(root, { recursive: true }));

describe('kv import: its command line', () => {
  for (const [what, args, words] of [
    ['neither file nor server', [], /either an RDB file or a server/],
    ['both', ['a.rdb', '--from', 'redis://h:1'], /either an RDB file or a server/],
    ['--once with a file', ['a.rdb', '--once'], /--once goes with --from/],
    ['a strange source', ['--from', 'http://h:1'], /--from is "http:\/\/h:1", wanted redis:/],
    ['a strange target', ['a.rdb', '--server', 'nowhere'], /--server is "nowhere", wanted/],
  ] as const) {
    test(`${what} is refused`, async () => {
      const refused = await runKv('import', ...args);
      assert.equal(refused.code, 64);
      assert.match(refused.err, words);
    });
  }

  test('what goes wrong has a code of its own, as JSON too', async () => {
    const missing = await runKv('import', join(root, 'none.rdb'), '--json');
    assert.equal(missing.code, 66);
    const { ok, code, message } = JSON.parse(missing.out);
    assert.deepEqual([ok, code], [false, 'file-unreadable']);
    assert.match(message, /none\.rdb: ENOENT/);
    const file = join(root, 'empty.rdb');
    writeFileSync(file, '');
    const nobody = await runKv('import', file, '--server', '127.0.0.1:1');
    assert.equal(nobody.code, 69);
    assert.match(nobody.err, /nobody answers there \(127\.0\.0\.1:1/);
  });

  test('a source is a URL, or host and port', () => {
    const login = { user: undefined, password: undefined };
    const at = (host: string, port: number) => ({ address: { host, port } });
    assert.deepEqual(sourceOf('h:7000', undefined), { ...at('h', 7000), password: undefined });
    assert.deepEqual(sourceOf('redis://h', undefined), { ...at('h', 6379), ...login });
    assert.deepEqual(sourceOf('valkey://h:7000/', undefined), { ...at('h', 7000), ...login });
    assert.deepEqual(sourceOf('redis://[::1]:7000', undefined), { ...at('::1', 7000), ...login });
    assert.deepEqual(sourceOf('redis://u:p%40ss@h:1', undefined), {
      ...at('h', 1),
      user: 'u',
      password: 'p@ss',
    });
    assert.deepEqual(sourceOf('redis://:p@h:1', undefined), {
      ...at('h', 1),
      user: undefined,
      password: 'p',
    });
    assert.deepEqual(sourceOf('unix:///run/redis.sock', undefined), {
      address: { path: '/run/redis.sock' },
      ...login,
    });
    assert.match(String(sourceOf('rediss://h:1', undefined)), /TLS/);
    assert.match(String(sourceOf('redis://h:1/3', undefined)), /all databases are copied/);
    const secret = String(sourceOf('http://u:secret@h:1', undefined));
    assert.doesNotMatch(secret, /secret/);
  });

  test('the password of a source may stand in a file', () => {
    const file = join(root, 'password');
    writeFileSync(file, 'p w\n');
    const found = sourceOf('redis://u@h:1', file);
    assert.ok(typeof found === 'object');
    assert.deepEqual([found.user, found.password], ['u', 'p w']);
    assert.match(String(sourceOf('redis://h:1', join(root, 'none'))), /cannot be read \(ENOENT\)/);
  });

  test('a target is host and port, or the path of a socket', () => {
    const login = { user: 'u', password: 'p' };
    assert.deepEqual(targetOf('/run/p.sock', login), {
      address: { path: '/run/p.sock' },
      ...login,
    });
    assert.deepEqual(targetOf('[::1]:7', login), { address: { host: '::1', port: 7 }, ...login });
  });
});

describe('kv import: what people see', () => {
  const outcome = {
    ok: true as const,
    source: 'a:1',
    target: 'b:2',
    keys: 5,
    functions: 1,
    commands: 7,
    refused: 0,
    refusals: [],
    resumed: 0,
    lagBytes: 0,
    comparison: null,
  };

  test('a result says what came over, what was refused and what differs', () => {
    const first = 'Imported from a:1 to b:2: 5 keys, 1 libraries, and 7 commands since.\n';
    assert.equal(importText(outcome), first);
    const row = { db: 3, sourceKeys: 5, targetKeys: 4, compared: 5, differing: 1 };
    const key = Buffer.from('k"\u0001');
    const comparison = {
      same: false,
      databases: [row],
      functionsSame: false,
      differences: [{ db: 3, key, kind: 'only-at-source' as const }],
    };
    const refusals = ["ERR unknown command 'X'"];
    const text = importText({ ...outcome, refused: 9, refusals, comparison });
    assert.equal(
      text,
      `${first}9 commands were refused:
  ERR unknown command 'X'
database  source  store  compared  different
db3       5       4      5         1
Libraries of functions differ.
  db3 "k\\"\\u0001" is missing in the store
There are differences.
`,
    );
  });

  test('where nothing can be rewritten there is a line every few seconds', () => {
    let said = '';
    let nowMs = 0;
    const stream = { isTTY: false } as NodeJS.WriteStream;
    const view = new ImportView(
      stream,
      (text) => {
        said += text;
      },
      () => nowMs,
    );
    const progress: LiveProgress = {
      phase: 'stream',
      snapshotBytes: 100,
      snapshotTotalBytes: null,
      keys: 5,
      functions: 0,
      commands: 7,
      refused: 0,
      refusals: [],
      lagBytes: 12,
      resumed: 1,
    };
    view.live(progress, null);
    view.live({ ...progress, commands: 8 }, null);
    nowMs = 5000;
    view.live({ ...progress, commands: 9 }, 33);
    view.end();
    assert.equal(
      said,
      'plinth: 5 keys of the snapshot, 7 commands since, 12 bytes behind, link lost and resumed 1 times\n' +
        'plinth: 5 keys of the snapshot, 9 commands since, 12 bytes behind, link lost and resumed 1 times, 33 keys compared\n',
    );
  });
});
