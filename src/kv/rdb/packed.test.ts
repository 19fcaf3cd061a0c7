import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RdbFault } from './fault.ts';
import { encodeIntset, IntsetReader } from './intset.ts';
import { ListpackReader } from './listpack-reader.ts';
import { ListpackWriter } from './listpack-writer.ts';
import type { PackedSource } from './packed-source.ts';
import { text } from './testing/arbitraries.ts';
import { ziplist, zipmap } from './testing/old-encodings.ts';
import { ZiplistReader } from './ziplist-reader.ts';
import { ZipmapReader } from './zipmap-reader.ts';

const OPEN = {
  listpack: (bytes: Buffer): PackedSource => new ListpackReader(bytes),
  ziplist: (bytes: Buffer): PackedSource => new ZiplistReader(bytes),
  zipmap: (bytes: Buffer): PackedSource => new ZipmapReader(bytes),
  intset: (bytes: Buffer): PackedSource => new IntsetReader(bytes),
};

function listpack(items: readonly string[]): Buffer {
  const writer = new ListpackWriter();
  for (const item of items) writer.text(Buffer.from(item, 'latin1'));
  return Buffer.from(writer.finish());
}

function drain(source: PackedSource): string[] {
  const items: string[] = [];
  while (!source.done()) items.push(source.takeBytes().toString('latin1'));
  return items;
}

const items = fc.array(text, { maxLength: 30 });
const integers = fc.uniqueArray(
  fc.oneof(
    fc.integer({ min: -300, max: 300 }).map(BigInt),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(BigInt),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  { maxLength: 40 },
);

describe('packed encodings', () => {
  test('a listpack has the bytes of the format', () => {
    const bytes = listpack(['1', '-1', '4095', '128', 'hi', '70000', '-9007199254740993']);
    const elements = [
      '0101',
      'dfff02',
      'cfff02',
      'c08002',
      '82686903',
      'f270110104',
      'f4ffffffffffffdfff09',
    ];
    assert.equal(bytes.toString('hex'), `${sizeHex(bytes)}0700${elements.join('')}ff`);
  });

  test('listpacks and ziplists give back what was put in', () => {
    fc.assert(
      fc.property(items, (all) => {
        assert.deepEqual(drain(OPEN.listpack(listpack(all))), all);
        assert.deepEqual(drain(OPEN.ziplist(ziplist(all))), all);
      }),
    );
  });

  test('elements around the widths of the trailing size survive', () => {
    for (const length of [60, 63, 64, 125, 126, 127, 4095, 4096, 16377, 16378, 16379, 2097150]) {
      const all = ['a', 'x'.repeat(length), 'b'];
      assert.deepEqual(drain(OPEN.listpack(listpack(all))), all);
    }
  });

  test('more than 65,534 elements survive, though the header cannot count them', () => {
    const all = Array.from({ length: 66_000 }, (_, i) => String(i));
    assert.equal(drain(OPEN.listpack(listpack(all))).length, 66_000);
    assert.equal(drain(OPEN.ziplist(ziplist(all))).length, 66_000);
  });

  test('zipmaps give back their pairs, the unused bytes left out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), fc.nat({ max: 4 }), (pairs, unused) => {
        const all = pairs.flat();
        assert.deepEqual(drain(OPEN.zipmap(zipmap(all, unused))), all);
      }),
    );
  });

  test('intsets give back their members in ascending order, in the least width', () => {
    fc.assert(
      fc.property(integers, (members) => {
        const bytes = encodeIntset(members);
        const sorted = members.toSorted((a, b) => (a < b ? -1 : 1));
        assert.deepEqual(drain(OPEN.intset(bytes)), sorted.map(String));
        const bits = [16, 32, 64].find((n) => members.every((m) => BigInt.asIntN(n, m) === m));
        assert.equal(bytes.length, 8 + (members.length * (bits ?? 0)) / 8);
      }),
    );
  });

  test('any byte of a listpack changed is refused or changes what is read, and never more', () => {
    fc.assert(
      fc.property(items, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, where, change) => {
        const bytes = listpack(all);
        const at = where % bytes.length;
        bytes[at] = (bytes[at] as number) ^ change;
        const read = outcome(OPEN.listpack, bytes);
        // Only the header's "count them yourselves" may go unnoticed.
        if (at !== 4 && at !== 5) assert.notDeepEqual(read, all);
      }),
    );
  });

  test('any bytes at all are read or refused, never more', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some)),
      items.map(listpack),
      items.map(ziplist),
      integers.map(encodeIntset),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))), (some, changes) => {
        for (const [where, value] of changes) some[where % Math.max(some.length, 1)] = value;
        for (const open of Object.values(OPEN)) {
          const read = outcome(open, some);
          if (read !== null) assert.ok(read.length <= some.length);
        }
      }),
    );
  });
});

/** What is read, or null where it is refused. Any other failure passes through. */
function outcome(open: (bytes: Buffer) => PackedSource, bytes: Buffer): string[] | null {
  try {
    return drain(open(bytes));
  } catch (cause) {
    if (cause instanceof RdbFault) return null;
    throw cause;
  }
}

function sizeHex(bytes: Buffer): string {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return size.toString('hex');
}
