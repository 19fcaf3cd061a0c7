/** A route with a second pool: what goes there, and what it is told. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { startOperated } from '../../support/balancer/operator.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

/** A server that says its name, the host and the body that it was sent. */
async function startNamed(name: string, status = 200): Promise<{ server: Server; port: number }> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    response.statusCode = status;
    response.end(`${name} as ${request.headers.host}: ${Buffer.concat(pieces)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<unknown> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    });
  undo.push(stop);
  return { server, port: (server.address() as AddressInfo).port };
}

async function startBoth(first: number, second: number): Promise<string> {
  const pool = (name: string, port: number, more: string): string =>
    `    - { name: ${name}, health: { check: none }, outliers: { enabled: false }, ${more}, servers: [ { name: a, address: "127.0.0.1:${port}" } ] }\n`;
  const operator = await startOperated(`  listeners:
    - { name: web, port: 0 }
  pools:
${pool('near', first, 'retries: { attempts: 3, statuses: [503] }')}${pool('far', second, 'upstream: { host: "far.test" }')}  routes:
    - { name: all, pool: near, fallback: far }
`);
  undo.push(() => operator.stop());
  return `http://127.0.0.1:${await operator.port('web')}/`;
}

const ask = async (url: string, body: string): Promise<string> => {
  const answer = await fetch(url, { method: 'PUT', body });
  return `${answer.status} ${await answer.text()}`;
};

test('the second pool has what the first can not take, with its own host, and nothing else', async () => {
  const near = await startNamed('near');
  const far = await startNamed('far');
  const url = await startBoth(near.port, far.port);
  const host = new URL(url).host;
  assert.equal(await ask(url, 'one'), `200 near as ${host}: one`);
  await undo[0]?.();
  for (const body of ['two', 'three', 'four']) {
    assert.equal(
      await ask(url, body),
      `200 far as far.test: ${body}`,
      'nobody hears of the failure',
    );
  }
});

test('an answer that is tried again goes to the second pool with its body', async () => {
  const near = await startNamed('near', 503);
  const far = await startNamed('far');
  const url = await startBoth(near.port, far.port);
  assert.equal(await ask(url, 'body'), '200 far as far.test: body');
});

test('when both fail the answer is that of a failure', async () => {
  const near = await startNamed('near');
  const far = await startNamed('far');
  const url = await startBoth(near.port, far.port);
  for (const stop of undo.slice(0, 2)) await stop();
  const answer = await fetch(url);
  assert.equal(answer.status, 502);
});
