import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '../../core/base/index.ts';
import { Cookies, cookieKey } from './cookies.ts';
import { sipHash } from './siphash.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test('SipHash-2-4 is that of its authors', () => {
  const key = Buffer.from(Array.from({ length: 16 }, (_, at) => at));
  const input = Buffer.from(Array.from({ length: 64 }, (_, at) => at));
  const into = Buffer.alloc(8);
  // The paper's appendix A, and the first of the vectors of the reference implementation.
  sipHash(key, input, 15, into, 0);
  assert.equal(into.readBigUInt64LE(), 0xa129ca6149be45e5n);
  sipHash(key, input, 0, into, 0);
  assert.equal(into.toString('hex'), '310e0edd47db6f72');
});

/** RFC 9018 appendix A. */
const examples = [
  {
    secret: 'e5e973e5a6b2a43f48e7dc849e37bfcf',
    client: '2464c4abcf10c957',
    address: '198.51.100.100',
    seconds: 1_559_731_985,
    server: '010000005cf79f111f8130c3eee29480',
  },
  {
    secret: 'e5e973e5a6b2a43f48e7dc849e37bfcf',
    client: '2464c4abcf10c957',
    address: '198.51.100.100',
    seconds: 1_559_734_385,
    server: '010000005cf7a871d4a564a1442aca77',
  },
];

test('cookies are those of the examples of RFC 9018', () => {
  for (const { secret, client, address, seconds, server } of examples) {
    const cookies = new Cookies([hex(secret)]);
    const ip = parseIp(address)!;
    const into = Buffer.alloc(24);
    const length = cookies.write(hex(client), 0, ip, ip.length, seconds, false, into, 0);
    assert.equal(length, 24);
    assert.equal(into.toString('hex'), client + server);
    assert.equal(cookies.isValid(into, 0, 24, ip, ip.length, seconds), true);
  }
});

test('reserved octets that another server has set are taken as they are (RFC 9018 appendix A.3)', () => {
  const cookies = new Cookies([hex('e5e973e5a6b2a43f48e7dc849e37bfcf')]);
  const cookie = hex('fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5');
  const seconds = cookie.readUInt32BE(12);
  assert.equal(cookies.isValid(cookie, 0, 24, parseIp('203.0.113.203')!, 4, seconds), true);
});

test('a cookie is good for its address and client, for an hour, and at all who share the secret', () => {
  const shared = cookieKey('of all PoPs');
  const cookies = new Cookies([shared]);
  const ip = parseIp('2001:db8::7')!;
  const now = 1_700_000_000;
  const made = Buffer.alloc(24);
  cookies.write(hex('0102030405060708'), 0, ip, 16, now, false, made, 0);
  const isValid = (by: Cookies, at: number, address = ip, bytes = made): boolean =>
    by.isValid(bytes, 0, bytes.length, address, address.length, at);
  assert.equal(isValid(new Cookies([cookieKey('of all PoPs')]), now), true);
  assert.equal(isValid(new Cookies([cookieKey('another')]), now), false);
  assert.equal(isValid(new Cookies([cookieKey('next'), shared]), now), true, 'the secret before');
  assert.equal(isValid(cookies, now + 3_600), true);
  assert.equal(isValid(cookies, now + 3_601), false);
  assert.equal(isValid(cookies, now - 300), true, 'a clock that goes before');
  assert.equal(isValid(cookies, now - 301), false);
  assert.equal(isValid(cookies, now, parseIp('2001:db8::8')!), false);
  assert.equal(isValid(cookies, now, ip, made.subarray(0, 16)), false);
  for (let at = 0; at < 24; at++) {
    const changed = Buffer.from(made);
    changed[at]! ^= 1;
    assert.equal(isValid(cookies, now, ip, changed), false, `octet ${at}`);
  }
});

test('a young cookie comes back as it was, an old one is renewed', () => {
  const cookies = new Cookies([cookieKey('x')]);
  const ip = parseIp('192.0.2.1')!;
  const made = Buffer.alloc(24);
  const again = Buffer.alloc(24);
  cookies.write(hex('0102030405060708'), 0, ip, 4, 1_000_000, false, made, 0);
  cookies.write(made, 0, ip, 4, 1_001_799, true, again, 0);
  assert.deepEqual(again, made);
  cookies.write(made, 0, ip, 4, 1_001_800, true, again, 0);
  assert.notDeepEqual(again, made);
  assert.equal(cookies.isValid(again, 0, 24, ip, 4, 1_001_800 + 3_600), true);
});
