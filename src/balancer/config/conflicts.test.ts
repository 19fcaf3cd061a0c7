import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig, problemText } from '../../core/config/index.ts';
import { balancerConfig } from './config.ts';

/** A configuration that is right, and in it the lines of one case. */
function problems(more: {
  readonly top?: string;
  readonly listener?: string;
  readonly pool?: string;
  readonly route?: string;
}): string {
  const text = `balancer:
  ${more.top ?? ''}
  listeners:
    - { name: web, port: 0 }
    - { name: raw, port: 0, protocol: tcp, pool: app }
    - { name: it, ${more.listener ?? 'port: 0'} }
  pools:
    - { name: app, ${more.pool ?? ''} }
  routes:
    - { name: all, ${more.route ?? 'pool: app'} }
`;
  const loaded = loadConfig([balancerConfig], { file: { name: 'f', text }, readFile: () => '' });
  return loaded.ok ? '' : loaded.problems.map(problemText).join('\n');
}

const refused: readonly [Parameters<typeof problems>[0], RegExp][] = [
  [{ top: 'via: "a b\\r\\nX: y"' }, /via is "a b\\r\\nX: y", wanted a word or a host/],
  [{ pool: 'persistence: { by: cookie, name: "a; Path=/x" }' }, /no name of a cookie/],
  [{ pool: 'persistence: { by: app-cookie, name: "a b" }' }, /no name of a cookie/],
  [{ pool: 'persistence: { by: header, name: "a b" }' }, /no name of a header/],
  [{ pool: 'persistence: { by: header, signed: true }' }, /signed is for by: cookie/],
  [{ pool: 'hash_on: header' }, /hash_name is needed with hash_on header/],
  [{ pool: 'hash_on: header, hash_name: "a b"' }, /no name of a header/],
  [{ pool: 'policy: ring, bound_factor: 0.5' }, /bound_factor is 0.5, wanted 0 or a number from 1/],
  [
    { pool: 'retries: { statuses: [503, 42] }' },
    /retries.statuses has 42, wanted statuses from 400/,
  ],
  [{ pool: 'upstream: { host: "a b" }' }, /upstream.host is no host with an optional port/],
  [{ route: 'pool: app, fallback: spare' }, /fallback is spare, and there is no such pool/],
  [{ route: 'pool: app, fallback: app' }, /fallback is its pool/],
  [{ route: 'respond: 204, fallback: app' }, /fallback needs pool/],
  [{ pool: 'breaker: { share: 0 }' }, /breaker.share is 0, wanted a number above 0/],
  [{ pool: 'outliers: { eject: 10m }' }, /eject_max is less than eject/],
  [{ listener: 'port: 0, protocol: udp, pool: app, socket: /tmp/x' }, /socket is of no use to udp/],
  [
    { listener: 'port: 0, protocol: tcp, pool: app, redirect_to_https: true' },
    /redirect_to_https is of no use to tcp/,
  ],
  [{ listener: 'port: 0, proxy_protocol: true' }, /proxy_protocol needs trusted too/],
  [
    { listener: 'port: 0, protocol: tls-passthrough, names: [ { name: x, pool: app } ]' },
    /names.x.hosts is needed/,
  ],
  [
    {
      listener:
        'port: 0, protocol: tls-passthrough, names: [ { name: x, hosts: ["a.*.b"], pool: app } ]',
    },
    /names.x.hosts has a\.\*\.b, which may have \* only as its first label/,
  ],
  [
    { listener: 'port: 0, names: [ { name: x, hosts: [a], pool: app } ]' },
    /names is of no use to http/,
  ],
  [{ route: 'pool: app, listeners: [ raw ]' }, /has raw, which is tcp and has no routes/],
  [{ route: 'pool: app, listeners: [ nobody ]' }, /has nobody, and there is no such listener/],
];

for (const [more, says] of refused) {
  test(`settings that do not fit are refused: ${JSON.stringify(more)}`, () => {
    assert.match(problems(more), says);
  });
}

const taken: readonly Parameters<typeof problems>[0][] = [
  {},
  { top: 'via: ""' },
  { top: 'via: balancer.example:8080' },
  { top: 'via: lb_1' },
  { pool: 'policy: ring, bound_factor: 0' },
  { pool: 'policy: maglev, bound_factor: 1' },
  { pool: 'hash_on: query, hash_name: "a[b]"' },
  { pool: 'persistence: { by: source, name: "" }' },
  { pool: 'retries: { statuses: [404, 599] }' },
  { listener: 'port: 0, proxy_protocol: true, trusted: [10.0.0.0/8]' },
];

for (const more of taken) {
  test(`settings that fit are taken: ${JSON.stringify(more)}`, () => {
    assert.equal(problems(more), '');
  });
}

test('two listeners with one address are told of each other, TCP and UDP are two', () => {
  const both = (second: string): string => {
    const text = `balancer:
  listeners:
    - { name: a, port: 7000 }
    - { name: b, ${second} }
  pools:
    - { name: app }
`;
    const loaded = loadConfig([balancerConfig], { file: { name: 'f', text }, readFile: () => '' });
    return loaded.ok ? '' : loaded.problems.map(problemText).join('\n');
  };
  assert.match(both('port: 7000'), /listeners.b.port is the address of listener a too/);
  assert.equal(both('port: 7000, protocol: udp, pool: app'), '');
  assert.equal(both('port: 7000, bind: 127.0.0.2'), '');
});
