import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet from 'dns-packet';
import fc from 'fast-check';
import { nameText, readMessage } from '../../core/wire/index.ts';
import { dataOf, makeQuery, optionOf, startAsker } from './testing/asker.ts';
import { cities } from './testing/server.ts';
import { dnsSettings, exampleZone } from './testing/settings.ts';

const unlimited = 'port: 0\nresponses_per_second: 0\nerrors_per_second: 0';
const settings = dnsSettings(`${unlimited}\nnsid: fra1\n${exampleZone}`);
const dns = await startAsker(settings);

const rcodeOf = (bytes: Buffer | null): number | null => (bytes === null ? null : bytes[3]! & 15);

test('the question comes back as it was spelled, the answer refers to it', () => {
  const query = makeQuery('wWw.ExAmPlE.cOm');
  const answer = dns.send(query)!;
  const message = packet.decode(answer);
  assert.equal(message.questions?.[0]?.name, 'wWw.ExAmPlE.cOm');
  assert.equal(message.answers?.[0]?.name, 'wWw.ExAmPlE.cOm');
  assert.equal(message.id, 4711);
  assert.equal(message.flag_aa, true);
  assert.equal(message.flag_ra, false);
});

test('errors are answered by their code', () => {
  const plain = makeQuery('www.example.com');
  const changed = (at: number, octet: number): Buffer => {
    const bytes = Buffer.from(plain);
    bytes[at] = octet;
    return bytes;
  };
  assert.equal(rcodeOf(dns.send(changed(2, 0x28))), 4, 'an update: NOTIMP');
  assert.equal(rcodeOf(dns.send(changed(5, 2))), 1, 'two questions: FORMERR');
  assert.equal(dns.send(changed(5, 2))?.length, 12);
  assert.equal(dns.send(changed(2, 0x80)), null, 'a response');
  assert.equal(dns.send(plain.subarray(0, 11)), null);
  for (const [name, type, rcode] of [
    ['www.example.org', 'A', 5],
    ['example.com', 'AXFR', 5],
    ['example.com', 'IXFR', 5],
    ['example.com', 'UNKNOWN_250', 4],
    ['nope.example.com', 'A', 3],
    ['round.example.com', 'A', 2],
  ] as const) {
    assert.equal(rcodeOf(dns.send(makeQuery(name, type))), rcode, `${name} ${type}`);
  }
  const chaos = makeQuery('version.bind', 'TXT');
  chaos[chaos.indexOf(Buffer.from('bind\0')) + 8] = 3;
  assert.equal(rcodeOf(dns.send(chaos)), 5);
});

test('a later version of EDNS is told that we have the first (BADVERS)', () => {
  const query = makeQuery('www.example.com');
  query[query.length - 5] = 1;
  const answer = dns.send(query)!;
  const opt = readMessage(answer)?.additionals[0];
  assert.equal(answer[3]! & 15, 0);
  assert.equal(opt!.ttlSeconds >>> 24, 1, 'the upper bits of 16');
  assert.equal((opt!.ttlSeconds >>> 16) & 0xff, 0);
});

test('the subnet that a resolver tells decides, and the answer says for whom it holds', () => {
  const bostonian = dns.ask('www.example.com', 'A', { subnet: '198.51.101.0/24' });
  assert.deepEqual(dataOf(bostonian), ['192.0.2.2']);
  const told = optionOf(bostonian, 8) as unknown as { scopePrefixLength: number; ip: string };
  assert.equal(told.scopePrefixLength, 24);
  assert.equal(told.ip, '198.51.101.0');
  const javanese = dns.ask('www.example.com', 'A', { subnet: '203.0.113.0/24' });
  assert.deepEqual(dataOf(javanese), ['192.0.2.3']);
  assert.equal((optionOf(javanese, 8) as unknown as typeof told).scopePrefixLength, 20);
  const roman = dns.ask('www.example.com', 'AAAA', { subnet: '2001:db8:1::/48' });
  assert.deepEqual(dataOf(roman), ['2001:db8::1']);
  const fixed = dns.ask('mail.example.com', 'A', { subnet: '203.0.113.0/24' });
  assert.equal((optionOf(fixed, 8) as unknown as typeof told).scopePrefixLength, 0);
  const hidden = dns.ask('www.example.com', 'A', { subnet: '0.0.0.0/0', from: '198.51.101.9' });
  assert.deepEqual(dataOf(hidden), ['192.0.2.2'], 'by the resolver’s own address');
  assert.equal((optionOf(hidden, 8) as unknown as typeof told).scopePrefixLength, 0);
});

test('a network that is not at one place is answered address by address', () => {
  const scope = (bits: number, address: string): [string[], number] => {
    const answer = dns.ask('www.example.com', 'A', { subnet: `${address}/${bits}` });
    const told = optionOf(answer, 8) as unknown as { scopePrefixLength: number };
    return [dataOf(answer), told.scopePrefixLength];
  };
  assert.deepEqual(scope(32, '198.51.102.7'), [['192.0.2.1'], 25]);
  assert.deepEqual(scope(32, '198.51.102.200'), [['192.0.2.2'], 25]);
  // More of it would be needed, RFC 7871 section 7.2.1.
  assert.deepEqual(scope(24, '198.51.102.0'), [['192.0.2.1'], 25]);
  const from = (address: string): string[] =>
    dataOf(dns.ask('www.example.com', 'A', { from: address }));
  assert.deepEqual(from('198.51.102.9'), ['192.0.2.1']);
  assert.deepEqual(from('198.51.102.209'), ['192.0.2.2']);
});

test('who does not go by subnets does not tell of them', async () => {
  const blind = await startAsker(dnsSettings(`${unlimited}\nclient_subnet: false\n${exampleZone}`));
  const answer = blind.ask('www.example.com', 'A', {
    ...{ subnet: '203.0.113.0/24', from: '198.51.101.7' },
  });
  assert.deepEqual(dataOf(answer), ['192.0.2.2']);
  assert.equal(optionOf(answer, 8), undefined);
});

test('without a subnet who asks decides', () => {
  assert.deepEqual(dataOf(dns.ask('www.example.com', 'A', { from: '198.51.100.7' })), [
    '192.0.2.1',
  ]);
  assert.deepEqual(dataOf(dns.ask('www.example.com', 'A', { from: '198.51.101.7' })), [
    '192.0.2.2',
  ]);
  assert.deepEqual(dataOf(dns.ask('www.example.com', 'A', { from: '::ffff:203.0.113.7' })), [
    '192.0.2.3',
  ]);
  assert.deepEqual(dataOf(dns.ask('www.example.com', 'AAAA', { from: '2001:db8:1::7' })), [
    '2001:db8::1',
  ]);
});

test('a PoP without addresses of a family is not chosen for it', () => {
  // Singapore has no IPv6: New York is the next nearest to Jakarta but Frankfurt is nearer.
  const answer = dns.ask('www.example.com', 'AAAA', { subnet: '203.0.113.0/24' });
  assert.deepEqual(dataOf(answer), ['2001:db8::1']);
});

test('where no PoP has addresses of a family there is no such record, whatever name of a rule is asked for', async () => {
  const old = await startAsker(settings);
  old.pops = cities.map((pop) => ({ ...pop, addresses: ['192.0.2.1'] }));
  old.server.apply(settings);
  for (const name of ['www.', '', 'site.cdn.', 'to-www.', 'another-site.cdn.']) {
    const message = readMessage(old.send(makeQuery(`${name}example.com`, 'AAAA'))!);
    assert.ok(message !== null, name);
    assert.deepEqual(
      message.authorities.map(({ owner, data }) => [nameText(owner), data.type]),
      [['example.com', 'SOA']],
      name,
    );
  }
});

test('HTTPS records tell protocols and addresses', () => {
  const message = readMessage(dns.send(makeQuery('www.example.com', 'UNKNOWN_65'))!)!;
  const [record] = message.answers;
  assert.ok(record?.data.type === 'HTTPS');
  assert.equal(record.ttlSeconds, 30);
  assert.equal(record.data.params.length >= 2, true);
});

test('a long answer is cut for UDP and the client told to come by TCP', async () => {
  const records = Array.from({ length: 40 }, (_, at) => `'many A 192.0.2.${at}'`);
  const big = await startAsker(
    dnsSettings(
      `${unlimited}\nzones: [{ name: b, zone: b, name_servers: [ns], records: [${records.join(', ')}] }]`,
    ),
  );
  const cut = big.ask('many.b', 'A', { udpBytes: 512 });
  assert.equal(cut.flag_tc, true);
  assert.equal(cut.answers?.length, 0);
  const whole = big.ask('many.b', 'A', { udpBytes: 4096 });
  assert.equal(whole.flag_tc, false);
  assert.equal(whole.answers?.length, 40);
  const plain = packet.encode({ type: 'query', questions: [{ type: 'A', name: 'many.b' }] });
  assert.equal(packet.decode(big.send(plain)!).flag_tc, true);
  for (let udpBytes = 500; udpBytes < 760; udpBytes += 7) {
    const answer = big.send(makeQuery('many.b', 'A', { udpBytes }))!;
    assert.ok(answer.length <= Math.max(512, udpBytes), `${answer.length} of ${udpBytes}`);
  }
});

test('answers do not differ by what was asked before', async () => {
  const names = [
    'www',
    'WWW',
    'mail',
    'alias',
    'to-www',
    'x.cdn',
    'yy.cdn',
    'nope',
    'nop2',
    'x.ns1',
    'abcde',
    'x.wild',
    'x.sub',
    'b.deep',
    'eu',
    'svc',
  ];
  const query = fc.record({
    name: fc.constantFrom(...names).map((name) => `${name}.example.com`),
    type: fc.constantFrom('A', 'AAAA', 'TXT', 'CNAME', 'UNKNOWN_65', 'ANY', 'NS'),
    subnet: fc.constantFrom('198.51.100.0/24', '198.51.101.0/24', '203.0.113.0/24', '9.9.9.0/24'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(query, { minLength: 1, maxLength: 10 }), async (queries) => {
      const fresh = await startAsker(settings);
      for (const { name, type, subnet } of queries.toReversed()) {
        const bytes = makeQuery(name, type, { subnet });
        const first = dns.send(bytes);
        assert.deepEqual(fresh.send(bytes), first);
        assert.deepEqual(readMessage(fresh.send(bytes)!), readMessage(first!));
      }
    }),
    { numRuns: 40 },
  );
});

test('no bytes make it throw, and each answer is a message', () => {
  const seeds = [
    makeQuery('www.example.com', 'A', { subnet: '198.51.100.0/24' }),
    makeQuery('x.sub.example.com', 'TXT'),
  ];
  const edits = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 5 });
  fc.assert(
    fc.property(fc.constantFrom(...seeds), edits, (seed, changes) => {
      const bytes = Buffer.from(seed);
      for (const [at, octet] of changes) if (at < bytes.length) bytes[at] = octet;
      const answer = dns.send(bytes);
      if (answer !== null) assert.ok(readMessage(answer) !== null, bytes.toString('hex'));
    }),
    { numRuns: 1000 },
  );
});

const manyAliases = exampleZone.replace(
  '    records:\n',
  `    records:\n${Array.from({ length: 30 }, (_, at) => `      - away${at} CNAME www.example.org.\n`).join('')}`,
);

test('one network is not flooded: answers are kept back or cut, unless it shows that it asks', async () => {
  const limited = await startAsker(
    dnsSettings(`port: 0\nresponses_per_second: 20\nerrors_per_second: 5\nslip: 2\n${manyAliases}`),
  );
  const flood = (count: number, make: (at: number) => Buffer, from: string): string[] =>
    Array.from({ length: count }, (_, at) => {
      const answer = limited.send(make(at), from);
      return answer === null ? 'dropped' : (answer[2]! & 2) === 0 ? 'sent' : 'cut';
    });
  const count = (all: string[], what: string): number => all.filter((each) => each === what).length;
  const first = flood(100, () => makeQuery('www.example.com'), '203.0.113.1');
  assert.deepEqual(
    ['sent', 'cut', 'dropped'].map((what) => count(first, what)),
    [20, 40, 40],
  );
  assert.equal(
    count(
      flood(5, () => makeQuery('www.example.com'), '203.0.113.99'),
      'sent',
    ),
    0,
    'of the same /24',
  );
  assert.equal(
    count(
      flood(5, () => makeQuery('www.example.com'), '203.0.112.1'),
      'sent',
    ),
    5,
  );
  const names = flood(50, (at) => makeQuery(`n${at}.example.com`), '198.51.100.1');
  assert.equal(count(names, 'sent'), 5, 'made-up names of one zone are alike');
  const away = flood(60, (at) => makeQuery(`away${at % 30}.example.com`), '198.51.100.1');
  assert.equal(count(away, 'sent'), 60, 'aliases that lead away are not alike');
  const wild = flood(60, (at) => makeQuery(`n${at}.cdn.example.com`), '198.51.100.1');
  assert.equal(count(wild, 'sent'), 20, 'names of one wildcard are alike');
  const hello = limited.ask('ns1.example.com', 'A', {
    ...{ from: '203.0.113.1', cookie: Buffer.from('0102030405060708', 'hex') },
  });
  const { data: cookie } = optionOf(hello, 10) as unknown as { data: Buffer };
  assert.equal(cookie.length, 24);
  const known = flood(50, () => makeQuery('www.example.com', 'A', { cookie }), '203.0.113.1');
  assert.equal(count(known, 'sent'), 50, 'with a cookie of ours');
  assert.equal(
    count(
      flood(50, () => makeQuery('www.example.com', 'A', { cookie }), '203.0.113.2'),
      'sent',
    ),
    0,
  );
  assert.ok(limited.server.counts.limitedDropped > 0 && limited.server.counts.limitedCut > 0);
});

test('cookies of one PoP are good at another that shares its secret', async () => {
  const here = await startAsker(settings, 'one secret');
  const there = await startAsker(settings, 'one secret');
  const elsewhere = await startAsker(settings, 'another');
  const cookie = (
    optionOf(here.ask('www.example.com', 'A', { cookie: Buffer.alloc(8, 1) }), 10) as unknown as {
      data: Buffer;
    }
  ).data;
  there.ask('www.example.com', 'A', { cookie });
  elsewhere.ask('www.example.com', 'A', { cookie });
  assert.equal(there.server.counts.cookies, 1);
  assert.equal(elsewhere.server.counts.cookies, 0);
});

test('answers follow health, drains and load at once', async () => {
  const live = await startAsker(settings);
  const asked = (): string[] => dataOf(live.ask('www.example.com', 'A', { from: '198.51.100.7' }));
  assert.deepEqual(asked(), ['192.0.2.1']);
  live.health.down.add('fra');
  live.health.changed();
  assert.deepEqual(asked(), ['192.0.2.2']);
  live.health.down.add('nyc').add('sin');
  live.health.changed();
  assert.deepEqual(asked(), ['192.0.2.1', '192.0.2.2', '192.0.2.3'], 'all are down: all are told');
  live.health.down.clear();
  live.health.changed();
  live.pops = cities.map((pop) => ({ ...pop, drained: pop.name === 'fra' }));
  live.server.apply(settings);
  assert.deepEqual(asked(), ['192.0.2.2']);
  live.pops = [{ ...cities[0]!, addresses: ['192.0.2.77'] }];
  live.server.apply(settings);
  assert.deepEqual(asked(), ['192.0.2.77'], 'new addresses');
});

test('a drained PoP is done with when its last answer has expired', async () => {
  const live = await startAsker(settings);
  assert.equal(live.server.lastAnswerEndsMs('fra'), 0);
  await live.clock.advance(5_000);
  live.ask('www.example.com', 'A', { from: '198.51.100.7' });
  await live.clock.advance(1_000);
  live.ask('to-www.example.com', 'A', { from: '198.51.100.8' });
  assert.equal(live.server.lastAnswerEndsMs('fra'), 36_000);
  assert.equal(live.server.lastAnswerEndsMs('nyc'), 0);
  live.pops = cities.map((pop) => ({ ...pop, drained: pop.name === 'fra' }));
  live.server.apply(settings);
  await live.clock.advance(10_000);
  live.ask('www.example.com', 'A', { from: '198.51.100.7' });
  assert.equal(live.server.lastAnswerEndsMs('fra'), 36_000);
  assert.equal(live.server.lastAnswerEndsMs('nyc'), 46_000);
});

test('a PoP with too much loses some of its clients to the next, and gets them back', async () => {
  const live = await startAsker(settings);
  const share = (): number => {
    let moved = 0;
    for (let at = 0; at < 256; at++) {
      const from = `198.51.100.${at}`;
      // Each /24 is one client, near Frankfurt by what the registries tell.
      const [address] = dataOf(
        live.ask('www.example.com', 'A', { subnet: `193.${at}.7.0/24`, from }),
      );
      if (address !== '192.0.2.1') moved++;
    }
    return moved / 256;
  };
  assert.equal(share(), 0);
  live.health.loads.set('fra', 1.6);
  await live.clock.advance(60_000);
  const some = share();
  assert.ok(some > 0.3 && some < 0.7, `${some}`);
  live.health.loads.set('fra', 0.1);
  await live.clock.advance(300_000);
  assert.equal(share(), 0);
});

test('texts are set and taken away while it runs', async () => {
  const live = await startAsker(settings);
  const texts = (): string[] => dataOf(live.ask('_acme-challenge.www.example.com', 'TXT'));
  assert.deepEqual(texts(), []);
  live.server.setText('_acme-challenge.WWW.example.com', ['one', 'two']);
  assert.deepEqual(texts(), ['one', 'two']);
  live.server.apply(settings);
  assert.deepEqual(texts(), ['one', 'two'], 'they outlive new settings');
  assert.deepEqual(dataOf(live.ask('www.example.com', 'A', { from: '198.51.100.7' })), [
    '192.0.2.1',
  ]);
  live.server.setText('_acme-challenge.www.example.com', []);
  assert.deepEqual(texts(), []);
  assert.equal(rcodeOf(live.send(makeQuery('_acme-challenge.www.example.com', 'TXT'))), 3);
  live.server.setText('long.example.com', ['x'.repeat(300)]);
  assert.equal(dataOf(live.ask('long.example.com', 'TXT'))[0]?.replaceAll(',', '').length, 300);
  const many = Array.from({ length: 51 }, (_, at) => `${at}`);
  assert.throws(() => live.server.setText('x.example.com', many), /too many/);
  assert.throws(() => live.server.setText('www.example.org', ['x']), /in no zone/);
  assert.throws(() => live.server.setText('alias.example.com', ['x']), /is an alias/);
});

test('a challenge changes nothing but the texts of its name, though it makes that name exist', async () => {
  const live = await startAsker(settings);
  const others = (): (string[] | number | null)[] =>
    ['site.cdn', 'deep.site.cdn', 'www', 'x.wild'].flatMap((name) =>
      ['A', 'AAAA', 'TXT', 'MX'].map((type) => {
        const answer = live.send(makeQuery(`${name}.example.com`, type))!;
        return [...dataOf(packet.decode(answer)), `${rcodeOf(answer)}`];
      }),
    );
  const before = others();
  live.server.setText('_acme-challenge.site.cdn.example.com', ['token']);
  live.server.setText('_acme-challenge.www.example.com', ['token']);
  live.server.setText('_acme-challenge.new.example.com', ['token']);
  assert.deepEqual(others(), before);
  for (const name of ['site.cdn', 'www', 'new']) {
    assert.deepEqual(dataOf(live.ask(`_acme-challenge.${name}.example.com`, 'TXT')), ['token']);
  }
  // Resolvers that ask name by name (RFC 9156) stop at one that does not exist.
  for (const name of ['new', '_acme-challenge.new', '_acme-challenge.www']) {
    assert.equal(rcodeOf(live.send(makeQuery(`${name}.example.com`, 'A'))), 0, name);
  }
  assert.equal(rcodeOf(live.send(makeQuery('other.new.example.com', 'A'))), 3);
  assert.throws(() => live.server.setText('x.sub.example.com', ['x']), /is delegated/);
});

test('an answer is explained: where the client is, who could serve it and why it is this one', async () => {
  const live = await startAsker(settings);
  live.health.down.add('nyc');
  live.health.changed();
  const found = live.server.explain('www.example.com', 'A', '198.51.101.9');
  assert.ok(typeof found === 'object' && found.steering !== undefined);
  assert.deepEqual(found.answers, ['www.example.com 30 A 192.0.2.1']);
  assert.deepEqual(found.steering.chosen, ['fra']);
  assert.equal(found.steering.reason, 'nearest');
  assert.equal(found.steering.place.country, 'US');
  const [first, second] = found.steering.candidates;
  assert.deepEqual([first?.pop, first?.excluded, first?.distanceKm], ['nyc', 'it is down', 307]);
  assert.deepEqual([second?.pop, second?.excluded], ['fra', undefined]);
  const chain = live.server.explain('chain.example.com', 'A', '192.0.2.1');
  assert.ok(typeof chain === 'object' && chain.steering === undefined);
  assert.equal(chain.answers[2], 'mail.example.com 600 A 192.0.2.25');
  assert.match(String(live.server.explain('a..b', 'A', '192.0.2.1')), /is no name/);
  assert.match(String(live.server.explain('a', 'WHAT', '192.0.2.1')), /no type/);
  assert.match(String(live.server.explain('a', 'A', 'nowhere')), /no address/);
});

test('made-up names fill no memory', async () => {
  const live = await startAsker(settings);
  for (let at = 0; at < 3_000; at++) live.send(makeQuery(`n${at}.example.com`));
  const { built } = live.server.counts;
  assert.ok(built < 20, `${built} answers made for names that are all alike`);
});
