/**
 * Changes of every kind that a running balancer takes, drawn from a seed, none of which may harm a request.
 *
 * Invariants: the server `keep` of the pool `app` is up with some weight whatever comes; limits and timeouts are
 * never below what the load needs; kinds come in turns, each once before any comes again.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '../../../src/core/runtime/node/transport-fixture.ts';
import type { SimRandom } from '../../../src/core/runtime/sim/index.ts';
import { freePort } from '../process.ts';
import type { BalancerProcess } from './balancer-process.ts';

/** A part of a merge patch. */
export type Patch = Readonly<Record<string, unknown>>;

export interface ChangedBalancer {
  readonly balancer: BalancerProcess;
  readonly random: SimRandom;
  /** Ports of servers that answer alike; at least six. */
  readonly ports: readonly number[];
  /** A new certificate for `a.test`; undefined when no listener speaks TLS. */
  readonly issue: (() => KeyPair) | undefined;
  /** Kinds that are not made. */
  readonly without?: readonly string[];
}

type Kind = (the: LiveChanges) => Patch | Promise<Patch | null> | null;

const POLICIES = [
  ...['round-robin', 'weighted', 'random', 'two-choices', 'least-connections'],
  ...['weighted-least-connections', 'peak-ewma', 'source-hash', 'ring', 'maglev'],
];

export class LiveChanges {
  readonly balancer: BalancerProcess;
  readonly random: SimRandom;
  readonly ports: readonly number[];
  readonly issue: ChangedBalancer['issue'];
  /** Servers of `app` beside `keep`; one is there from the beginning. */
  readonly servers: string[] = ['a'];
  readonly listeners: string[] = [];
  readonly routes: string[] = [];
  readonly pools: string[] = [];
  /** The one certificate of the listener `secure`. */
  certificate = 'first';
  hasOther = true;
  private readonly names: readonly string[];
  private named = 0;
  private turn: string[] = [];

  constructor({ balancer, random, ports, issue, without = [] }: ChangedBalancer) {
    this.balancer = balancer;
    this.random = random;
    this.ports = ports;
    this.issue = issue;
    this.names = Object.keys(kinds).filter((name) => !without.includes(name));
  }

  /** Makes the next change. @returns its kind. @throws when it is not answered as it should be */
  async next(): Promise<string> {
    if (this.turn.length === 0) this.turn = this.shuffled(this.names);
    const name = this.turn.pop() as string;
    const patch = await (kinds[name] as Kind)(this);
    if (patch === null) return `${name} (not now)`;
    const { status, body } = await this.balancer.patch({ balancer: inSnakeCase(patch) });
    const wanted = name.startsWith('refused') ? [409, 422] : [200];
    if (!wanted.includes(status)) {
      throw new Error(`${name}: ${status} ${body} to ${JSON.stringify(patch)}`);
    }
    return name;
  }

  /**
   * Takes back what changes have added that holds something by itself, and lets go of servers soon.
   * @throws when it is refused
   */
  async takeBack(): Promise<void> {
    const gone = (names: string[]): Patch =>
      Object.fromEntries(names.splice(0).map((name) => [name, null]));
    const { status, body } = await this.balancer.patch({
      balancer: {
        access_log: null,
        listeners: gone(this.listeners),
        routes: gone(this.routes),
        pools: {
          ...gone(this.pools),
          app: {
            ...{ servers: gone(this.servers), discovery: null, persistence: null },
            ...{ health: null, upstream: { idle: '100ms' } },
          },
        },
      },
    });
    if (status !== 200) throw new Error(`taking back: ${status} ${body}`);
  }

  name(stem: string): string {
    return `${stem}${++this.named}`;
  }

  of<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)] as T;
  }

  address(): string {
    return `127.0.0.1:${this.of(this.ports)}`;
  }

  /** Takes one out of the list. */
  take(list: string[]): string | undefined {
    return list.splice(this.random.below(list.length), 1)[0];
  }

  file(name: string, text: string): string {
    const path = join(this.balancer.folder, name);
    writeFileSync(path, text);
    return path;
  }

  private shuffled(names: readonly string[]): string[] {
    return names
      .map((name) => [this.random.u32(), name] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, name]) => name);
  }
}

/** Settings are written here as in the code, and in the file with underscores. */
function inSnakeCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      inSnakeCase(each),
    ]),
  );
}

const app = (part: Patch): Patch => ({ pools: { app: part } });
const server = (name: string, part: Patch | null): Patch => app({ servers: { [name]: part } });
const web = (part: Patch): Patch => ({ listeners: { web: part } });

function aServer(the: LiveChanges, part: () => Patch): Patch | null {
  return the.servers.length === 0 ? null : server(the.of(the.servers), part());
}

const kinds: Readonly<Record<string, Kind>> = {
  'server added': (the) => {
    if (the.servers.length >= 8) return null;
    const name = the.name('s');
    the.servers.push(name);
    return server(name, { address: the.address(), weight: 1 + the.random.below(5) });
  },
  'server removed': (the) => {
    const name = the.take(the.servers);
    return name === undefined ? null : server(name, null);
  },
  'servers removed and added': (the) => {
    const patch: Record<string, Patch | null> = {};
    for (const name of the.servers.splice(0)) patch[name] = null;
    for (let i = 0; i < 3; i++) {
      const name = the.name('s');
      the.servers.push(name);
      patch[name] = { address: the.address() };
    }
    return app({ servers: patch });
  },
  'server weighed': (the) => aServer(the, () => ({ weight: the.random.below(20) })),
  'server moved': (the) => aServer(the, () => ({ address: the.address() })),
  'server kept moved': (the) => server('keep', { address: the.address() }),
  'server in another state': (the) =>
    aServer(the, () => ({ state: the.of(['up', 'draining', 'maintenance']) })),
  'server of another priority': (the) => aServer(the, () => ({ priority: the.random.below(3) })),
  'server limited': (the) => aServer(the, () => ({ requestsMax: the.of([0, 30_000]) })),
  'server drained and resumed': async (the) => {
    const name = the.servers[0];
    if (name === undefined) return null;
    const path = `/systems/balancer/pools/app/servers/${name}`;
    const { status, body } = await the.balancer.call('POST', `${path}/drain`, {
      deadlineMs: 3_600_000,
    });
    if (status !== 202) throw new Error(`drain of ${name}: ${status} ${body}`);
    const again = await the.balancer.call('POST', `${path}/resume`);
    // Held by its state in the settings is the other answer.
    if (again.status !== 200) throw new Error(`resume of ${name}: ${again.status} ${again.body}`);
    return {};
  },
  policy: (the) =>
    app({
      policy: the.of(POLICIES),
      hashOn: the.of(['source', 'path']),
      boundFactor: the.of([0, 1.25, 2]),
    }),
  'panic share': (the) => app({ panicShare: the.random.float() }),
  'discovery by file': (the) => {
    const rows = Array.from({ length: the.random.below(4) }, (_, i) => ({
      name: `f${i}`,
      address: the.address(),
      weight: 1 + the.random.below(3),
    }));
    const file = the.file('servers.json', JSON.stringify(rows));
    return app({ discovery: { file: the.of([file, null]), every: '200ms' } });
  },
  'discovery by DNS that fails': (the) =>
    app({
      discovery: {
        ...{ dns: the.of(['servers.test:80', null]), srv: the.of(['_http._tcp.test', null]) },
        ...{ nameServers: ['127.0.0.1:9'], every: '1s' },
      },
    }),
  'discovery by registration': async (the) => {
    const { status, body } = await the.balancer.patch({
      balancer: app({ discovery: { registration: true } }),
    });
    if (status !== 200) throw new Error(`registration: ${status} ${body}`);
    const path = `/systems/balancer/pools/app/registrations/${the.name('r')}`;
    const put = await the.balancer.call('PUT', path, { address: the.address(), ttlMs: 5000 });
    if (put.status !== 200) throw new Error(`registration: ${put.status} ${put.body}`);
    return the.random.chance(0.5) ? app({ discovery: { registration: false } }) : {};
  },
  health: (the) =>
    app({
      health: {
        ...{ check: the.of(['none', 'tcp', 'http']), path: '/health', fall: 3 },
        ...{ interval: the.of(['300ms', '1s', '5s']), rise: 1 + the.random.below(2) },
        ...{ slowStart: the.of(['0s', '2s', '10s']), timeout: '5s' },
      },
    }),
  outliers: (the) =>
    app({ outliers: { enabled: the.random.chance(0.5), consecutive: 1 + the.random.below(9) } }),
  breaker: (the) => app({ breaker: { enabled: the.random.chance(0.5), share: 0.5 } }),
  persistence: (the) =>
    app({
      persistence: {
        ...{ by: the.of(['none', 'cookie', 'app-cookie', 'source', 'header']) },
        ...{ name: the.of(['SID', 'PLINTHID']), entries: the.of([1, 1000, 100_000]) },
        signed: false,
      },
    }),
  'persistence by a signed cookie': (the) =>
    app({
      persistence: { by: 'cookie', signed: true, key: `key-of-some-length-${the.random.u32()}` },
    }),
  retries: (the) =>
    app({
      retries: {
        ...{ attempts: 1 + the.random.below(4), budget: the.random.float() },
        ...{ body: the.of([0, 1024, 65_536]), statuses: the.of([[], [502, 503]]) },
      },
    }),
  'connections to servers': (the) =>
    app({
      upstream: {
        ...{ connectionsMax: the.of([0, 40_000]), idleMax: the.of([0, 1, 256]) },
        ...{ idle: the.of(['100ms', '30s']), queueMax: the.of([100, 1024]) },
      },
    }),
  'timeouts of servers': (the) =>
    app({
      upstream: {
        ...{ connect: the.of(['5s', '20s']), head: the.of(['0s', '10s', '60s']) },
        ...{ body: the.of(['0s', '5s', '60s']), queue: the.of(['10s', '20s']) },
      },
    }),
  'PROXY protocol to servers of another pool': (the) =>
    the.hasOther
      ? { pools: { other: { upstream: { proxyProtocol: 'no' }, policy: the.of(POLICIES) } } }
      : null,
  'pool removed that carries sockets, or added': (the) => {
    the.hasOther = !the.hasOther;
    if (!the.hasOther) {
      return {
        pools: { other: null },
        routes: { sockets: { pool: 'app', split: null }, everything: { pool: 'app', split: null } },
      };
    }
    return {
      pools: {
        other: {
          servers: { one: { address: the.address() } },
          upstream: { head: '2s', body: '2s', idle: '1s' },
          health: { interval: '300ms', rise: 1 },
          outliers: { enabled: false },
        },
      },
      routes: { sockets: { pool: null, split: bothPools } },
    };
  },
  'pool added': (the) => {
    const name = the.name('p');
    the.pools.push(name);
    return { pools: { [name]: { servers: { one: { address: the.address() } } } } };
  },
  'pool removed': (the) => {
    const name = the.take(the.pools);
    return name === undefined ? null : { pools: { [name]: null } };
  },
  'route split or not': (the) =>
    the.hasOther && the.random.chance(0.5)
      ? { routes: { everything: { pool: null, split: bothPools } } }
      : { routes: { everything: { pool: 'app', split: null } } },
  'route added': (the) => {
    const name = the.name('route');
    the.routes.push(name);
    const match = the.of([
      { prefix: `/${name}`, rewritePrefix: '/elsewhere' },
      { pattern: `/${name}/([a-z]+)/.*`, rewritePath: '/$1' },
      { path: `/${name}`, hosts: ['*.example.com'], methods: ['GET'] },
      { prefix: '/http', headers: [`x-${name}: yes`], query: ['!a'] },
    ]);
    const end = the.of([
      { pool: 'app', requestHeaders: ['X-A: b', '-X-C'] },
      { respond: 418 },
      { redirect: 'https://{host}{path}', redirectStatus: '302' },
    ]);
    const rewrites = 'pool' in end ? match : { prefix: `/${name}` };
    return { routes: { [name]: { ...rewrites, ...end } } };
  },
  'route removed': (the) => {
    const name = the.take(the.routes);
    return name === undefined ? null : { routes: { [name]: null } };
  },
  'route edited': (the) => ({
    routes: {
      everything: {
        requestHeaders: the.of([[], ['X-Edited: yes', '+X-Edited: twice']]),
        responseHeaders: the.of([[], ['X-Answered: yes', '-X-Port']]),
        request: the.of(['0s', '60s']),
      },
    },
  }),
  'listener of HTTP added': async (the) => {
    const port = await freePort();
    const name = the.name('l');
    the.listeners.push(name);
    return { listeners: { [name]: { port, redirectToHttps: the.random.chance(0.3) } } };
  },
  'listener of layer 4 added': async (the) => {
    const port = await freePort();
    const name = the.name('l');
    the.listeners.push(name);
    return {
      listeners: {
        [name]: { port, protocol: the.of(['tcp', 'udp', 'tls-passthrough']), pool: 'app' },
      },
    };
  },
  'listener removed': (the) => {
    const name = the.take(the.listeners);
    return name === undefined ? null : { listeners: { [name]: null } };
  },
  'limits of clients': (the) =>
    web({
      limits: {
        ...{ connections: the.of([30_000, 50_000]), connectionsPerAddress: the.of([0, 30_000]) },
        ...{ head: the.of(['16KiB', '64KiB']), fields: the.of([32, 128]) },
        ...{ body: the.of(['0', '10MiB']), requestsPerConnection: the.of([0, 7, 100]) },
      },
    }),
  'timeouts of clients': (the) =>
    web({
      timeouts: {
        ...{ head: the.of(['5s', '20s']), idle: the.of(['5s', '60s']) },
        ...{ body: the.of(['5s', '30s']), send: the.of(['5s', '30s']) },
        ...{ request: the.of(['0s', '30s']), tcpIdle: the.of(['600s', '900s']) },
      },
    }),
  'who is trusted': (the) => web({ trusted: the.of([[], ['10.0.0.0/8'], ['127.0.0.0/8', '::1']]) }),
  'HTTP/2 and CONNECT': (the) =>
    web({ http2Cleartext: the.random.chance(0.5), allowConnect: the.random.chance(0.5) }),
  certificates: (the) => {
    if (the.issue === undefined) return null;
    const name = the.name('cert');
    const { cert, key } = the.issue();
    const files = {
      cert: the.file(`${name}.crt`, cert),
      key: the.file(`${name}.key`, key),
    };
    const before = the.certificate;
    the.certificate = name;
    return { listeners: { secure: { tls: { certificates: { [before]: null, [name]: files } } } } };
  },
  'settings of TLS': (the) =>
    the.issue === undefined
      ? null
      : {
          listeners: {
            secure: {
              tls: {
                minVersion: the.of(['TLSv1.2', 'TLSv1.3']),
                hstsMaxAge: the.of(['0s', '3600s']),
              },
            },
          },
        },
  'what servers are told': (the) => ({
    via: the.of(['plinth', '', 'edge-1']),
    xForwarded: the.random.chance(0.5),
    forwarded: the.random.chance(0.5),
    requestId: the.random.chance(0.5),
    traceparent: the.random.chance(0.5),
  }),
  'access log': (the) => ({
    accessLog: the.of([null, join(the.balancer.folder, 'access.log')]),
  }),
  'refused: no such pool': () => ({ routes: { everything: { pool: 'nowhere', split: null } } }),
  'refused: a port that is taken': (the) => ({
    listeners: { taken: { port: the.ports[0] as number } },
    pools: { app: { policy: 'random' } },
  }),
  'refused: a wrong value': () => app({ servers: { keep: { weight: 'heavy' } } }),
};

const bothPools = { app: { pool: 'app', weight: 1 }, other: { pool: 'other', weight: 1 } };
