/** Drains of the command line while clients speak HTTP/2 (RFC 9113). */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterEach, test } from 'node:test';
import { namedOrigin, type Operator, startOperated } from '../../support/balancer/operator.ts';
import { waitUntil } from '../../support/process.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

interface Bed {
  readonly operator: Operator;
  readonly session: ClientHttp2Session;
  /** Lets the slow requests go. */
  letGo(): void;
}

/** One HTTP/2 connection; `/slow` is held by the server. */
async function bed(): Promise<Bed> {
  const held: ServerResponse[] = [];
  const a = await namedOrigin('a', ({ url }, response) => {
    if (url === '/slow') held.push(response);
    return url === '/slow';
  });
  undo.push(a.close);
  const operator = await startOperated(`  listeners:
    - { name: web, port: 0 }
  pools:
    - { name: app, health: { check: none }, servers: [ { name: a, address: "${a.address}" } ] }
  routes:
    - { name: all, pool: app }
`);
  undo.push(() => operator.stop());
  const session = connect(`http://127.0.0.1:${await operator.port('web')}`);
  session.on('error', () => {});
  undo.push(() => session.destroy());
  const letGo = (): void => {
    for (const each of held.splice(0)) each.end('slow');
  };
  undo.push(letGo);
  return { operator, session, letGo };
}

async function asked(
  session: ClientHttp2Session,
  path: string,
): Promise<{ status: number; body: string }> {
  const stream = session.request({ ':path': path });
  const head = new Promise<number>((resolve, reject) => {
    stream.once('response', (fields) => resolve(fields[':status'] as number));
    stream.once('error', reject);
  });
  return { status: await head, body: await text(stream) };
}

const slowThere = async ({ operator }: Bed): Promise<boolean> =>
  (await operator.status()).pools[0]?.servers[0]?.active === 1;

test('drain of a server under HTTP/2: told as such, 503 at the deadline, the connection goes on', async () => {
  const it = await bed();
  const { operator, session } = it;
  const slow = asked(session, '/slow');
  await waitUntil('the slow request', () => slowThere(it));
  const path = '/systems/balancer/pools/app/servers/a/drain';
  const begun = await operator.call('POST', path, { deadlineMs: 600_000 });
  const { present } = JSON.parse(begun.body) as { present: { kind: string; what: string }[] };
  assert.deepEqual(
    present.map(({ kind, what }) => [kind, what]),
    [['http2-request', 'GET /slow']],
  );
  const { code, out } = await operator.cli('balancer', 'drain', 'app', 'a', '--deadline', '0s');
  assert.equal(code, 2, out);
  assert.match(out, /of 1 at the start 1 had to be cut/);
  assert.equal((await slow).status, 503);
  assert.equal((await operator.cli('balancer', 'resume', 'app', 'a')).code, 0);
  assert.deepEqual(await asked(session, '/'), { status: 200, body: 'a' });
});

test('drain of a listener under HTTP/2: GOAWAY, what runs is finished, exit 0', async () => {
  const it = await bed();
  const { operator, session, letGo } = it;
  let goaways = 0;
  session.on('goaway', (error) => {
    assert.equal(error, 0);
    goaways++;
  });
  const slow = asked(session, '/slow');
  await waitUntil('the slow request', () => slowThere(it));
  const drained = operator.cli('balancer', 'drain', '--listener', 'web');
  await waitUntil('GOAWAY', () => goaways > 0);
  letGo();
  assert.deepEqual(await slow, { status: 200, body: 'slow' });
  const { code, out } = await drained;
  assert.equal(code, 0, out);
  assert.match(out, /all 1 of the start have left/);
});
