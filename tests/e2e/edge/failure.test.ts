/**
 * Points of presence that die, are drained and are cut off, under users who go where the name server sends them.
 *
 * Users resolve like any program does: they ask the network's name servers, keep an answer for its TTL, and ask anew
 * when they can not connect. A request that was on its way to a PoP when it died is lost with it; no other one is.
 */
import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeStatus } from '../../../src/edge/index.ts';
import { type EdgeNetwork, startNetwork } from '../../support/edge/network.ts';
import { freePort, waitUntil } from '../../support/process.ts';

const HOST = 'www.cdn.test';
const TOKEN = 'a-token-of-the-test-network';
/** What each PoP binds, and what DNS gives for it. */
const addresses = { ams: '127.71.0.1', nyc: '127.72.0.1', fra: '127.73.0.1' } as const;
type PopName = keyof typeof addresses;
/** Where users and their resolvers are. */
const homes = { europe: '127.81.0.1', america: '127.82.0.1' } as const;

/** What the origin says of a path now. */
const texts = new Map<string, string>();
const origin = createServer((request, response) => {
  const { url = '' } = request;
  response.setHeader('Cache-Control', 'max-age=600');
  response.setHeader('Cache-Tag', 'all');
  response.end(texts.get(url) ?? `body of ${url}`);
});

let network: EdgeNetwork;
let dnsPort = 0;

before(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo;
  dnsPort = await freePort();
  const bound = (name: PopName): string => {
    const address = addresses[name];
    return `bind: ${address}, host: ${address}, addresses: [${address}]`;
  };
  network = await startNetwork({
    pops: [
      { name: 'ams', latitude: 52.4, longitude: 4.9, more: bound('ams') },
      { name: 'nyc', latitude: 40.7, longitude: -74, more: bound('nyc') },
      // It takes no users: what they are sent to is one of the others.
      {
        ...{ name: 'fra', latitude: 50.1, longitude: 8.7, shield: true },
        more: `capacity: 0, ${bound('fra')}`,
      },
    ],
    edge: `  geo:
    networks:
      - { name: europe, network: 127.81.0.0/16, country: NL, latitude: 52, longitude: 5 }
      - { name: america, network: 127.82.0.0/16, country: US, latitude: 41, longitude: -73 }
  purge: { lease: 1s }
  dns:
    port: ${dnsPort}
    zones:
      - name: cdn
        zone: cdn.test
        name_servers: [ns1]
        records: ["ns1 A 127.0.0.1"]
        steered: [ { name: users, hosts: [www], ttl: 1s } ]
  sites:
    - name: www
      hosts: [${HOST}]
      origin: { servers: [ { name: one, address: "127.0.0.1:${port}" } ] }
`,
    more: `admin: { token: ${TOKEN} }\n`,
  });
});

after(async () => {
  await network?.stop();
  origin.closeAllConnections();
  origin.close();
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cacheStatus: string;
}

/** Asks a PoP for a path. @param onConnected when there is a connection to ask on. */
function get(
  pop: PopName,
  path: string,
  more: { agent?: Agent; onConnected?: () => void } = {},
): Promise<Answer> {
  const { agent = false, onConnected = () => {} } = more;
  const host = addresses[pop];
  const { http: port } = network.pop(pop);
  return new Promise((resolve, reject) => {
    const sent = ask({ host, port, path, headers: { host: HOST }, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, body, cacheStatus: String(headers['cache-status']) });
      });
    });
    sent.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', onConnected);
      else onConnected();
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** A resolver at this place, which asks the name servers of the network in turn. */
function resolverAt(home: string): Resolver {
  const resolver = new Resolver({ timeout: 500, tries: 4 });
  resolver.setServers(Object.values(addresses).map((address) => `${address}:${dnsPort}`));
  resolver.setLocalAddress(home);
  return resolver;
}

async function namedFor(resolver: Resolver): Promise<{ pop: PopName; ttl: number }> {
  const [first] = await resolver.resolve4(HOST, { ttl: true });
  const named = Object.entries(addresses).find(([, address]) => address === first?.address);
  assert.ok(first !== undefined && named !== undefined);
  return { pop: named[0] as PopName, ttl: first.ttl };
}

/** Who asks from there is sent to this PoP. */
const namesAs = (pop: PopName, home: string): Promise<void> =>
  waitUntil(`${pop} to be named`, async () => (await namedFor(resolverAt(home))).pop === pop);

async function statusOf(pop: PopName): Promise<EdgeStatus> {
  const answer = await fetch(`http://127.0.0.1:${network.pop(pop).admin}/systems/edge/status`);
  return (await answer.json()) as EdgeStatus;
}

const rowOf = async (asked: PopName, of: PopName) =>
  (await statusOf(asked)).pops.find(({ name }) => name === of)!;

/** A user who asks one thing after the other, on kept connections, where the name server says. */
class User {
  answered = 0;
  /** Answers that were not 200 or had another body. */
  readonly wrong: string[] = [];
  /** Requests lost on the way to a PoP. */
  readonly lost: PopName[] = [];
  /** Where its last request was answered. */
  at: PopName | undefined;
  /** Where its request is on its way to. */
  onWayTo: PopName | undefined;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly resolver: Resolver;
  private readonly name: string;
  private readonly over: Promise<void>;
  private isOver = false;

  constructor(home: string, name: string) {
    this.resolver = resolverAt(home);
    this.name = name;
    this.over = this.run();
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.over;
    this.agent.destroy();
  }

  private async run(): Promise<void> {
    let known = await namedFor(this.resolver);
    let untilMs = performance.now() + known.ttl * 1000;
    for (let i = 0; !this.isOver; i++) {
      if (performance.now() > untilMs) {
        known = await namedFor(this.resolver);
        untilMs = performance.now() + known.ttl * 1000;
      }
      if (!(await this.once(known.pop, `/${this.name}/${i % 50}`))) untilMs = 0;
      await sleep(2);
    }
  }

  /** False: there was nobody, and it is to be asked elsewhere. */
  private async once(pop: PopName, path: string): Promise<boolean> {
    const onConnected = (): void => {
      this.onWayTo = pop;
    };
    try {
      const { status, body } = await get(pop, path, { agent: this.agent, onConnected });
      if (status !== 200 || body !== `body of ${path}`) this.wrong.push(`${status} ${body}`);
      this.answered++;
      this.at = pop;
    } catch {
      if (this.onWayTo !== undefined) this.lost.push(pop);
      return false;
    } finally {
      this.onWayTo = undefined;
    }
    return true;
  }
}

function users(): { all: User[]; europe: User[] } {
  const at = (home: string, place: string): User[] =>
    [0, 1, 2].map((i) => new User(home, `${place}-${i}`));
  const europe = at(homes.europe, 'europe');
  return { europe, all: [...europe, ...at(homes.america, 'america')] };
}

const allAt = (who: readonly User[], pop: PopName): Promise<void> =>
  waitUntil(`users at ${pop}`, () => who.every(({ at }) => at === pop));

test('a PoP dies under load: what was on its way to it is lost and nothing else, and its users move and come back', async () => {
  const { all, europe } = users();
  const american = all.filter((user) => !europe.includes(user));
  try {
    await allAt(europe, 'ams');
    await allAt(american, 'nyc');
    const onWay = all.filter(({ onWayTo }) => onWayTo === 'ams').length;
    await network.pop('ams').kill9();
    await allAt(europe, 'nyc');
    // Each name server sees it by itself, one sooner than the other.
    await namesAs('nyc', homes.europe);
    await waitUntil('nyc to see it', async () => !(await rowOf('nyc', 'ams')).up);
    for (const user of all) {
      assert.ok(user.lost.length <= 1, `${user.lost.length} requests lost of one user`);
      assert.ok(user.lost.every((pop) => pop === 'ams'));
    }
    // One may have been sent between the count and the end.
    const lost = all.flatMap((user) => user.lost).length;
    assert.ok(lost <= Math.max(onWay, europe.length), `${lost} lost, ${onWay} on their way`);

    await network.pop('ams').restart();
    await allAt(europe, 'ams');
    assert.equal(all.flatMap((user) => user.lost).length, lost, 'nobody is lost on the way back');
    assert.ok(american.every(({ at }) => at === 'nyc'));
  } finally {
    await Promise.all(all.map((user) => user.end()));
  }
  assert.deepEqual(
    all.flatMap(({ wrong }) => wrong),
    [],
  );
});

/** Rewrites the file that all PoPs share, and has each read it anew. */
function change(edit: (text: string) => string): void {
  const file = join(network.folder, 'plinth.yaml');
  writeFileSync(file, edit(readFileSync(file, 'utf8')));
  for (const { child } of network.pops.values()) child().process.kill('SIGHUP');
}

const drainRow = (text: string): string =>
  text.replace(/(- \{ name: ams, .*) \}\n/, '$1, drained: true }\n');

test('a drained PoP gets no new users, keeps those it has, and says when the last answer that names it runs out', async () => {
  await namesAs('ams', homes.europe);
  const old = readFileSync(join(network.folder, 'plinth.yaml'), 'utf8');
  const { europe, all } = users();
  try {
    await allAt(europe, 'ams');
    change(drainRow);
    for (const asked of ['ams', 'nyc', 'fra'] as const) {
      await waitUntil('the change', async () => (await rowOf(asked, 'ams')).drained);
    }
    await namesAs('nyc', homes.europe);
    // Whoever knows its address from before is still served.
    assert.equal((await get('ams', '/late')).status, 200);
    let before = Number.POSITIVE_INFINITY;
    await waitUntil('the last answer that names it', async () => {
      const { namedForMs } = await rowOf('ams', 'ams');
      assert.ok(namedForMs <= before, `${namedForMs} ms are left, and ${before} ms were before`);
      before = namedForMs;
      return namedForMs === 0;
    });
    await allAt(europe, 'nyc');
    assert.deepEqual(
      all.flatMap(({ lost, wrong }) => [...lost, ...wrong]),
      [],
    );
    change(() => old);
    await allAt(europe, 'ams');
  } finally {
    change(() => old);
    await Promise.all(all.map((user) => user.end()));
  }
});

interface Purged {
  readonly receipt: { readonly pops: readonly { readonly pop: string; readonly state: string }[] };
}

async function purge(asked: PopName, tag: string): Promise<Record<string, string>> {
  const answer = await fetch(`http://127.0.0.1:${network.pop(asked).admin}/systems/edge/purge`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tag: [tag] }),
  });
  const body = await answer.text();
  assert.equal(answer.status, 200, body);
  const { receipt } = JSON.parse(body) as Purged;
  return Object.fromEntries(receipt.pops.map(({ pop, state }) => [pop, state]));
}

test('a purge while a PoP is cut off: the receipt says so, and it serves nothing of what was purged when it is back', async () => {
  const paths = Array.from({ length: 10 }, (_, i) => `/news-${i}`);
  for (const path of paths) texts.set(path, 'old');
  for (const path of paths) {
    assert.equal((await get('nyc', path)).body, 'old');
    // The last that it passed is told last.
    assert.match((await get('nyc', path)).cacheStatus, /plinth; hit[^,]*$/);
  }
  const { process: child } = network.pop('nyc').child();
  child.kill('SIGSTOP');
  let stopped = true;
  try {
    // These are there before it goes on: it reads them in its first moment.
    const early = paths.slice(0, 5).map((path) => get('nyc', path));
    for (const path of paths) texts.set(path, 'new');
    assert.deepEqual(await purge('ams', 'all'), {
      ...{ ams: 'confirmed', fra: 'confirmed', nyc: 'cut-off' },
    });
    child.kill('SIGCONT');
    stopped = false;
    for (const { body } of await Promise.all(early)) assert.equal(body, 'new');
    for (const path of paths) assert.equal((await get('nyc', path)).body, 'new');
  } finally {
    if (stopped) child.kill('SIGCONT');
  }
  await waitUntil('nyc to catch up', async () => {
    const { purges } = await statusOf('nyc');
    return purges !== null && !purges.inDoubt;
  });
  assert.deepEqual(await purge('nyc', 'all'), {
    ...{ ams: 'confirmed', fra: 'confirmed', nyc: 'confirmed' },
  });
});
