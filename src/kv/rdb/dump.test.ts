import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RdbVersion } from './constants.ts';
import * as rdb from './constants.ts';
import { readDump } from './dump.ts';
import { encodeIntset } from './intset.ts';
import { ListpackWriter } from './listpack-writer.ts';
import { ignoringSink } from './sink.ts';
import { value } from './testing/arbitraries.ts';
import type { ValueModel } from './testing/model.ts';
import { Recorder, tell } from './testing/model.ts';
import { payload, reseal, ziplist } from './testing/old-encodings.ts';
import { RdbValueWriter } from './value-writer.ts';

const VERSIONS: RdbVersion[] = [9, 10, 11, 12];

function read(bytes: Buffer): ValueModel | string {
  const recorder = new Recorder();
  const result = readDump(bytes, recorder);
  return result === 'ok' && recorder.value !== null ? recorder.value : result;
}

function dumped(model: ValueModel, version: RdbVersion = 11, compress = true): Buffer {
  const writer = new RdbValueWriter({ version, compress });
  tell(model, writer);
  return writer.finishDump();
}

const isInteger = (text: string): boolean =>
  /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

/** `model` as it comes out of a payload of `version`. */
function survived(model: ValueModel, version: RdbVersion): ValueModel {
  if (model.kind === 'set') {
    const integers = model.members.every(isInteger);
    if (model.packed && integers) {
      const members = model.members.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
      return { ...model, members };
    }
    return { ...model, packed: model.packed && version >= 11 };
  }
  if (model.kind === 'hash' || model.kind === 'zset') {
    return { ...model, packed: model.packed && version >= 10 };
  }
  if (model.kind !== 'stream' || model.meta === null) return model;
  const { meta } = model;
  const zero = { ms: 0n, seq: 0n };
  return {
    ...model,
    meta: version >= 10 ? meta : { ...meta, maxDeletedId: zero, entriesAdded: meta.length },
    groups: model.groups.map((group) => ({
      ...group,
      entriesRead: group.entriesRead,
      consumers: group.consumers.map((consumer) => ({
        ...consumer,
        activeTimeMs: version >= 11 ? consumer.activeTimeMs : consumer.seenTimeMs,
      })),
    })),
  };
}

/** Version 9 keeps no read counters; what is told instead is an estimate. */
function withoutCounters(model: ValueModel | string): ValueModel | string {
  if (typeof model === 'string' || model.kind !== 'stream') return model;
  return { ...model, groups: model.groups.map((group) => ({ ...group, entriesRead: null })) };
}

describe('DUMP payloads', () => {
  test('every value comes back, through every version', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(...VERSIONS), fc.boolean(), (model, version, compress) => {
        const back = read(dumped(model, version, compress));
        const expected = survived(model, version);
        if (version >= 10) assert.deepEqual(back, expected);
        else assert.deepEqual(withoutCounters(back), withoutCounters(expected));
      }),
      { numRuns: 300 },
    );
  });

  test('one writer makes many payloads, a forgotten half value leaves no trace', () => {
    const writer = new RdbValueWriter();
    fc.assert(
      fc.property(value, value, (half, model) => {
        tell(half, writer);
        writer.reset();
        writer.beginList(7);
        writer.onListItem(Buffer.from('left behind'));
        writer.reset();
        tell(model, writer);
        assert.ok(writer.finishDump().equals(dumped(model)));
      }),
    );
  });

  test('counts that the caller hinted wrongly are put right', () => {
    for (const hint of [0, 1, 63, 64, 20_000, 2 ** 33]) {
      for (const count of [1, 63, 64, 300, 17_000]) {
        const writer = new RdbValueWriter({ version: 9 });
        writer.beginSet(hint, false);
        for (let i = 0; i < count; i++) writer.onSetMember(Buffer.from(`m${i}`));
        writer.onEnd();
        const model = read(writer.finishDump());
        assert.ok(typeof model !== 'string' && model.kind === 'set');
        assert.equal(model.members.length, count);
      }
    }
  });

  test('SET k 10 makes the very payload that Redis 7.0 gives', () => {
    const redis = '\x00\xc0\x0a\x0a\x00n\x9fWE\x0e\xaec\xbb';
    const own = dumped({ kind: 'string', value: '10' }, 10);
    assert.equal(own.toString('latin1'), redis);
    assert.deepEqual(read(own), { kind: 'string', value: '10' });
  });

  test('a wrong checksum, version or size is told apart from a wrong value', () => {
    const good = dumped({ kind: 'string', value: 'hello' });
    assert.equal(read(Buffer.alloc(0)), 'bad-checksum');
    assert.equal(read(good.subarray(0, 9)), 'bad-checksum');
    const flipped = Buffer.from(good);
    flipped[3] = 0x7a;
    assert.equal(read(flipped), 'bad-checksum');
    const newer = Buffer.from(good);
    newer.writeUInt16LE(13, good.length - 10);
    assert.equal(read(reseal(newer)), 'bad-checksum');
    assert.equal(read(payload(0, () => {})), 'bad-format');
    const unsummed = payload(
      0,
      (out) => {
        out.u8(0);
      },
      { trusted: true },
    );
    assert.equal(readDump(unsummed, ignoringSink), 'bad-checksum');
    assert.equal(readDump(unsummed, ignoringSink, { acceptZeroChecksum: true }), 'ok');
  });

  test('modules and unknown types are refused by a result of their own', () => {
    for (const type of [6, 7, 8, 26, 200, 255]) {
      assert.equal(read(payload(type, (out) => out.bytes(Buffer.alloc(40)))), 'unsupported');
    }
  });

  test('an error thrown by the sink passes through', () => {
    const sink = {
      ...ignoringSink,
      onString: () => {
        throw new RangeError('mine');
      },
    };
    assert.throws(() => readDump(dumped({ kind: 'string', value: 'x' }), sink), /mine/);
  });
});

describe('hostile payloads', () => {
  const lp = (...items: (string | number)[]): Buffer => {
    const writer = new ListpackWriter();
    for (const item of items) writer.text(Buffer.from(String(item)));
    return Buffer.from(writer.finish());
  };
  const blob = (type: number, bytes: Buffer) => payload(type, (out) => out.string(bytes, false));
  const a = Buffer.from('a');

  const BAD: Record<string, Buffer> = {
    'bytes behind the value': payload(rdb.TYPE_STRING, (out) => out.bytes(Buffer.from('\x01ab'))),
    'a string of 4 GiB': payload(rdb.TYPE_STRING, (out) => out.length(2 ** 32)),
    'a list of 2^64 - 1 items': payload(rdb.TYPE_LIST, (out) => out.lengthBig(2n ** 64n - 1n)),
    'an empty list': payload(rdb.TYPE_LIST, (out) => out.length(0)),
    'an empty quicklist': payload(rdb.TYPE_LIST_QUICKLIST_2, (out) => out.length(0)),
    'a list of empty nodes': payload(rdb.TYPE_LIST_QUICKLIST, (out) => {
      out.length(1);
      out.string(ziplist([]), false);
    }),
    'an unknown container': payload(rdb.TYPE_LIST_QUICKLIST_2, (out) => {
      out.length(1);
      out.length(3);
      out.string(lp('a'), false);
    }),
    'an empty set': payload(rdb.TYPE_SET, (out) => out.length(0)),
    'an empty intset': blob(rdb.TYPE_SET_INTSET, encodeIntset([])),
    'an empty hash': blob(rdb.TYPE_HASH_LISTPACK, lp()),
    'a member twice': payload(rdb.TYPE_SET, (out) => {
      out.length(2);
      out.string(a, false);
      out.string(a, false);
    }),
    'a packed member twice': blob(rdb.TYPE_SET_LISTPACK, lp('a', 'b', 'a')),
    'a field twice': blob(rdb.TYPE_HASH_LISTPACK, lp('a', 1, 'a', 2)),
    'a scored member twice': blob(rdb.TYPE_ZSET_LISTPACK, lp('a', 1, 'a', 2)),
    'a field without a value': blob(rdb.TYPE_HASH_LISTPACK, lp('a', 1, 'b')),
    'a field without an expiry': payload(rdb.TYPE_HASH_LISTPACK_EX, (out) => {
      out.timeMs(5);
      out.string(lp('a', 1), false);
    }),
    'a field that expired before time began': payload(rdb.TYPE_HASH_LISTPACK_EX, (out) => {
      out.timeMs(5);
      out.string(lp('a', 1, -7), false);
    }),
    'a field expiry beyond 48 bits': payload(rdb.TYPE_HASH_METADATA, (out) => {
      out.timeMs(2 ** 47);
      out.length(1);
      out.length(2 ** 48);
      out.string(a, false);
      out.string(a, false);
    }),
    'a score that is none': blob(rdb.TYPE_ZSET_LISTPACK, lp('a', 'one')),
    'a NaN score': payload(rdb.TYPE_ZSET_2, (out) => {
      out.length(1);
      out.string(a, false);
      out.f64(Number.NaN);
    }),
    'a NaN score as text': payload(rdb.TYPE_ZSET, (out) => {
      out.length(1);
      out.string(a, false);
      out.u8(253);
    }),
    'an intset out of order': blob(
      rdb.TYPE_SET_INTSET,
      Buffer.from('0200000002000000' + '02000100', 'hex'),
    ),
    'an intset of odd width': blob(
      rdb.TYPE_SET_INTSET,
      Buffer.from('030000000100000000ffff', 'hex'),
    ),
  };
  for (const [name, bytes] of Object.entries(BAD)) {
    test(`${name}: bad format`, () => {
      assert.equal(read(bytes), 'bad-format');
    });
  }

  test('duplicates are left to the sink where it is asked to find them', () => {
    const twice = BAD['a member twice'] as Buffer;
    const trust = { trackDuplicates: false };
    assert.equal(readDump(twice, ignoringSink, trust), 'ok');
    const seen = new Set<string>();
    const sink = {
      ...ignoringSink,
      onSetMember: (member: Buffer) => seen.size !== seen.add(member.toString()).size,
    };
    assert.equal(readDump(twice, sink, trust), 'bad-format');
  });

  test('a count hint never exceeds what the payload could hold', () => {
    const hints: number[] = [];
    const sink = { ...ignoringSink, beginSet: (hint: number) => void hints.push(hint) };
    readDump(
      payload(rdb.TYPE_SET, (out) => out.lengthBig(2n ** 63n)),
      sink,
    );
    assert.ok((hints[0] as number) <= 1);
  });
});

describe('field expiry', () => {
  const fields: [string, string, number][] = [
    ['a', '1', 1_700_000_000_000],
    ['b', '2', 0],
    ['c', '3', 1_700_000_000_500],
  ];
  const earliest = 1_700_000_000_000;

  test('is written relative to the earliest, and raises the version to 12', () => {
    const model: ValueModel = { kind: 'hash', packed: false, minExpireAtMs: earliest, fields };
    const bytes = dumped(model, 11);
    assert.equal(bytes[0], rdb.TYPE_HASH_METADATA);
    assert.equal(bytes.readUInt16LE(bytes.length - 10), 12);
    // earliest, count, then: ttl 1, field, value
    assert.equal(bytes.subarray(9, 15).toString('hex'), '03010161c001');
    assert.deepEqual(read(bytes), model);
  });

  test('is read from the other three encodings', () => {
    const expected = (packed: boolean, minExpireAtMs: number): ValueModel => ({
      kind: 'hash',
      packed,
      minExpireAtMs,
      fields,
    });
    const triples = new ListpackWriter();
    for (const [field, value, expiry] of fields) {
      triples.text(Buffer.from(field));
      triples.text(Buffer.from(value));
      triples.integer(expiry);
    }
    const pack = Buffer.from(triples.finish());
    const listpackEx = payload(rdb.TYPE_HASH_LISTPACK_EX, (out) => {
      out.timeMs(earliest);
      out.string(pack, true);
    });
    assert.deepEqual(read(listpackEx), expected(true, earliest));
    const preGa = payload(rdb.TYPE_HASH_LISTPACK_EX_PRE_GA, (out) => out.string(pack, false));
    assert.deepEqual(read(preGa), expected(true, 1));
    const metadataPreGa = payload(rdb.TYPE_HASH_METADATA_PRE_GA, (out) => {
      out.length(fields.length);
      for (const [field, value, expiry] of fields) {
        out.length(expiry);
        out.string(Buffer.from(field), false);
        out.string(Buffer.from(value), false);
      }
    });
    assert.deepEqual(read(metadataPreGa), expected(false, 1));
  });
});
