import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HpackDecoder, Step } from './decoder.ts';
import { Mark } from './marks.ts';
import { Scratch } from './scratch.ts';

interface Read {
  fields: string[];
  step: Step;
}

/** Reads a block given in hexadecimal digits. */
function read(decoder: HpackDecoder, scratch: Scratch, hex: string): Read {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const fields: string[] = [];
  decoder.begin(block, 0, block.length);
  for (;;) {
    const step = decoder.next();
    if (step !== Step.field) return { fields, step };
    const { nameStart, nameLength, valueStart, valueLength } = decoder;
    const name = scratch.buf.toString('latin1', nameStart, nameStart + nameLength);
    const value = scratch.buf.toString('latin1', valueStart, valueStart + valueLength);
    const never = (decoder.mark & Mark.never) === 0 ? '' : ' (never indexed)';
    fields.push(`${name}: ${value}${never}`);
  }
}

function decoderOf(tableBytes: number): { decoder: HpackDecoder; scratch: Scratch } {
  const scratch = new Scratch();
  return { decoder: new HpackDecoder(tableBytes, scratch), scratch };
}

/** One block of a connection: octets, fields, and the size of the table afterwards. */
type Vector = readonly [string, readonly string[], number];

const cookie = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const requests: readonly (readonly string[])[] = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [
    ':method: GET',
    ':scheme: http',
    ':path: /',
    ':authority: www.example.com',
    'cache-control: no-cache',
  ],
  [
    ':method: GET',
    ':scheme: https',
    ':path: /index.html',
    ':authority: www.example.com',
    'custom-key: custom-value',
  ],
];
const date = (seconds: number) => `date: Mon, 21 Oct 2013 20:13:${seconds} GMT`;
const location = 'location: https://www.example.com';
const responses: readonly (readonly string[])[] = [
  [':status: 302', 'cache-control: private', date(21), location],
  [':status: 307', 'cache-control: private', date(21), location],
  [':status: 200', 'cache-control: private', date(22), location, 'content-encoding: gzip', cookie],
];

/** RFC 7541, appendix C: name, table bound, blocks. */
const appendix: readonly (readonly [string, number, readonly Vector[]])[] = [
  [
    'C.2.1 literal with indexing',
    4096,
    [['400a637573746f6d2d6b65790d637573746f6d2d686561646572', ['custom-key: custom-header'], 55]],
  ],
  [
    'C.2.2 literal without indexing',
    4096,
    [['040c2f73616d706c652f70617468', [':path: /sample/path'], 0]],
  ],
  [
    'C.2.3 literal never indexed',
    4096,
    [['100870617373776f726406736563726574', ['password: secret (never indexed)'], 0]],
  ],
  ['C.2.4 indexed', 4096, [['82', [':method: GET'], 0]]],
  [
    'C.3 requests without Huffman',
    4096,
    [
      ['828684410f7777772e6578616d706c652e636f6d', requests[0]!, 57],
      ['828684be58086e6f2d6361636865', requests[1]!, 110],
      ['828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565', requests[2]!, 164],
    ],
  ],
  [
    'C.4 requests with Huffman',
    4096,
    [
      ['828684418cf1e3c2e5f23a6ba0ab90f4ff', requests[0]!, 57],
      ['828684be5886a8eb10649cbf', requests[1]!, 110],
      ['828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', requests[2]!, 164],
    ],
  ],
  [
    'C.5 responses without Huffman, with eviction',
    256,
    [
      [
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
          '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        responses[0]!,
        222,
      ],
      ['4803333037c1c0bf', responses[1]!, 222],
      [
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f' +
          '3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076' +
          '657273696f6e3d31',
        responses[2]!,
        215,
      ],
    ],
  ],
  [
    'C.6 responses with Huffman, with eviction',
    256,
    [
      [
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f' +
          '0b97c8e9ae82ae43d3',
        responses[0]!,
        222,
      ],
      ['4883640effc1c0bf', responses[1]!, 222],
      [
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335df' +
          'dfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        responses[2]!,
        215,
      ],
    ],
  ],
];

describe('the vectors of RFC 7541, appendix C', () => {
  for (const [name, tableBytes, blocks] of appendix) {
    test(name, () => {
      const { decoder, scratch } = decoderOf(tableBytes);
      for (const [hex, fields, size] of blocks) {
        assert.deepEqual(read(decoder, scratch, hex), { fields, step: Step.end });
        assert.equal(decoder.tableSize, size);
      }
    });
  }
});

describe('a block that cannot be decompressed', () => {
  const cases: Readonly<Record<string, string>> = {
    'index 0 (6.1)': '80',
    'an index behind the table (2.3.3)': 'be',
    'a name index behind the table': '7e0161',
    'a long index behind the table': 'ff80808001',
    'an integer of more than 28 bits (5.1)': 'ffffffffff0f',
    'an integer of many zero octets': 'ff808080808000',
    'an integer cut short': 'ff',
    'a string longer than the block (5.2)': '0085',
    'a value missing': '000161',
    'a length cut short': '00017f',
    'Huffman padding of zeros (5.2)': '000161811c',
    'Huffman padding of eight bits': '0001618207ff',
    'EOS in a string': '00016184ffffffff',
    'a size update above the announced bound (6.3)': '3fe21f',
    'a size update behind a field (4.2)': '8220',
  };
  for (const [name, hex] of Object.entries(cases)) {
    test(name, () => {
      const { decoder, scratch } = decoderOf(4096);
      assert.equal(read(decoder, scratch, hex).step, Step.error);
    });
  }

  test('a bound lowered and not confirmed (4.2)', () => {
    const { decoder, scratch } = decoderOf(4096);
    decoder.setLimit(100);
    assert.equal(read(decoder, scratch, '82').step, Step.error);
    const other = decoderOf(4096);
    other.decoder.setLimit(100);
    assert.equal(read(other.decoder, other.scratch, '2082').step, Step.end);
  });
});

describe('size updates', () => {
  test('two at the beginning of a block evict all and go on (4.2)', () => {
    const { decoder, scratch } = decoderOf(4096);
    read(decoder, scratch, '400161016240016301644001650166');
    assert.equal(decoder.tableCount, 3);
    assert.equal(read(decoder, scratch, '203fe11f82').step, Step.end);
    assert.equal(decoder.tableCount, 0);
    assert.equal(read(decoder, scratch, '4001610162be').step, Step.end);
    assert.equal(decoder.tableCount, 1);
  });

  test('an entry above the bound empties the table (4.4)', () => {
    const { decoder, scratch } = decoderOf(40);
    read(decoder, scratch, '4001610162');
    assert.equal(decoder.tableCount, 1);
    assert.equal(read(decoder, scratch, `400161${'0a'}${'62'.repeat(10)}`).step, Step.end);
    assert.equal(decoder.tableCount, 0);
  });

  test('a name taken from the entry that its own insertion evicts is whole (4.4)', () => {
    const { decoder, scratch } = decoderOf(40);
    read(decoder, scratch, '4003616263026465');
    assert.deepEqual(read(decoder, scratch, '7e026667'), {
      fields: ['abc: fg'],
      step: Step.end,
    });
  });
});

test('a discarded block passes through the table without being copied', () => {
  const { decoder, scratch } = decoderOf(4096);
  const long = Buffer.alloc(4000, 'x').toString('hex');
  read(decoder, scratch, `4001617fa11e${long}`);
  const block = Buffer.alloc(40_000, 0xbe);
  decoder.begin(block, 0, block.length);
  decoder.discard();
  let fields = 0;
  while (decoder.next() === Step.field) fields++;
  assert.equal(fields, 40_000);
  assert.ok(scratch.buf.length <= 16_384);
  decoder.begin(Buffer.from('4001630164', 'hex'), 0, 5);
  decoder.discard();
  decoder.next();
  assert.deepEqual(read(decoder, scratch, 'be').fields, ['c: d']);
});
