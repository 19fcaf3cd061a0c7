/** What an authority may do that pebble never does: be slow, large, busy, and have wishes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { requirePeer } from '../../../tests/support/peers.ts';
import { temporaryFolder } from '../../../tests/support/process.ts';
import { createNodeClock, createNodeDisk } from '../../core/runtime/node/index.ts';
import { TestAuthority } from '../../core/runtime/node/transport-fixture.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { AccountFile } from './account-file.ts';
import { AcmeAuthority } from './acme-authority.ts';
import type { AcmeError } from './acme-error.ts';
import type { AcmeSettings } from './acme-fields.ts';
import { renewalIdOf } from './acme-messages.ts';
import { directoryHttp } from './directory-http.ts';
import { REQUEST_MS_MAX, RESPONSE_BYTES_MAX } from './limits.ts';
import { signedPair } from './testing/fake-authority.ts';

const peer = { ...requirePeer('openssl'), timeout: 30_000 };
const board = { canAnswerDns: false, put: () => Promise.reject(new Error('not asked')) };

interface Stub {
  readonly url: string;
  readonly ca: string;
  readonly requests: string[];
  authority(): AcmeAuthority;
}

/** Runs beside a server that answers by path; others get 404. */
async function withStub(
  answers: (url: string) => Record<string, (response: ServerResponse) => void>,
  run: (stub: Stub) => Promise<void>,
): Promise<void> {
  const authority = new TestAuthority('Directory');
  const folder = temporaryFolder('plinth-acme-stub');
  const requests: string[] = [];
  let url = '';
  const server = createServer(authority.issue('stub', 'IP:127.0.0.1'), (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const act = answers(url)[request.url ?? ''];
    if (act === undefined) json(response, 404, {});
    else act(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ca = join(folder.path, 'ca.pem');
  writeFileSync(ca, authority.cert);
  const disk = createNodeDisk();
  const settings: AcmeSettings = {
    ...{ enabled: true, termsAgreed: true, directory: `${url}/dir`, directoryCa: ca },
    ...{ contact: [], eabKeyId: undefined, eabHmacKey: undefined, keyType: 'ecdsa-p256' },
    ...{ preferredChain: undefined, challenge: 'http-01', settleMs: 0 },
  };
  try {
    await run({
      ...{ url, ca: authority.cert, requests },
      authority: () =>
        new AcmeAuthority({
          ...{ settings, disk, clock: createNodeClock() },
          account: new AccountFile(disk, folder.path),
        }),
    });
  } finally {
    server.closeAllConnections();
    server.close();
    authority.remove();
    folder.remove();
  }
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

const directoryOf = (url: string) => (response: ServerResponse) =>
  json(response, 200, {
    newNonce: `${url}/nonce`,
    newAccount: `${url}/account`,
    newOrder: `${url}/order`,
    renewalInfo: `${url}/renewal`,
  });
const nonce = (response: ServerResponse): void => {
  response.writeHead(200, { 'replay-nonce': `n${Math.random()}` }).end();
};
const order = { names: ['shop.org'], replaces: undefined, signal: new AbortController().signal };

test('an authority that is busy is asked once, and its time to wait is told', peer, () =>
  withStub(
    (url) => ({
      '/dir': directoryOf(url),
      '/nonce': nonce,
      '/account': (response) => {
        const type = 'urn:ietf:params:acme:error:rateLimited';
        json(response, 429, { type, detail: 'too many' }, { 'retry-after': '3600' });
      },
    }),
    async ({ authority, requests }) => {
      await assert.rejects(authority().obtain(order, board), (error: AcmeError) => {
        assert.equal(error.code, 'rate-limited');
        assert.equal(error.retryAfterMs, 3_600_000);
        assert.match(error.message, /rateLimited; too many/);
        return true;
      });
      assert.equal(requests.filter((line) => line === 'POST /account').length, 1);
    },
  ),
);

test('nonces that are refused over and over: given up after some', peer, () =>
  withStub(
    (url) => ({
      '/dir': directoryOf(url),
      '/nonce': nonce,
      '/account': (response) => {
        const type = 'urn:ietf:params:acme:error:badNonce';
        json(response, 400, { type, detail: 'stale' }, { 'replay-nonce': 'again' });
      },
    }),
    async ({ authority, requests }) => {
      await assert.rejects(authority().obtain(order, board), { code: 'malformed' });
      assert.equal(requests.filter((line) => line === 'POST /account').length, 6);
    },
  ),
);

test('what is no directory, and a file of authorities that is not there: said so', peer, () =>
  withStub(
    () => ({ '/dir': (response) => json(response, 200, { hello: 'world' }) }),
    async ({ authority }) => {
      await assert.rejects(authority().obtain(order, board), { code: 'malformed' });
      const pair = await signedPair(['shop.org'], 0, 1000);
      assert.equal(await authority().renewalWindow(pair), undefined);
    },
  ),
);

test('wishes of an authority (RFC 9773): read for the certificate that is held', peer, async () => {
  const pair = await signedPair(['shop.org'], 0, 1000);
  const suggestedWindow = { start: '2026-02-01T00:00:00Z', end: '2026-02-03T00:00:00Z' };
  await withStub(
    (url) => ({
      '/dir': directoryOf(url),
      [`/renewal/${renewalIdOf(pair.chain)}`]: (response) =>
        json(response, 200, { suggestedWindow }, { 'retry-after': '7200' }),
    }),
    async ({ authority }) => {
      assert.deepEqual(await authority().renewalWindow(pair), {
        startMs: Date.parse(suggestedWindow.start),
        endMs: Date.parse(suggestedWindow.end),
        askAgainMs: 7_200_000,
      });
      const other = await signedPair(['shop.org'], 0, 1000);
      assert.equal(await authority().renewalWindow(other), undefined);
    },
  );
});

test('giving up: an order that waits ends at once', peer, () =>
  withStub(
    () => ({ '/dir': () => {} }),
    async ({ authority, requests }) => {
      const stopping = new AbortController();
      const under = authority().obtain({ ...order, signal: stopping.signal }, board);
      const ended = assert.rejects(under, { code: 'stopped' });
      while (requests.length === 0) await new Promise(setImmediate);
      stopping.abort();
      await ended;
    },
  ),
);

test('requests: bounded in bytes and in time, over https alone', peer, () =>
  withStub(
    () => ({
      '/large': (response) => response.end(Buffer.alloc(RESPONSE_BYTES_MAX + 1)),
      '/slow': () => {},
      '/odd': (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end('{');
      },
    }),
    async ({ url, ca, requests }) => {
      const clock = createSimClock();
      const http = directoryHttp({ clock, ca: Buffer.from(ca) });
      const get = (path: string) => http.ask(path, { method: 'GET' });
      await assert.rejects(get(`${url}/large`), /more than 1048576 bytes/);
      assert.equal((await get(`${url}/odd`)).data, '{');
      await assert.rejects(get(url.replace('https', 'http')), { code: 'malformed' });
      await assert.rejects(get('nowhere'), { code: 'malformed' });
      const slow = assert.rejects(get(`${url}/slow`), { code: 'unreachable' });
      while (!requests.includes('GET /slow')) await new Promise(setImmediate);
      await clock.advance(REQUEST_MS_MAX);
      await slow;
      http.close();
    },
  ),
);
