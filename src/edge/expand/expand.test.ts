import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BalancerSettings, balancerConfig } from '../../balancer/config/index.ts';
import { defaultsOf, loadConfig, problemText } from '../../core/config/index.ts';
import { balancerWithEdge, edgeConfig } from '../config/config.ts';

/** What the balancer of a PoP does, for a network of a shield and two others. */
function expanded(pop: string, sites: string, pops = ''): BalancerSettings {
  const text = `edge:
  enabled: true
  pop: ${pop}
  secret: 0123456789abcdef
  pops:
    - { name: fra, latitude: 50, longitude: 8, shield: true, bind: 192.0.2.1, host: fra.pops.test, https_port: 443 }
    - { name: nyc, latitude: 40, longitude: -74, bind: 198.51.100.1, https_port: 8443 }
    - { name: sin, latitude: 1, longitude: 103, bind: "2001:db8::1" }
${pops}  sites:
${sites}`;
  const loaded = loadConfig([edgeConfig], { file: { name: 'f', text }, readFile: () => '' });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.map(problemText).join('\n'));
  const all = balancerWithEdge(
    defaultsOf(balancerConfig),
    loaded.config.of(edgeConfig),
    '/data/edge',
  );
  assert.deepEqual(balancerConfig.check(all), [], 'the balancer takes it');
  return all;
}

const www = `    - name: www
      hosts: [www.test]
      guard: default
      origin: { host: origin.test, tls: true, servers: [ { name: a, address: "a.test:443" }, { name: b, address: "b.test:443", priority: 1 } ] }
      response_headers: ["x-site: www"]
      rules:
        - { name: old, prefix: /old, rewrite_prefix: /new, cache: "" }
        - { name: gone, path: /gone, respond: 410 }
`;

const named = <T extends { readonly name: string }>(list: readonly T[], name: string): T => {
  const found = list.find((each) => each.name === name);
  assert.ok(found !== undefined, `${name} among ${list.map((each) => each.name)}`);
  return found;
};

test('a shield serves users and other PoPs by the same routes, which lead to the origin', () => {
  const { routes, pools, listeners } = expanded('fra', www);
  const site = named(routes, 'edge-www');
  assert.deepEqual(site.listeners, ['edge-http', 'edge-tier']);
  assert.equal(site.pool, 'edge-origin-www');
  assert.equal(site.rewriteHost, 'origin.test');
  assert.deepEqual([site.guard, site.cache], ['default', 'default']);
  assert.ok(site.requestHeaders.includes('+CDN-Loop: plinth-fra'));
  assert.ok(site.requestHeaders.includes('-plinth-hop'));
  assert.equal(named(routes, 'edge-www-old').rewritePrefix, '/new');
  assert.equal(named(routes, 'edge-www-old').cache, undefined);
  const origin = named(pools, 'edge-origin-www');
  assert.deepEqual(
    origin.servers.map(({ address, priority }) => [address, priority]),
    [
      ['a.test:443', 0],
      ['b.test:443', 1],
    ],
  );
  assert.equal(origin.upstream.tls, true);
  assert.deepEqual(named(listeners, 'edge-tier').trusted, ['0.0.0.0/0', '::/0']);
});

test('what one user has of connections is limited, what PoPs have is not', () => {
  const limitsOf = (settings: string): number[] =>
    expanded('fra', www, settings).listeners.map(({ limits }) => limits.connectionsPerAddress);
  assert.deepEqual(limitsOf(''), [1000, 0]);
  assert.deepEqual(limitsOf('  guard: { connections_max: 7 }\n'), [7, 0]);
});

test('with a certificate PoPs ask and check each other by TLS, without one they do not', () => {
  const tls = '  tier_tls: { cert_file: /pop.pem, key_file: /pop.key, ca_file: /ca.pem }\n';
  for (const [settings, uses] of [
    ['', false],
    [tls, true],
  ] as const) {
    const { listeners, pools } = expanded('nyc', www, settings);
    const shown = named(listeners, 'edge-tier').tls.certificates.map(({ cert, key }) => [
      cert,
      key,
    ]);
    assert.deepEqual(shown, uses ? [['/pop.pem', '/pop.key']] : []);
    for (const name of ['edge-tier', 'edge-pops']) {
      const { upstream } = named(pools, name);
      assert.deepEqual([upstream.tls, upstream.tlsVerify], [uses, true]);
      assert.equal(upstream.tlsCa, uses ? '/ca.pem' : undefined);
    }
    assert.equal(named(pools, 'edge-origin-www').upstream.tlsCa, undefined);
  }
});

test('another PoP leads to the shields and at last to itself, and rewrites where it asks the origin', () => {
  const { routes, pools } = expanded('nyc', www);
  const users = named(routes, 'edge-www');
  assert.deepEqual(
    [users.pool, users.cache, users.listeners],
    ['edge-tier', 'default', ['edge-http']],
  );
  assert.deepEqual(users.responseHeaders, [], 'the shield has edited it');
  assert.equal(named(routes, 'edge-www-old').rewritePrefix, undefined);
  const own = named(routes, 'edge-www-old-tier');
  assert.deepEqual([own.rewritePrefix, own.cache, own.access], ['/new', undefined, undefined]);
  assert.deepEqual(own.listeners, ['edge-tier']);
  const tier = named(pools, 'edge-tier');
  assert.deepEqual(
    tier.servers.map(({ name, address, priority }) => [name, address, priority]),
    [
      ['fra', 'fra.pops.test:8470', 0],
      ['nyc', '198.51.100.1:8470', 1],
    ],
  );
  assert.equal(tier.upstream.source, '198.51.100.1');
});

test('every PoP watches all of them, and answers for its health without the guard', () => {
  for (const pop of ['fra', 'nyc', 'sin']) {
    const { pools, routes } = expanded(pop, www);
    assert.deepEqual(
      named(pools, 'edge-pops').servers.map(({ address }) => address),
      ['fra.pops.test:8470', '198.51.100.1:8470', '[2001:db8::1]:8470'],
    );
    const health = named(routes, 'edge-health');
    assert.deepEqual(
      [health.guard, health.respond, health.listeners],
      [undefined, 200, ['edge-tier']],
    );
  }
});

test('what is answered here needs no tier, and is guarded', () => {
  const gone = named(expanded('nyc', www).routes, 'edge-www-gone');
  assert.deepEqual(
    [gone.pool, gone.respond, gone.guard, gone.cache, gone.listeners],
    [undefined, 410, 'default', undefined, ['edge-http']],
  );
});

test('TLS is there where a site has a certificate and the PoP a port; redirects name that port', () => {
  const tls = `    - name: tls
      hosts: [tls.test]
      redirect_to_https: true
      cert_file: /c.pem
      key_file: /k.pem
      origin: { servers: [ { name: a, address: "a.test:80" } ] }
`;
  const redirect = (pop: string): string | undefined =>
    named(expanded(pop, tls).routes, 'edge-tls-https').redirect;
  assert.equal(redirect('fra'), 'https://{host}{path}?{query}');
  assert.equal(redirect('nyc'), 'https://{host}:8443{path}?{query}');
  assert.deepEqual(named(expanded('nyc', tls).routes, 'edge-tls').listeners, ['edge-https']);
  const without = expanded('sin', tls);
  assert.ok(!without.listeners.some(({ name }) => name === 'edge-https'));
  assert.deepEqual(named(without.routes, 'edge-tls').listeners, ['edge-http']);
  const certificates = named(expanded('nyc', tls).listeners, 'edge-https').tls.certificates;
  assert.deepEqual(certificates, [{ name: 'tls', cert: '/c.pem', key: '/k.pem', ocsp: undefined }]);
});

test('without any shield every PoP asks the origin', () => {
  const text = `edge:
  enabled: true
  pop: one
  pops: [ { name: one, latitude: 0, longitude: 0 } ]
  sites:
${www}`;
  const loaded = loadConfig([edgeConfig], { file: { name: 'f', text }, readFile: () => '' });
  assert.ok(loaded.ok);
  const all = balancerWithEdge(defaultsOf(balancerConfig), loaded.config.of(edgeConfig), '/data');
  assert.equal(named(all.routes, 'edge-www').pool, 'edge-origin-www');
  assert.equal(named(all.routes, 'edge-www').cache, 'default');
});

test('a process that is no PoP keeps the balancer as it is', () => {
  const balancer = defaultsOf(balancerConfig);
  assert.equal(balancerWithEdge(balancer, defaultsOf(edgeConfig), '/data'), balancer);
});
