/** The S3 door by its settings: users with several keys, live changes, TLS, settings that do not go together. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ann, ask, sign, type TestUser, texts } from '../../../tests/support/files/s3-bed.ts';
import { loadConfig, problemText } from '../../core/config/index.ts';
import { silentLogger } from '../../core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
  createNodeTransport,
} from '../../core/runtime/node/index.ts';
import { TestAuthority } from '../../core/runtime/node/transport-fixture.ts';
import { type FilesSettings, filesConfig } from '../config/config.ts';
import type { S3Settings } from './config.ts';
import { S3Listener } from './listener.ts';
import { MemoryStore } from './testing/memory-store.ts';

function load(s3: string) {
  const text = `files:\n  s3:\n    port: 0\n${s3}`;
  return loadConfig([filesConfig], { file: { name: 'f', text }, readFile: () => '' });
}

function settings(s3: string): S3Settings {
  const loaded = load(s3);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.map(problemText).join('\n'));
  return (loaded.config.of(filesConfig) as FilesSettings).s3;
}

async function open(s3: S3Settings): Promise<S3Listener> {
  return S3Listener.open({
    ...{ settings: s3, store: new MemoryStore(), clock: createNodeClock() },
    ...{ random: createNodeRandom(), disk: createNodeDisk(), log: silentLogger() },
    ...{ threads: createNodeThreads(), digestThreadsMax: 1 },
    transport: await createNodeTransport(),
    events: { onRequestEnd: () => {}, onRefused: () => {}, onCall: () => {} },
  });
}

const TWO_KEYS = `    users:
      - { name: AKIAANN, user: ann, display_name: Ann, secret: secret-of-ann }
      - { name: second, key_id: 2nd, user: ann, secret: other }
      - { name: bob, secret: third }
`;

test('several keys are one user, and a change of settings counts at once', async () => {
  const listener = await open(settings(TWO_KEYS));
  try {
    const { port } = listener.listening;
    const as = (user: TestUser, method: string, path: string) => ask(port, method, path, { user });
    const second: TestUser = { id: 'ann', accessKeyId: '2nd', secret: 'other' };
    assert.equal((await as(ann, 'PUT', '/docs')).status, 200);
    const listed = await as(second, 'GET', '/');
    assert.deepEqual([texts(listed, 'Name'), texts(listed, 'DisplayName')], [['docs'], ['Ann']]);
    const bob: TestUser = { id: 'bob', accessKeyId: 'bob', secret: 'third' };
    assert.equal((await as(bob, 'GET', '/docs')).code, 'AccessDenied');
    listener.apply(
      settings(
        TWO_KEYS.replace('secret: other', 'secret: changed').replace(
          'secret: third',
          'secret: third, admin: true',
        ),
      ),
    );
    assert.equal((await as(second, 'GET', '/')).code, 'SignatureDoesNotMatch');
    assert.equal((await as({ ...second, secret: 'changed' }, 'GET', '/')).status, 200);
    assert.equal((await as(bob, 'GET', '/docs')).status, 200);
  } finally {
    await listener.stop();
  }
});

/** All that a server says to some bytes, until it ends. */
function say(port: number, bytes: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', reject);
  socket.on('end', () => {
    socket.destroy();
    resolve(text);
  });
  socket.write(bytes, 'latin1');
  return promise;
}

test('what is no request is answered as S3 answers, and what it expects counts for nothing', async () => {
  const listener = await open(settings(TWO_KEYS));
  try {
    const { port } = listener.listening;
    const line = 'GET /docs HTTP/1.1\r\n';
    const cases: readonly [request: string, status: number, code: string][] = [
      [`${line}\r\n`, 400, 'BadRequest'],
      [`${line}Host: x\r\nA: \x07\r\n\r\n`, 400, 'BadRequest'],
      [`${line}Host: x\r\nContent-Length: -1\r\n\r\n`, 400, 'BadRequest'],
      [`${line}Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n`, 501, 'NotImplemented'],
      [
        `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        ...([400, 'RequestHeaderSectionTooLarge'] as const),
      ],
      [
        `${line}Host: x\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`,
        ...([400, 'RequestHeaderSectionTooLarge'] as const),
      ],
      ['GET / HTTP/3.0\r\nHost: x\r\n\r\n', 505, 'HttpVersionNotSupported'],
      [`${line}Host: x\r\nExpect: 200\r\nConnection: close\r\n\r\n`, 404, 'NoSuchBucket'],
      [`${line}Host: x\r\nExpect:\r\nConnection: close\r\n\r\n`, 404, 'NoSuchBucket'],
    ];
    for (const [bytes, status, code] of cases) {
      const answer = await say(port, bytes);
      const why = `${bytes.slice(0, 80)} ${answer}`;
      assert.equal(answer.slice(9, 12), String(status), why);
      assert.match(answer, new RegExp(`<Error><Code>${code}</Code><Message>`), why);
      assert.match(answer, /\r\nx-amz-request-id: [0-9A-F]{16}\r\n/);
      assert.match(answer, /\r\ncontent-type: application\/xml\r\n/i);
    }
  } finally {
    await listener.stop();
  }
});

test('settings that do not go together are told', () => {
  const problems = (s3: string): string => {
    const loaded = load(s3);
    return loaded.ok ? '' : loaded.problems.map(problemText).join('\n');
  };
  const user = '      - { name: a, key_id: k, secret: x }\n';
  assert.match(
    problems(`    users:\n${user}${user.replace('name: a', 'name: b')}`),
    /users\.b has the access key id of another/,
  );
  assert.match(problems('    users:\n      - { name: a }\n'), /secret/);
  assert.match(problems('    encryption_key: short\n'), /encryption_key is no base64 of 32 bytes/);
  assert.match(problems('    region: "not a region"\n'), /region/);
  assert.equal(problems(`    encryption_key: ${Buffer.alloc(32).toString('base64')}\n`), '');
});

test('the door speaks TLS with a certificate, and takes keys of clients there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-s3-tls-'));
  const authority = new TestAuthority('files authority');
  const { cert, key } = authority.issue('localhost');
  authority.remove();
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const files = `cert: ${join(folder, 'cert.pem')}, key: ${join(folder, 'key.pem')}`;
  const listener = await open(
    settings(`${TWO_KEYS}    tls:\n      certificates:\n        - { name: own, ${files} }\n`),
  );
  try {
    const { port, protocol } = listener.listening;
    assert.equal(protocol, 'S3 over TLS');
    const status = (method: string, path: string, more: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers: Record<string, string> = {
          host: `localhost:${port}`,
          'content-length': '0',
          ...more,
        };
        sign({
          user: ann,
          method,
          path,
          query: {},
          headers,
          payload: 'UNSIGNED-PAYLOAD',
          ms: Date.now(),
        });
        const asked = request(
          {
            host: '127.0.0.1',
            port,
            method,
            path,
            headers,
            rejectUnauthorized: false,
            agent: false,
          },
          (response) => {
            response.resume();
            response.on('end', () => resolve(response.statusCode ?? 0));
          },
        );
        asked.on('error', reject);
        asked.end();
      });
    assert.equal(await status('PUT', '/docs', {}), 200);
    const sealed = {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': Buffer.alloc(32).toString('base64'),
      'x-amz-server-side-encryption-customer-key-md5': 'cLyK85SqZp+pWI8X7M+QeQ==',
    };
    assert.notEqual(await status('PUT', '/docs/k', sealed), 200, 'the MD5 is of another key');
    const md5 = (await import('node:crypto'))
      .createHash('md5')
      .update(Buffer.alloc(32))
      .digest('base64');
    assert.equal(
      await status('PUT', '/docs/k', {
        ...sealed,
        'x-amz-server-side-encryption-customer-key-md5': md5,
      }),
      200,
    );
  } finally {
    await listener.stop();
    rmSync(folder, { recursive: true });
  }
});
