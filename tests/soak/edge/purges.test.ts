/**
 * Two shields and two other PoPs with disks, under users of both schemes and purges of every kind, while PoPs are
 * killed, stopped in order and halted: behind a receipt nobody is served what was purged. For `PLINTH_SOAK_SECONDS`, a
 * minute by default.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request as ask, createServer } from 'node:http';
import { request as askByTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { type EdgeNetwork, startNetwork } from '../../support/edge/network.ts';
import { temporaryFolder } from '../../support/process.ts';

const seconds = Number(process.env.PLINTH_SOAK_SECONDS ?? 60);
const NAMES = ['ams', 'nyc', 'fra', 'sin'] as const;
const TOKEN = 'a-token-of-the-test-network';
const READERS = 10;
const LONG_BYTES = 200_000;
/** Of each three one is long, and one may be served stale. */
const PATHS = Array.from({ length: 12 }, (_, i) => `/${['stale', 'long', 'short'][i % 3]}-${i}`);

/** Which version of a path the origin has, and which one at least users are to get. */
const versions = new Map(PATHS.map((path) => [path, 1]));
const purged = new Map(PATHS.map((path) => [path, 1]));

const chance = (below: number): number => Math.floor(Math.random() * below);
const one = <T>(list: readonly T[]): T => list[chance(list.length)] as T;

/** Slow, so that purges find it in the middle of an answer, which is of the version that its beginning had. */
const origin = createServer(async (request, response) => {
  const path = request.url ?? '';
  const version = versions.get(path);
  await sleep(chance(40));
  const stale = path.startsWith('/stale') ? ', stale-while-revalidate=600' : '';
  response.setHeader('Cache-Control', `max-age=600${stale}`);
  response.setHeader('Cache-Tag', path.slice(1));
  response.setHeader('ETag', `"${version}"`);
  if (request.headers['if-none-match'] === `"${version}"`) {
    response.writeHead(304).end();
    return;
  }
  response.write(`${version} `);
  await sleep(chance(30));
  response.end('x'.repeat(path.startsWith('/long') ? LONG_BYTES : 10));
});

const folder = temporaryFolder('plinth-edge-purges');
const authority = new TestAuthority('the authority of the test');
let network: EdgeNetwork;
/** PoPs that nobody asks at the moment. */
const away = new Set<string>();
let isOver = false;

before(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo;
  const { cert, key } = authority.issue('www.test', 'DNS:www.test');
  writeFileSync(join(folder.path, 'www.pem'), cert);
  writeFileSync(join(folder.path, 'www.key'), key);
  network = await startNetwork({
    pops: NAMES.map((name) => ({ name, shield: name === 'fra' || name === 'sin' })),
    edge: `  purge: { lease: 1s }
  sites:
    - name: www
      hosts: [www.test]
      cert_file: "${join(folder.path, 'www.pem')}"
      key_file: "${join(folder.path, 'www.key')}"
      origin: { servers: [ { name: one, address: "127.0.0.1:${port}" } ] }
`,
    more: `admin: { token: ${TOKEN} }\ncache: { disk: { size: 64mb } }\n`,
  });
});

after(async () => {
  await network?.stop();
  origin.closeAllConnections();
  origin.close();
  authority.remove();
  folder.remove();
});

/** The version that a user gets; undefined: the PoP went away under him. */
function get(pop: string, path: string, tls: boolean): Promise<number | undefined> {
  const { http, https } = network.pop(pop);
  return new Promise((resolve) => {
    const request = (tls ? askByTls : ask)(
      {
        ...{ host: '127.0.0.1', port: tls ? https : http, path, agent: false },
        ...{ headers: { host: 'www.test' }, servername: 'www.test', ca: authority.cert },
      },
      (response) => {
        let body = '';
        response.setEncoding('latin1');
        response.on('data', (piece: string) => {
          body += piece;
        });
        response.on('error', () => resolve(undefined));
        response.on('end', () => {
          assert.equal(response.statusCode, 200, `${pop} ${path}`);
          resolve(Number.parseInt(body, 10));
        });
      },
    );
    request.on('error', () => resolve(undefined));
    request.end();
  });
}

const seen = { reads: 0, purges: 0, disturbances: 0 };

async function read(): Promise<void> {
  while (!isOver) {
    const pop = one(NAMES);
    const path = one(PATHS);
    const wanted = purged.get(path) as number;
    const isThere = !away.has(pop);
    const version = isThere ? await get(pop, path, chance(2) === 0) : undefined;
    if (version !== undefined) {
      seen.reads++;
      assert.ok(version >= wanted, `${pop} gives ${version} of ${path}, ${wanted} is purged`);
    }
    await sleep(chance(6));
  }
}

/** What a purge is asked for by, and the paths that it names. */
function anyPurge(): { readonly body: object; readonly paths: readonly string[] } {
  const path = one(PATHS);
  const start = path.slice(0, 5);
  return one([
    { body: { url: [`www.test${path}`] }, paths: [path] },
    { body: { tag: [path.slice(1)] }, paths: [path] },
    {
      body: { prefix: [`www.test${start}`] },
      paths: PATHS.filter((each) => each.startsWith(start)),
    },
    { body: { host: ['www.test'] }, paths: PATHS },
    { body: { all: true }, paths: PATHS },
  ]);
}

async function purge(): Promise<void> {
  while (!isOver) {
    await sleep(chance(300));
    const pop = one(NAMES);
    if (away.has(pop)) continue;
    const { body, paths } = anyPurge();
    for (const path of paths) versions.set(path, (versions.get(path) as number) + 1);
    const news = paths.map((path) => [path, versions.get(path) as number] as const);
    const url = `http://127.0.0.1:${network.pop(pop).admin}/systems/edge/purge`;
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    try {
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      await answer.text();
      if (answer.status !== 200) continue;
    } catch {
      // The PoP went away: nobody knows what has become of it.
      continue;
    }
    seen.purges++;
    for (const [path, version] of news) {
      purged.set(path, Math.max(version, purged.get(path) as number));
    }
  }
}

async function disturb(): Promise<void> {
  while (!isOver) {
    await sleep(1500 + chance(2500));
    const pop = network.pop(one(NAMES));
    away.add(pop.name);
    const { process: child } = pop.child();
    switch (one(['kill', 'end', 'halt'])) {
      case 'halt':
        child.kill('SIGSTOP');
        await sleep(500 + chance(4000));
        // Users meet it in its first moment.
        away.delete(pop.name);
        child.kill('SIGCONT');
        break;
      case 'kill':
        await pop.kill9();
        await pop.restart();
        break;
      default:
        await pop.terminate();
        await pop.restart();
    }
    away.delete(pop.name);
    seen.disturbances++;
  }
}

test('behind a receipt nobody is served what was purged, whatever happens to PoPs', async () => {
  const ended = sleep(seconds * 1000).then(() => {
    isOver = true;
  });
  const readers = Array.from({ length: READERS }, read);
  try {
    await Promise.all([ended, ...readers, purge(), purge(), disturb()]);
  } finally {
    isOver = true;
  }
  assert.ok(seen.reads > 0 && seen.purges > 0 && seen.disturbances > 0, JSON.stringify(seen));
});
