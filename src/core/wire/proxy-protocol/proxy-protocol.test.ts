import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp } from '../../base/index.ts';
import {
  encodeProxyHeader,
  encodeProxyLine,
  type ProxyEndpoints,
  type ProxyParsed,
  type ProxyProblem,
  parseProxyHeader,
} from './index.ts';

const inet: ProxyEndpoints = {
  family: 'inet',
  transport: 'stream',
  sourceAddress: '192.168.0.1',
  sourcePort: 56_324,
  destinationAddress: '192.168.0.11',
  destinationPort: 443,
};

const v2 = (rest: string): Buffer =>
  Buffer.from(`0d0a0d0a000d0a515549540a${rest.replaceAll(' ', '')}`, 'hex');

function parseText(text: string): ProxyParsed {
  return parseProxyHeader(Buffer.from(text, 'latin1'));
}

function headerOf(bytes: Buffer): Extract<ProxyParsed, { kind: 'header' }> {
  const parsed = parseProxyHeader(bytes);
  assert.equal(parsed.kind, 'header');
  return parsed as Extract<ProxyParsed, { kind: 'header' }>;
}

test('version 1: the lines of the specification', () => {
  const line = 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n';
  assert.deepEqual(parseText(`${line}GET / HTTP/1.1\r\n`), {
    kind: 'header',
    bytes: line.length,
    header: { version: 1, endpoints: inet },
  });
  assert.equal(encodeProxyLine(inet).toString(), line);
  const six = 'PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n';
  assert.deepEqual(headerOf(Buffer.from(six)).header.endpoints, {
    family: 'inet6',
    transport: 'stream',
    sourceAddress: '2001:db8::1',
    sourcePort: 0,
    destinationAddress: '::1',
    destinationPort: 65_535,
  });
  for (const rest of ['', ' ffff:f...f:ffff ffff:f...f:ffff 65535 65535', ' \t whatever']) {
    const unknown = headerOf(Buffer.from(`PROXY UNKNOWN${rest}\r\nrest`));
    assert.equal(unknown.header.endpoints, null);
    assert.equal(unknown.bytes, 15 + rest.length);
  }
  assert.equal(encodeProxyLine(null).toString(), 'PROXY UNKNOWN\r\n');
});

test('version 1: lines that are not as they must be', () => {
  const table: [string, ProxyProblem][] = [
    ['GET / HTTP/1.1\r\n', 'not-proxy'],
    ['PROXY\tTCP4', 'not-proxy'],
    ['proxy TCP4', 'not-proxy'],
    ['PROXY UNKNOWNS\r\n', 'bad-line'],
    ['PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n', 'bad-line'],
    ['PROXY  TCP4 1.2.3.4 1.2.3.5 1 2\r\n', 'bad-line'],
    ['PROXY TCP4 1.2.3.4 1.2.3.5 1 2 \r\n', 'bad-line'],
    ['PROXY TCP5 1.2.3.4 1.2.3.5 1 2\r\n', 'bad-line'],
    ['PROXY TCP4 1.2.3.4 1.2.3.5 1 2\n\r\n', 'bad-address'],
    ['PROXY TCP4 1.2.3.4 ::1 1 2\r\n', 'bad-address'],
    ['PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n', 'bad-address'],
    ['PROXY TCP4 1.2.3.4 1.2.3.256 1 2\r\n', 'bad-address'],
    ['PROXY TCP4 1.2.3.4 1.2.3.5 01 2\r\n', 'bad-address'],
    ['PROXY TCP4 1.2.3.4 1.2.3.5 1 65536\r\n', 'bad-address'],
    ['PROXY TCP4 1.2.3.4 1.2.3.5 -1 2\r\n', 'bad-address'],
    ['PROXY TCP4 1.2.3.4 1.2.3.5 1e1 2\r\n', 'bad-address'],
    [`PROXY UNKNOWN ${'x'.repeat(93)}`, 'line-too-long'],
    [`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'line-too-long'],
  ];
  for (const [text, problem] of table) {
    assert.deepEqual(parseText(text), { kind: 'problem', problem }, JSON.stringify(text));
  }
  assert.equal(parseText(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`).kind, 'header');
});

test('version 2: addresses of every family, extensions skipped', () => {
  assert.deepEqual(headerOf(v2('21 11 000c c0a80001 c0a8000b dc04 01bb')).header, {
    version: 2,
    endpoints: inet,
  });
  // An extension of type 4 with two bytes.
  const extended = headerOf(v2('21 12 0011 c0a80001 c0a8000b dc04 01bb 04 0002 abcd'));
  assert.deepEqual(extended.header.endpoints, { ...inet, transport: 'datagram' });
  assert.equal(extended.bytes, 33);
  const unix: ProxyEndpoints = {
    family: 'unix',
    transport: 'stream',
    sourceAddress: '/run/a.sock',
    sourcePort: 0,
    destinationAddress: '\0abstract',
    destinationPort: 0,
  };
  assert.deepEqual(headerOf(encodeProxyHeader(unix)).header.endpoints, unix);
  const longest = { ...unix, sourceAddress: 'p'.repeat(108), destinationAddress: '' };
  assert.deepEqual(headerOf(encodeProxyHeader(longest)).header.endpoints, longest);
});

test('version 2: LOCAL, and what is not told, leave the connection its own addresses', () => {
  assert.deepEqual(headerOf(encodeProxyHeader(null)).header, { version: 2, endpoints: null });
  // LOCAL with a family and addresses, unknown family, unknown transport: all to be ignored.
  for (const rest of ['20 11 000c c0a80001c0a8000bdc0401bb', '21 00 0003 ffffff', '21 10 0000']) {
    assert.equal(headerOf(v2(rest)).header.endpoints, null, rest);
  }
});

test('version 2: headers that are not as they must be', () => {
  const table: [string, ProxyProblem][] = [
    ['11', 'bad-version'],
    ['31', 'bad-version'],
    ['22', 'bad-command'],
    ['2111000b', 'too-short'],
    ['2121 0023', 'too-short'],
    ['2131 00d7', 'too-short'],
    ['2141', 'bad-family'],
    ['2113', 'bad-family'],
    ['2111 ffff', 'too-long'],
    ['2111 000d c0a80001c0a8000bdc0401bb 04', 'bad-extension'],
    ['2111 0010 c0a80001c0a8000bdc0401bb 04 0002 ab', 'bad-extension'],
  ];
  for (const [rest, problem] of table) {
    assert.deepEqual(parseProxyHeader(v2(rest)), { kind: 'problem', problem }, rest);
  }
  assert.equal(parseProxyHeader(v2('2111 0020'), 47).kind, 'problem');
  assert.equal(parseProxyHeader(v2('2111 0020'), 48).kind, 'more');
});

const port = fc.integer({ min: 0, max: 65_535 });
const address = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(formatIp);

const endpoints: fc.Arbitrary<ProxyEndpoints> = fc.constantFrom(4, 16).chain((length) =>
  fc.record<ProxyEndpoints>({
    family: fc.constant(length === 4 ? 'inet' : 'inet6'),
    transport: fc.constantFrom('stream', 'datagram'),
    sourceAddress: address(length),
    sourcePort: port,
    destinationAddress: address(length),
    destinationPort: port,
  }),
);

test('what is written is read back, whatever follows and however it is cut', () => {
  fc.assert(
    fc.property(endpoints, fc.uint8Array({ maxLength: 8 }), fc.boolean(), (given, tail, line) => {
      const written = line
        ? encodeProxyLine({ ...given, transport: 'stream' })
        : encodeProxyHeader(given);
      const bytes = Buffer.concat([written, tail]);
      for (let cut = 0; cut < written.length; cut++) {
        assert.equal(parseProxyHeader(bytes.subarray(0, cut)).kind, 'more');
      }
      const parsed = headerOf(bytes);
      assert.equal(parsed.bytes, written.length);
      assert.deepEqual(
        parsed.header.endpoints,
        line ? { ...given, transport: 'stream' } : { ...given },
      );
    }),
  );
});

test('hostile bytes: a verdict does not change when more bytes come, and nothing is thrown', () => {
  const start = fc
    .constantFrom('PROXY TCP4 ', 'PROXY ', '\r\n\r\n\0\r\nQUIT\n', '')
    .map((text) => Buffer.from(text, 'latin1'));
  const flipped = fc.tuple(endpoints, fc.nat(60), fc.integer({ min: 0, max: 255 }));
  const bytes = fc.oneof(
    fc.tuple(start, fc.uint8Array({ maxLength: 120 })).map((parts) => Buffer.concat(parts)),
    flipped.map(([given, at, value]) => {
      const written = Buffer.concat([encodeProxyHeader(given), Buffer.alloc(8)]);
      written[at % written.length] = value;
      return written;
    }),
  );
  fc.assert(
    fc.property(bytes, (all) => {
      let verdict: ProxyParsed | null = null;
      for (let cut = 0; cut <= all.length; cut++) {
        const parsed = parseProxyHeader(all.subarray(0, cut));
        if (verdict !== null) assert.deepEqual(parsed, verdict);
        else if (parsed.kind !== 'more') verdict = parsed;
      }
    }),
    { numRuns: 500 },
  );
});

test('writing: families that differ become IPv6, and what cannot be written is refused', () => {
  const mixed = { ...inet, destinationAddress: '2001:db8::5' };
  const line = 'PROXY TCP6 ::ffff:192.168.0.1 2001:db8::5 56324 443\r\n';
  assert.equal(encodeProxyLine(mixed).toString(), line);
  assert.equal(
    headerOf(encodeProxyHeader(mixed)).header.endpoints?.sourceAddress,
    '::ffff:192.168.0.1',
  );
  assert.equal(encodeProxyLine({ ...inet, transport: 'datagram' }).toString(), 'PROXY UNKNOWN\r\n');
  for (const encode of [encodeProxyLine, encodeProxyHeader]) {
    assert.throws(() => encode({ ...inet, sourceAddress: 'localhost' }), RangeError);
    assert.throws(() => encode({ ...inet, sourceAddress: '1.2.3.4 5\r\n' }), RangeError);
    assert.throws(() => encode({ ...inet, sourcePort: 65_536 }), RangeError);
  }
  const unix = { ...inet, family: 'unix' as const, sourceAddress: 'p'.repeat(109) };
  assert.throws(() => encodeProxyHeader(unix), RangeError);
});
