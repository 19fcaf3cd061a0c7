/** What the settings below `upstream` do in the running program: TLS to servers, kept connections, PROXY headers apart. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer as createPlain } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { startOperated } from '../../support/balancer/operator.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder, waitUntil } from '../../support/process.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

const statusAndText = async (url: string): Promise<[number, string]> => {
  const answer = await fetch(url);
  return [answer.status, await answer.text()];
};

test(
  'tls, tls_ca, tls_verify, tls_name, tls_cert and tls_key: who is spoken to, and as whom',
  requirePeer('openssl'),
  async () => {
    const authority = new TestAuthority('Plinth test');
    const folder = temporaryFolder('plinth-upstream');
    undo.push(folder.remove, () => authority.remove());
    const write = (name: string, content: string): string => {
      writeFileSync(join(folder.path, name), content);
      return join(folder.path, name);
    };
    const ca = write('ca.crt', authority.cert);
    const own = authority.issue('balancer');
    const [cert, key] = [write('own.crt', own.cert), write('own.key', own.key)];
    const server = createServer(
      {
        ...authority.issue('app', 'DNS:app.test'),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: false,
      },
      ({ socket }, response) => {
        const tls = socket as TLSSocket;
        const client = tls.authorized ? tls.getPeerCertificate().subject.CN : 'nobody';
        response.end(`${tls.servername} to ${client}`);
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    undo.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const pools: Readonly<Record<string, string>> = {
      verified: `tls: true, tls_ca: ${ca}, tls_name: app.test`,
      known: `tls: true, tls_ca: ${ca}, tls_name: app.test, tls_cert: ${cert}, tls_key: ${key}`,
      stranger: 'tls: true, tls_name: app.test',
      misnamed: `tls: true, tls_ca: ${ca}, tls_name: other.test`,
      careless: 'tls: true, tls_name: other.test, tls_verify: false',
    };
    const operator = await startOperated(`  listeners:
    - { name: web, port: 0 }
  pools:
${Object.entries(pools)
  .map(
    ([name, upstream]) =>
      `    - { name: ${name}, health: { check: none }, retries: { attempts: 1 }, upstream: { ${upstream} }, servers: [ { name: a, address: "127.0.0.1:${port}" } ] }\n`,
  )
  .join('')}  routes:
${Object.keys(pools)
  .map((name) => `    - { name: ${name}, prefix: /${name}, pool: ${name} }\n`)
  .join('')}`);
    undo.push(() => operator.stop());
    const web = `http://127.0.0.1:${await operator.port('web')}`;
    assert.deepEqual(await statusAndText(`${web}/verified`), [200, 'app.test to nobody']);
    assert.deepEqual(await statusAndText(`${web}/known`), [200, 'app.test to balancer']);
    assert.equal((await statusAndText(`${web}/stranger`))[0], 502);
    assert.equal((await statusAndText(`${web}/misnamed`))[0], 502);
    assert.deepEqual(await statusAndText(`${web}/careless`), [200, 'other.test to nobody']);
  },
);

test('idle_max and idle: how many connections are kept, and how long', async () => {
  const server = createPlain((_request, response) => response.end('a'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const operator = await startOperated(`  listeners:
    - { name: web, port: 0 }
  pools:
    - { name: app, health: { check: none }, servers: [ { name: a, address: "${address}" } ] }
  routes:
    - { name: all, pool: app }
`);
  undo.push(() => operator.stop());
  const url = `http://127.0.0.1:${await operator.port('web')}/`;
  const idle = async () => (await operator.status()).pools[0]?.servers[0]?.connections.idle;
  await statusAndText(url);
  await waitUntil('a kept one', async () => (await idle()) === 1);
  const upstream = async (settings: object): Promise<void> => {
    const { status, body } = await operator.patch({
      balancer: { pools: { app: { upstream: settings } } },
    });
    assert.equal(status, 200, body);
  };
  await upstream({ idle: '10ms' });
  await waitUntil('its end', async () => (await idle()) === 0);
  await upstream({ idle: null, idle_max: 0 });
  await statusAndText(url);
  await waitUntil('none is kept', async () => (await idle()) === 0);
  const dialled = /server_dials_total\{[^}]*\} (\d+)/.exec(await operator.metrics())?.[1];
  await statusAndText(url);
  const after = /server_dials_total\{[^}]*\} (\d+)/.exec(await operator.metrics())?.[1];
  assert.equal(Number(after), Number(dialled) + 1);
});

test('source: requests, checks and streams come from the address that it names', async () => {
  const from: string[] = [];
  const server = createPlain((request, response) => {
    from.push(`${request.method} ${request.socket.remoteAddress}`);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const operator = await startOperated(`  listeners:
    - { name: web, port: 0 }
    - { name: raw, port: 0, protocol: tcp, pool: app }
  pools:
    - { name: app, health: { check: http, method: OPTIONS, interval: 50ms }, upstream: { source: 127.0.0.9 }, servers: [ { name: a, address: "127.0.0.1:${port}" } ] }
  routes: [ { name: all, pool: app } ]
`);
  undo.push(() => operator.stop());
  assert.equal((await fetch(`http://127.0.0.1:${await operator.port('web')}/`)).status, 200);
  const raw = await fetch(`http://127.0.0.1:${await operator.port('raw')}/`, { method: 'DELETE' });
  assert.equal(raw.status, 200);
  await waitUntil('a check', () => from.includes('OPTIONS 127.0.0.9'));
  assert.deepEqual(
    new Set(from),
    new Set(['GET', 'DELETE', 'OPTIONS'].map((method) => `${method} 127.0.0.9`)),
  );
});
