import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type DnsName,
  isWithin,
  nameOf,
  nameText,
  parentOf,
  rcodes,
  recordTypes,
  typeOf,
} from '../../core/wire/index.ts';
import { type LookedUp, Zones } from './lookup.ts';
import { dnsSettings, exampleZone } from './testing/settings.ts';
import { makeZone } from './zone.ts';

function zonesOf(yaml: string): Zones {
  return new Zones(dnsSettings(yaml).zones.map((zone) => makeZone(zone)));
}

const example = zonesOf(exampleZone);

function look(name: string, type = 'A', zones = example): LookedUp {
  return zones.lookUp(nameOf(name)!, typeOf(type)!);
}

/** `rcode: owners of answers | authorities | additionals`. */
function shape(found: LookedUp): string {
  const names = (sets: LookedUp['answers']): string =>
    sets.map(({ owner }) => nameText(owner)).join(' ');
  const steered = found.steered === undefined ? '' : ` by ${found.steered.rule.name}`;
  return `${found.rcode}: ${names(found.answers)}${steered} | ${names(found.authorities)} | ${names(found.additionals)}`;
}

test('records are found by name and type; what is missing comes with the SOA', () => {
  assert.equal(shape(look('mail.example.com')), '0: mail.example.com |  | ');
  assert.equal(shape(look('mail.example.com', 'TXT')), '0:  | example.com | ');
  assert.equal(shape(look('nope.example.com')), '3:  | example.com | ');
  assert.equal(look('nope.example.com').authoritative, true);
  assert.equal(shape(look('example.org')), '5:  |  | ');
  assert.equal(look('example.org').authoritative, false);
});

test('names between a record and the zone exist, without records (RFC 4592 section 2.2.2)', () => {
  for (const name of ['b.deep.example.com', 'deep.example.com', '_tcp.example.com']) {
    assert.equal(shape(look(name)), '0:  | example.com | ', name);
  }
  assert.equal(look('c.deep.example.com').rcode, rcodes.nameError);
});

test('a wildcard answers for names that are not there, and for none that is', () => {
  assert.equal(shape(look('x.wild.example.com', 'TXT')), '0: x.wild.example.com |  | ');
  assert.equal(shape(look('x.y.wild.example.com', 'TXT')), '0: x.y.wild.example.com |  | ');
  assert.equal(shape(look('exact.wild.example.com', 'TXT')), '0:  | example.com | ');
  assert.equal(look('x.exact.wild.example.com', 'TXT').rcode, rcodes.nameError);
  assert.equal(shape(look('*.wild.example.com', 'TXT')), '0: *.wild.example.com |  | ');
});

test('aliases are followed within our zones and end with what their target has', () => {
  assert.equal(
    shape(look('chain.example.com')),
    '0: chain.example.com alias.example.com mail.example.com |  | ',
  );
  assert.equal(shape(look('chain.example.com', 'CNAME')), '0: chain.example.com |  | ');
  assert.equal(
    shape(look('chain.example.com', 'TXT')),
    '0: chain.example.com alias.example.com | example.com | ',
  );
  assert.equal(shape(look('away.example.com')), '0: away.example.com |  | ');
  assert.equal(shape(look('to-www.example.com')), '0: to-www.example.com by sites |  | ');
  assert.equal(look('round.example.com').rcode, rcodes.serverFailure);
});

test('a delegation refers to its servers, with the addresses that the zone has of them', () => {
  const referral = '0:  | sub.example.com | ns.sub.example.com';
  assert.equal(shape(look('x.sub.example.com')), referral);
  assert.equal(shape(look('sub.example.com')), referral);
  assert.equal(shape(look('sub.example.com', 'NS')), referral);
  assert.equal(shape(look('ns.sub.example.com')), referral);
  assert.equal(look('x.sub.example.com').authoritative, false);
  assert.equal(shape(look('sub.example.com', 'TYPE43')), '0:  | example.com | ', 'DS is ours');
});

test('steered names are left to PoPs, with other records of their own', () => {
  assert.equal(shape(look('www.example.com')), '0:  by sites |  | ');
  assert.equal(shape(look('www.example.com', 'HTTPS')), '0:  by sites |  | ');
  assert.equal(shape(look('any.thing.cdn.example.com', 'AAAA')), '0:  by sites |  | ');
  assert.equal(shape(look('example.com')), '0:  by sites |  | ');
  assert.equal(shape(look('example.com', 'MX')), '0: example.com |  | ');
  assert.equal(shape(look('eu.example.com', 'HTTPS')), '0:  | example.com | ', 'no alpn, no HTTPS');
  assert.equal(shape(look('www.example.com', 'TXT')), '0:  | example.com | ');
});

test('who asks for everything gets little (RFC 8482)', () => {
  assert.equal(look('example.com', 'ANY').answers[0]?.set.type, recordTypes.HINFO);
  assert.equal(look('www.example.com', 'ANY').answers[0]?.set.type, recordTypes.HINFO);
  assert.equal(shape(look('alias.example.com', 'ANY')), '0: alias.example.com |  | ');
  assert.equal(shape(look('deep.example.com', 'ANY')), '0:  | example.com | ');
});

test('of nested zones the inner one answers, its delegation by the outer one', () => {
  const nested = zonesOf(`
zones:
  - name: outer
    zone: example.com
    name_servers: [ns]
    records: ['*.in A 192.0.2.1', 'x A 192.0.2.2', 'to CNAME www.in']
  - name: inner
    zone: in.example.com
    name_servers: [ns.example.com.]
    records: ['www A 192.0.2.3']
`);
  assert.equal(shape(look('www.in.example.com', 'A', nested)), '0: www.in.example.com |  | ');
  assert.equal(shape(look('no.in.example.com', 'A', nested)), '3:  | in.example.com | ');
  assert.equal(
    shape(look('to.example.com', 'A', nested)),
    '0: to.example.com www.in.example.com |  | ',
  );
  assert.equal(shape(look('in.example.com', 'TYPE43', nested)), '0:  | example.com | ');
  // Whatever was asked before.
  for (const [name, wanted] of [
    ['x.example.com', '0: x.example.com |  | '],
    ['www.in.example.com', '0: www.in.example.com |  | '],
    ['no.example.com', '3:  | example.com | '],
    ['no.in.example.com', '3:  | in.example.com | '],
    ['example.net', '5:  |  | '],
    ['xin.example.com', '3:  | example.com | '],
  ] as const) {
    assert.equal(shape(look(name, 'A', nested)), wanted, name);
  }
});

/** RFC 1034 section 4.3.2 and RFC 4592 read slowly, over a list of lines `owner type`. */
function twin(
  lines: readonly (readonly [DnsName, string])[],
  apex: DnsName,
  name: DnsName,
  type: string,
): string {
  const exists = (each: DnsName): boolean => lines.some(([owner]) => isWithin(owner, each));
  const has = (owner: DnsName, wanted: string): boolean =>
    lines.some(([each, kind]) => each === owner && kind === wanted);
  let cut: DnsName | undefined;
  for (let at = name; at !== apex; at = parentOf(at)) if (has(at, 'NS')) cut = at;
  if (cut !== undefined) return `referral ${nameText(cut)}`;
  let source = name;
  if (!exists(name)) {
    let closest = parentOf(name);
    while (!exists(closest)) closest = parentOf(closest);
    source = `\x01*${closest}`;
    if (!exists(source)) return 'no name';
  }
  return has(source, type) ? `found at ${nameText(source)}` : 'no data';
}

test('look-ups are those of the standards, read slowly', () => {
  const label = fc.constantFrom('a', 'b', '*');
  const relative = fc
    .array(label, { minLength: 1, maxLength: 4 })
    .map((labels) => labels.join('.'));
  const line = fc.tuple(relative, fc.constantFrom('A', 'TXT', 'NS'));
  const apex = nameOf('z')!;
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 8 }),
      relative,
      fc.constantFrom('A', 'TXT'),
      (given, asked, type) => {
        // Delegations of wildcards are refused by the settings.
        const lines = given.filter(([owner, kind]) => kind !== 'NS' || !owner.startsWith('*'));
        const data = { A: '192.0.2.1', TXT: 'x', NS: 'ns.example.' };
        const records = lines.map(([owner, kind]) => `'${owner} ${kind} ${data[kind as 'A']}'`);
        const zones = zonesOf(
          `zones: [{ name: z, zone: z, name_servers: [ns.example.], records: [${records.join(', ')}] }]`,
        );
        const found = look(`${asked}.z`, type, zones);
        const names = lines.map(([owner, kind]) => [nameOf(`${owner}.z`)!, kind] as const);
        const wanted = twin([...names, [apex, 'SOA']], apex, nameOf(`${asked}.z`)!, type);
        const authority = found.authorities[0];
        const got =
          authority?.set.type === recordTypes.NS
            ? `referral ${nameText(authority.owner)}`
            : found.rcode === rcodes.nameError
              ? 'no name'
              : found.answers.length === 0
                ? 'no data'
                : `found at ${nameText(found.source)}`;
        assert.equal(got, wanted);
      },
    ),
    { numRuns: 300 },
  );
});
