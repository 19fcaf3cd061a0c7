import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHuffman, encodeHuffman, huffmanDecodedMax, huffmanLength } from './huffman.ts';
import { codeLengths, codes, EOS } from './huffman-code.ts';

function encode(octets: Buffer): Buffer {
  const to = Buffer.alloc(huffmanLength(octets, 0, octets.length));
  assert.equal(encodeHuffman(octets, 0, octets.length, to, 0), to.length);
  return to;
}

function decode(octets: Buffer): Buffer | undefined {
  const to = Buffer.alloc(huffmanDecodedMax(octets.length) + 1);
  const end = decodeHuffman(octets, 0, octets.length, to, 0);
  return end < 0 ? undefined : to.subarray(0, end);
}

/** The obvious twin: bits as text. */
function decodeSlowly(octets: Buffer): Buffer | undefined {
  let bits = [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const out: number[] = [];
  const byCode = new Map(
    codeLengths.map((length, symbol) => [codes[symbol]!.toString(2).padStart(length, '0'), symbol]),
  );
  for (;;) {
    let found = -1;
    for (let length = 5; length <= 30 && length <= bits.length; length++) {
      const symbol = byCode.get(bits.slice(0, length));
      if (symbol === undefined) continue;
      found = symbol;
      bits = bits.slice(length);
      break;
    }
    if (found === EOS) return undefined;
    if (found === -1) return /^1{0,7}$/.test(bits) ? Buffer.from(out) : undefined;
    out.push(found);
  }
}

test('the code is complete, and its corners are those of RFC 7541, appendix B', () => {
  const sum = codeLengths.reduce((total, length) => total + 2 ** (30 - length), 0);
  assert.equal(sum, 2 ** 30);
  assert.equal(codeLengths.length, 257);
  const corners: readonly (readonly [number, number])[] = [
    [0, 0x1ff8],
    [0x30, 0x0],
    [0x41, 0x21],
    [0x5c, 0x7fff0],
    [0x7a, 0x7b],
    [0x80, 0xfffe6],
    [0xff, 0x3ffffee],
    [EOS, 0x3fffffff],
  ];
  for (const [symbol, code] of corners) assert.equal(codes[symbol], code, String(symbol));
});

test('strings of appendix C', () => {
  const strings = { 'www.example.com': 'f1e3c2e5f23a6ba0ab90f4ff', 'no-cache': 'a8eb10649cbf' };
  for (const [text, hex] of Object.entries(strings)) {
    assert.equal(encode(Buffer.from(text)).toString('hex'), hex);
    assert.equal(decode(Buffer.from(hex, 'hex'))?.toString(), text);
  }
});

test('every string comes back, whatever its octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const from = Buffer.from(octets);
      assert.deepEqual(decode(encode(from)), from);
    }),
  );
});

test('arbitrary octets are decoded as the slow twin does, or refused as it does', () => {
  const octet = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constant(255));
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 12 }), (octets) => {
      const from = Buffer.from(octets);
      assert.deepEqual(decode(from), decodeSlowly(from));
    }),
    { numRuns: 2000 },
  );
});

test('what lies around the string is neither read nor written', () => {
  const from = Buffer.concat([Buffer.from([0]), encode(Buffer.from('abc')), Buffer.from([0])]);
  const to = Buffer.alloc(16, 7);
  const end = decodeHuffman(from, 1, from.length - 2, to, 4);
  assert.equal(to.subarray(4, end).toString(), 'abc');
  assert.deepEqual([...to.subarray(0, 4), ...to.subarray(end)], Array(13).fill(7));
});
