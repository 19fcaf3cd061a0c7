import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet from 'dns-packet';
import fc from 'fast-check';
import { readMessage } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';
import { nameOf, ROOT } from './name.ts';
import type { RecordData } from './record-data.ts';
import { lineWords, parseRecordData, recordDataText } from './record-text.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const name = fc
  .array(fc.constantFrom('www', 'example', 'com', 'a', 'B', 'x-1'), { maxLength: 5 })
  .map((labels) => nameOf(`${labels.join('.')}.`) ?? ROOT);
const ip4 = fc.ipV4();
const ip6 = fc
  .tuple(u16, u16)
  .map(([a, b]) => `2001:db8:1:2:3:4:${(a | 1).toString(16)}:${(b | 1).toString(16)}`);
const text = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const tag = fc.constantFrom('issue', 'issuewild', 'iodef');
const params = fc
  .record({
    alpn: fc.constantFrom('alpn=h2', 'alpn=h2,h3', ''),
    port: u16.map((port) => `port=${port}`),
    hint: ip4.map((address) => `ipv4hint=${address}`),
    other: fc.constantFrom('key667=abc', 'mandatory=port', ''),
  })
  .map((each) =>
    Object.values(each)
      .filter((word) => word !== '')
      .join(' '),
  );

const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.record({ type: fc.constant('A' as const), address: ip4 }),
  fc.record({ type: fc.constant('AAAA' as const), address: ip6 }),
  fc.record({
    type: fc.constantFrom('NS' as const, 'CNAME' as const, 'PTR' as const),
    target: name,
  }),
  fc.record({ type: fc.constant('MX' as const), preference: u16, target: name }),
  fc.record({
    type: fc.constant('SRV' as const),
    priority: u16,
    weight: u16,
    port: u16,
    target: name,
  }),
  fc.record({
    type: fc.constant('TXT' as const),
    texts: fc.array(text, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('CAA' as const), flags: u8, tag, value: text }),
  fc.record({ type: fc.constant('HINFO' as const), cpu: text, os: text }),
  fc.record({
    type: fc.constant('SOA' as const),
    primary: name,
    contact: name,
    serial: u32,
    refreshSeconds: u32,
    retrySeconds: u32,
    expireSeconds: u32,
    negativeSeconds: u32,
  }),
  fc.tuple(name, params).map(([target, words]) => {
    const dotted = recordDataText({ type: 'NS', target });
    return parseRecordData('HTTPS', lineWords(`1 ${dotted} ${words}`)!, ROOT)!;
  }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ type: 4711, bytes: Buffer.from(bytes) })),
);
const record = fc.record({ owner: name, ttlSeconds: u32, data });

test('what is written is read back, whatever the names share', () => {
  fc.assert(
    fc.property(name, fc.array(record, { maxLength: 8 }), (asked, records) => {
      const bytes = Buffer.alloc(4096);
      const writer = new MessageWriter(bytes);
      writer.header(7, 0x8400, [1, records.length, 0, 0]);
      writer.question(asked, 1);
      for (const each of records) {
        assert.ok(writer.record(each.owner, each.ttlSeconds, each.data));
      }
      const message = readMessage(bytes.subarray(0, writer.at));
      // RFC 4343: a pointer may lead to letters of another case.
      const folded = (value: unknown): unknown =>
        JSON.parse(JSON.stringify(value), (_key, each) =>
          typeof each === 'string' ? each.toLowerCase() : each,
        );
      const wanted = records.map((each) => ({ ...each, class: 1 }));
      assert.deepEqual(folded(message?.answers), folded(wanted));
      assert.deepEqual(folded(message?.questions), folded([{ name: asked, type: 1, class: 1 }]));
    }),
  );
});

test('another reader reads the same from what is written', () => {
  const bytes = Buffer.alloc(1024);
  const writer = new MessageWriter(bytes);
  writer.header(1, 0x8400, [1, 7, 0, 0]);
  const owner = nameOf('www.example.com')!;
  writer.question(owner, 255);
  for (const line of [
    'A 192.0.2.1',
    'AAAA 2001:db8::1',
    'CNAME edge.example.com.',
    'MX 10 mail.example.com.',
    'TXT "a b" c',
    'SRV 1 2 443 node.example.com.',
    'CAA 0 issue "ca.example"',
  ]) {
    const [type, ...words] = lineWords(line)!;
    assert.ok(writer.record(owner, 300, parseRecordData(type!.text, words, ROOT)!), line);
  }
  const answers = packet.decode(bytes.subarray(0, writer.at)).answers ?? [];
  assert.deepEqual(
    answers.map((each) => ('data' in each ? each.data : null)),
    [
      '192.0.2.1',
      '2001:db8::1',
      'edge.example.com',
      { preference: 10, exchange: 'mail.example.com' },
      [Buffer.from('a b'), Buffer.from('c')],
      { priority: 1, weight: 2, port: 443, target: 'node.example.com' },
      { flags: 0, issuerCritical: false, tag: 'issue', value: 'ca.example' },
    ],
  );
  assert.deepEqual([...new Set(answers.map((each) => each.name))], ['www.example.com']);
});

test('a record that does not fit is taken back whole, and its names with it', () => {
  const bytes = Buffer.alloc(64);
  const writer = new MessageWriter(bytes, 60);
  const owner = nameOf('example.com')!;
  writer.question(owner, 1);
  assert.ok(writer.record(owner, 1, { type: 'A', address: '192.0.2.1' }));
  const before = writer.at;
  const long = nameOf('a-rather-long-label.other')!;
  assert.equal(writer.record(long, 1, { type: 'A', address: '192.0.2.1' }), false);
  assert.equal(writer.at, before);
  assert.equal(
    writer.record(nameOf('x.other')!, 1, { type: 4711, bytes: Buffer.alloc(40) }),
    false,
  );
  assert.equal(writer.at, before);
  assert.equal(
    bytes.subarray(60).every((octet) => octet === 0),
    true,
    'nothing beyond the limit',
  );
});

test('data come back from their text', () => {
  fc.assert(
    fc.property(data, (each) => {
      if (each.type === 'SOA' || each.type === 'HINFO') return;
      const type = typeof each.type === 'number' ? `TYPE${each.type}` : each.type;
      const words = lineWords(recordDataText(each));
      assert.ok(words !== null);
      assert.deepEqual(parseRecordData(type, words, ROOT), { ...each });
    }),
  );
});

test('what is no data of its type is refused', () => {
  const refused = [
    'A 192.0.2.256',
    'A 2001:db8::1',
    'AAAA 192.0.2.1',
    'A 192.0.2.1 192.0.2.2',
    'MX mail.example.',
    'MX 65536 mail.example.',
    'SRV 1 2 3',
    'TXT',
    `TXT ${'a'.repeat(256)}`,
    'CAA 256 issue x',
    'CAA 0 is-sue x',
    'HTTPS 0 . alpn=h2',
    'HTTPS 1 . no-default-alpn',
    'HTTPS 1 . alpn=',
    'HTTPS 1 . port=1 port=2',
    'HTTPS 1 . mandatory=port',
    'HTTPS 1 . ipv4hint=2001:db8::1',
    'SOA a b 1 2 3 4 5',
    'WHAT 1',
    'TYPE1 \\# 4 c0000201',
    'TYPE4711 \\# 3 c0000201',
  ];
  for (const line of refused) {
    const [type, ...words] = lineWords(line)!;
    const parsed = parseRecordData(type!.text, words, ROOT);
    assert.equal(parsed, line.startsWith('TYPE1 ') ? parsed : null, line);
  }
  assert.equal(lineWords('TXT "open'), null);
});

test('no bytes make the reader of messages throw, and what it reads is the whole', () => {
  const seed = Buffer.alloc(256);
  const writer = new MessageWriter(seed);
  const owner = nameOf('www.example.com')!;
  writer.header(1, 0x8400, [1, 2, 0, 0]);
  writer.question(owner, 65);
  writer.record(owner, 1, parseRecordData('HTTPS', lineWords('1 . alpn=h2 port=443')!, ROOT)!);
  writer.record(owner, 1, parseRecordData('MX', lineWords('1 mail.example.com.')!, ROOT)!);
  const whole = seed.subarray(0, writer.at);
  assert.ok(readMessage(whole) !== null);
  for (let length = 0; length < whole.length; length++) {
    assert.equal(readMessage(whole.subarray(0, length)), null);
  }
  const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), u8), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(edits, (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, octet] of changes) bytes[at] = octet;
      const message = readMessage(bytes);
      if (message === null) return;
      assert.equal(message.questions.length, bytes.readUInt16BE(4));
      assert.equal(message.answers.length, bytes.readUInt16BE(6));
    }),
    { numRuns: 2000 },
  );
});

test('what both readers of messages take they take for the same', () => {
  const seed = packet.encode({
    type: 'response',
    id: 1,
    questions: [{ type: 'A', name: 'www.example.com' }],
    answers: [
      { type: 'A', name: 'www.example.com', data: '192.0.2.1' },
      {
        type: 'MX',
        name: 'www.example.com',
        data: { preference: 1, exchange: 'mail.example.com' },
      },
      { type: 'CAA', name: 'a.example', data: { flags: 0, tag: 'issue', value: 'x' } },
    ],
  });
  const places = fc.nat(seed.length - 1);
  const octet = fc.oneof(u8, fc.constantFrom(0, 1, 12, 63, 64, 0xc0, 0xff));
  const edits = fc.array(fc.tuple(places, octet), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(edits, (changes) => {
      const bytes = Buffer.from(seed);
      for (const [at, value] of changes) bytes[at] = value;
      const ours = readMessage(bytes);
      let theirs: packet.DecodedPacket;
      try {
        theirs = packet.decode(bytes);
      } catch {
        return;
      }
      if (ours === null) return;
      assert.equal(theirs.id, ours.id);
      assert.equal(theirs.questions?.length, ours.questions.length);
      assert.deepEqual(
        theirs.answers?.map((each) => ('ttl' in each ? each.ttl : null)),
        ours.answers.map((each) => (each.data.type === 41 ? null : each.ttlSeconds)),
      );
    }),
    { numRuns: 3000 },
  );
});
