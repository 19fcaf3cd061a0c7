import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet from 'dns-packet';
import fc from 'fast-check';
import { foldName } from './name.ts';
import { QueryReader, QueryVerdict } from './query-reader.ts';

const reader = new QueryReader();

function read(bytes: Buffer): QueryVerdict {
  return reader.read(bytes, bytes.length);
}

function query(
  name = 'WWW.Example.com',
  type: packet.RecordType = 'A',
  extra: object = {},
): Buffer {
  return packet.encode({
    type: 'query',
    id: 0x1234,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name, class: 'IN' }],
    ...extra,
  });
}

function withEdns(options: packet.PacketOpt[] = [], udpPayloadSize = 1232): Buffer {
  const opt = { type: 'OPT', name: '.', udpPayloadSize, flags: packet.DNSSEC_OK, options };
  return query('a.example', 'AAAA', { additionals: [opt] });
}

/** An option with these bytes, whatever they are. */
function option(code: number, data: number[]): Buffer {
  const plain = withEdns();
  const bytes = Buffer.concat([
    plain,
    Buffer.from([code >> 8, code & 255, 0, data.length, ...data]),
  ]);
  bytes.writeUInt16BE(4 + data.length, plain.length - 2);
  return bytes;
}

test('a query is read into numbers, its name in lower case', () => {
  const bytes = query();
  assert.equal(read(bytes), QueryVerdict.answer);
  assert.equal(reader.id, 0x1234);
  assert.equal(reader.type, 1);
  assert.equal(reader.class, 1);
  assert.equal(reader.labelCount, 3);
  assert.equal(reader.name.toString('latin1', 0, reader.nameLength), '\x03www\x07example\x03com\0');
  assert.equal(reader.questionEnd, bytes.length);
  assert.equal(reader.hasEdns, false);
  assert.equal(reader.udpBytes, 512);
});

test('names of any case have one hash, other names another', () => {
  read(query('www.example.com'));
  const lower = reader.nameHash;
  read(query('wWw.eXaMpLe.CoM'));
  assert.equal(reader.nameHash, lower);
  read(query('www.example.net'));
  assert.notEqual(reader.nameHash, lower);
});

test('EDNS says what the client takes and wants', () => {
  assert.equal(read(withEdns([], 4096)), QueryVerdict.answer);
  assert.equal(reader.hasEdns, true);
  assert.equal(reader.udpBytes, 4096);
  assert.equal(reader.dnssecOk, true);
  assert.equal(read(withEdns([], 100)), QueryVerdict.answer);
  assert.equal(reader.udpBytes, 512, 'RFC 6891 section 6.2.3');
  assert.equal(read(option(3, [])), QueryVerdict.answer);
  assert.equal(reader.wantsNsid, true);
  assert.equal(read(query()), QueryVerdict.answer);
  assert.equal(reader.wantsNsid || reader.hasEdns || reader.dnssecOk, false, 'nothing stays');
});

test('a client subnet is read, and refused when it is not as RFC 7871 has it', () => {
  const bytes = option(8, [0, 1, 23, 0, 192, 0, 2]);
  assert.equal(read(bytes), QueryVerdict.answer);
  assert.equal(reader.subnetFamily, 1);
  assert.equal(reader.subnetBits, 23);
  assert.deepEqual([...bytes.subarray(reader.subnetAt, reader.subnetAt + 3)], [192, 0, 2]);
  for (const [why, data] of [
    ['no bits at all', [0, 1, 0, 0]],
    ['no family, no bits', [0, 0, 0, 0]],
    ['IPv6', [0, 2, 16, 0, 0x20, 0x01]],
  ] as const) {
    assert.equal(read(option(8, [...data])), QueryVerdict.answer, why);
    assert.equal(reader.hasSubnet, true);
  }
  for (const [why, data] of [
    ['bits behind the prefix', [0, 1, 23, 0, 192, 0, 3]],
    ['too few octets', [0, 1, 24, 0, 192, 0]],
    ['too many octets', [0, 1, 24, 0, 192, 0, 2, 0]],
    ['a scope', [0, 1, 24, 24, 192, 0, 2]],
    ['too long a prefix', [0, 1, 33, 0, 192, 0, 2, 1, 0]],
    ['an unknown family', [0, 3, 0, 0]],
    ['bits without a family', [0, 0, 8, 0, 1]],
    ['cut off', [0, 1, 0]],
  ] as const) {
    assert.equal(read(option(8, [...data])), QueryVerdict.formatError, why);
  }
});

test('a cookie has 8 octets, or 16 to 40', () => {
  for (let length = 0; length <= 48; length++) {
    const fits = length === 8 || (length >= 16 && length <= 40);
    const bytes = option(
      10,
      Array.from({ length }, (_, at) => at),
    );
    assert.equal(read(bytes), fits ? QueryVerdict.answer : QueryVerdict.formatError, `${length}`);
    if (fits) assert.equal(bytes[reader.cookieAt + 7], 7);
    if (fits) assert.equal(reader.cookieLength, length);
  }
});

test('what is no query is ignored, what is none of ours is told apart', () => {
  const plain = query();
  assert.equal(read(plain.subarray(0, 11)), QueryVerdict.ignore);
  const changed = (at: number, octet: number): Buffer => {
    const bytes = Buffer.from(plain);
    bytes[at] = octet;
    return bytes;
  };
  assert.equal(read(changed(2, 0x81)), QueryVerdict.ignore, 'a response');
  assert.equal(read(changed(2, 0x28)), QueryVerdict.notImplemented, 'an update');
  assert.equal(read(changed(5, 0)), QueryVerdict.formatError, 'no question');
  assert.equal(read(changed(5, 2)), QueryVerdict.formatError, 'two questions');
  assert.equal(read(changed(7, 1)), QueryVerdict.formatError, 'an answer that is not there');
  assert.equal(read(changed(12, 0xc0)), QueryVerdict.formatError, 'a pointer');
  assert.equal(read(Buffer.concat([plain, Buffer.of(0)])), QueryVerdict.formatError, 'more');
  const later = withEdns();
  later[later.length - 5] = 1;
  assert.equal(read(later), QueryVerdict.badVersion);
  assert.equal(reader.hasEdns, true);
});

test('a query without a question asks for a cookie (RFC 7873 section 5.4), or is none', () => {
  const whole = option(10, [1, 2, 3, 4, 5, 6, 7, 8]);
  const end = query('a.example', 'AAAA').length;
  const bytes = Buffer.concat([whole.subarray(0, 12), whole.subarray(end)]);
  bytes.writeUInt16BE(0, 4);
  assert.equal(read(bytes), QueryVerdict.cookieOnly);
  assert.equal(reader.questionEnd, 0);
  assert.equal(bytes[reader.cookieAt], 1);
  const bare = Buffer.alloc(12);
  assert.equal(read(bare), QueryVerdict.formatError);
});

test('two OPT records, or one that the root does not own, are no query', () => {
  const opt = withEdns().subarray(query('a.example', 'AAAA').length);
  const head = (count: number): Buffer => {
    const bytes = query('a.example', 'AAAA');
    bytes.writeUInt16BE(count, 10);
    return bytes;
  };
  assert.equal(read(Buffer.concat([head(1), opt])), QueryVerdict.answer);
  assert.equal(read(Buffer.concat([head(2), opt, opt])), QueryVerdict.formatError);
  const owned = Buffer.concat([Buffer.from('\x01a', 'latin1'), opt]);
  assert.equal(read(Buffer.concat([head(1), owned])), QueryVerdict.formatError);
  const answer = Buffer.concat([head(0), opt]);
  answer.writeUInt16BE(1, 6);
  assert.equal(read(answer), QueryVerdict.formatError, 'in the section of answers');
});

test('no beginning of a query is one', () => {
  const whole = option(8, [0, 1, 24, 0, 192, 0, 2]);
  for (let length = 0; length < whole.length; length++) {
    assert.notEqual(read(whole.subarray(0, length)), QueryVerdict.answer, `${length}`);
  }
});

test('whatever is taken for a query, another reader takes for the same', () => {
  const seeds = [
    query(),
    withEdns([{ code: 8, family: 1, sourcePrefixLength: 24, ip: '192.0.2.0' }]),
    option(10, [1, 2, 3, 4, 5, 6, 7, 8]),
    query('x.y', 'TXT', { additionals: [{ type: 'A', name: 'x.y', data: '192.0.2.1' }] }),
  ];
  const edits = fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...seeds), edits, fc.nat(4), (seed, changes, extra) => {
      const bytes = Buffer.concat([seed, Buffer.alloc(extra === 4 ? 1 : 0)]);
      for (const [at, octet] of changes) if (at < bytes.length) bytes[at] = octet;
      if (read(bytes) !== QueryVerdict.answer) return;
      let other: packet.DecodedPacket;
      try {
        other = packet.decode(bytes);
      } catch {
        // It knows fewer forms of data beside the question than there are.
        assert.ok(bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10) > 0);
        return;
      }
      assert.equal(other.id, reader.id);
      assert.equal(other.questions?.length, 1);
      // Both in octets: it reads names as UTF-8.
      const name = foldName(bytes.toString('latin1', 12, reader.questionEnd - 4));
      assert.equal(reader.name.toString('latin1', 0, reader.nameLength), name);
      const opts = (other.additionals ?? []).filter((each) => each.type === 'OPT');
      assert.equal(opts.length, reader.hasEdns ? 1 : 0);
    }),
    { numRuns: 2000 },
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const bytes = Buffer.from(noise);
      if (bytes.length > 6) bytes.set([0, 0, 0, 1], 2);
      const verdict = read(bytes);
      assert.ok(verdict >= 0 && verdict <= 5);
      assert.ok(reader.questionEnd <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});
