import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Args } from '../../../core/wire/index.ts';
import { bareStore } from '../testing.ts';
import { IdTable } from './id-table.ts';
import {
  dump,
  EntryCursor,
  EntryId,
  Parsed,
  parseId,
  Stream,
  StreamBuilder,
  streamOf,
} from './index.ts';

const U64_MAX = 2n ** 64n - 1n;
const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: U64_MAX }),
  fc.bigInt({ min: 0n, max: 5n }),
  fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }),
  fc.bigInt({ min: U64_MAX - 2n, max: U64_MAX }),
  fc.bigInt({ min: 2n ** 32n - 2n, max: 2n ** 32n + 2n }),
);

function parsed(text: string, maxSeq = false): string | number {
  const id = new EntryId();
  const buf = Buffer.from(text);
  const kind = parseId(buf, 0, buf.length, maxSeq, id);
  return kind === Parsed.whole ? id.toString() : kind;
}

test('ids of 64 bits are read, written, compared and stepped exactly', () => {
  fc.assert(
    fc.property(u64, u64, u64, u64, (ms, seq, ms2, seq2) => {
      const id = new EntryId().setBig(ms, seq);
      assert.equal(id.toString(), `${ms}-${seq}`);
      assert.equal(parsed(`${ms}-${seq}`), `${ms}-${seq}`);
      assert.equal(id.ms, ms);
      assert.equal(id.seq, seq);
      const whole = (ms << 64n) | seq;
      const whole2 = (ms2 << 64n) | seq2;
      const order = whole < whole2 ? -1 : whole > whole2 ? 1 : 0;
      assert.equal(id.compare(new EntryId().setBig(ms2, seq2)), order);
      const next = id.clone();
      assert.equal(next.increment(), whole < (1n << 128n) - 1n);
      if (whole < (1n << 128n) - 1n) assert.equal((next.ms << 64n) | next.seq, whole + 1n);
      const before = id.clone();
      assert.equal(before.decrement(), whole > 0n);
      if (whole > 0n) assert.equal((before.ms << 64n) | before.seq, whole - 1n);
    }),
  );
});

test('ids in part or out of range are told from whole ones', () => {
  assert.equal(parsed('5'), '5-0');
  assert.equal(parsed('5', true), `5-${U64_MAX}`);
  assert.equal(parsed('5-*'), Parsed.anySeq);
  assert.equal(parsed('007-01'), '7-1');
  for (const bad of [
    '',
    '-',
    '+',
    '-1',
    '1-',
    'x',
    '1-x',
    '1-2-3',
    '18446744073709551616',
    '1-*x',
  ]) {
    assert.equal(parsed(bad), Parsed.invalid, bad);
  }
});

test('a table of ids holds what a map holds, in order, and gives all memory back', () => {
  const { db } = bareStore();
  const before = db.arena.usedBytes;
  const change = fc.tuple(fc.constantFrom('add', 'add', 'delete', 'seek'), fc.nat(600));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 900, size: 'max' }), (changes) => {
      const table = new IdTable(db.arena, 8);
      const model = new Map<number, number>();
      for (const [kind, n] of changes) {
        const id = EntryId.of(n, 0);
        if (kind === 'add') {
          assert.equal(table.insert(id), !model.has(n));
          table.words[table.w + 7] = n * 3;
          model.set(n, n * 3);
        } else if (kind === 'delete') {
          const found = table.find(id);
          assert.equal(found, model.delete(n));
          if (found) table.remove();
        } else {
          const later = [...model.keys()].filter((key) => key >= n);
          assert.equal(table.seek(id), later.length > 0);
          if (later.length > 0) assert.equal(table.words[table.w + 1], Math.min(...later));
        }
      }
      const told: [number, number][] = [];
      for (let more = table.toFirst(); more; more = table.next()) {
        told.push([table.words[table.w + 1]!, table.words[table.w + 7]!]);
      }
      assert.deepEqual(
        told,
        [...model].sort((a, b) => a[0] - b[0]),
      );
      assert.equal(table.size, model.size);
      while (!table.release(100));
      assert.equal(db.arena.usedBytes, before);
    }),
    { numRuns: 40 },
  );
});

test('records of a table that is filled in order take little more than themselves', () => {
  const { db } = bareStore();
  const table = new IdTable(db.arena, 8);
  for (let i = 0; i < 20_000; i++) table.insert(EntryId.of(i, 0));
  assert.ok(table.bytes / 20_000 < 33, `${table.bytes / 20_000} bytes each`);
});

type Entry = readonly [id: string, ...parts: string[]];

function listOf(
  stream: Stream,
  reverse = false,
  from = new EntryId(),
  to = EntryId.max(),
): Entry[] {
  const cursor = new EntryCursor();
  cursor.begin(stream.entries, from, to, reverse);
  const list: Entry[] = [];
  while (cursor.next()) {
    const parts: string[] = [];
    for (let i = 0; i < cursor.pairs; i++) {
      cursor.nextPair();
      parts.push(cursor.buf.toString('latin1', cursor.fieldStart, cursor.fieldEnd));
      parts.push(cursor.buf.toString('latin1', cursor.valueStart, cursor.valueEnd));
    }
    list.push([cursor.id.toString(), ...parts]);
  }
  return list;
}

const pairsArb = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('field'), fc.string({ maxLength: 20 })) },
  fc.tuple(fc.constant('a'), fc.string(), fc.constant('b'), fc.string({ maxLength: 200 })),
  fc.tuple(fc.string({ maxLength: 200 }), fc.constant('v'.repeat(5000))),
);
const changeArb = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('add'), step: fc.nat(2 ** 34), pairs: pairsArb }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete'), at: fc.nat(1000) }) },
  fc.record({ kind: fc.constant('trim'), keep: fc.nat(60), approximate: fc.boolean() }),
  fc.record({ kind: fc.constant('trimId'), at: fc.nat(1000), approximate: fc.boolean() }),
);
type Change = {
  kind: string;
  step?: number;
  pairs?: readonly string[];
  at?: number;
  keep?: number;
  approximate?: boolean;
};

test('entries are what a plain list holds under any changes and block sizes', () => {
  const limitsArb = fc.record({
    streamNodeMaxBytes: fc.constantFrom(0, 100, 4096),
    streamNodeMaxEntries: fc.constantFrom(0, 1, 3, 100),
  });
  const changesArb = fc.array(changeArb as fc.Arbitrary<Change>, { maxLength: 250, size: 'max' });
  fc.assert(
    fc.property(limitsArb, changesArb, (limits, changes) => {
      const { db } = bareStore();
      const before = db.arena.usedBytes;
      const stream = new Stream(db.arena);
      let model: Entry[] = [];
      let ms = 1;
      let maxDeleted = '0-0';
      const idOf = (entry: Entry): EntryId => {
        const id = new EntryId();
        parseId(Buffer.from(entry[0]), 0, entry[0].length, false, id);
        return id;
      };
      for (const change of changes) {
        if (change.kind === 'add') {
          ms += change.step! % 3 === 0 ? change.step! : change.step! % 2;
          const id = EntryId.of(ms, stream.entriesAdded + 1);
          const args = new Args().load(change.pairs!.map((part) => Buffer.from(part, 'latin1')));
          stream.append(id, { args, from: 0, to: args.count }, limits);
          model.push([
            id.toString(),
            ...change.pairs!.map((part) => Buffer.from(part, 'latin1').toString('latin1')),
          ]);
        } else if (change.kind === 'delete') {
          const entry = model[change.at! % (model.length + 1)];
          if (entry === undefined) continue;
          assert.equal(stream.delete(idOf(entry)), true);
          assert.equal(stream.delete(idOf(entry)), false);
          model = model.filter((other) => other !== entry);
          if (idOf(entry).compare(idOf([maxDeleted])) > 0) maxDeleted = entry[0];
        } else {
          const wholeBlocks = change.approximate!;
          const rank =
            change.kind === 'trim' ? model.length - change.keep! : change.at! % (model.length + 1);
          const minId = model[rank];
          const options =
            change.kind === 'trim' || minId === undefined
              ? { lengthMax: change.keep ?? 0 }
              : { minId: idOf(minId) };
          const wanted = 'lengthMax' in options ? model.length - options.lengthMax! : rank;
          const deleted = stream.trim({ ...options, wholeBlocks, limit: 0 });
          if (wholeBlocks) assert.ok(deleted <= Math.max(0, wanted));
          else assert.equal(deleted, Math.max(0, wanted));
          model = model.slice(deleted);
        }
        assert.equal(stream.length, model.length);
        assert.equal(stream.firstId.toString(), model[0]?.[0] ?? '0-0');
        assert.equal(stream.maxDeletedId.toString(), maxDeleted);
      }
      assert.deepEqual(listOf(stream), model);
      assert.deepEqual(listOf(stream, true), [...model].reverse());
      const third = model[model.length >> 2];
      const last = model[(model.length * 3) >> 2];
      if (third !== undefined && last !== undefined) {
        const part = model.slice(model.length >> 2, ((model.length * 3) >> 2) + 1);
        assert.deepEqual(listOf(stream, false, idOf(third), idOf(last)), part);
        assert.deepEqual(listOf(stream, true, idOf(third), idOf(last)), part.reverse());
      }
      while (!stream.release(10));
      assert.equal(db.arena.usedBytes, before);
    }),
    { numRuns: 60 },
  );
});

test('entries with the same fields cost little more than their values', () => {
  const { db } = bareStore();
  const stream = new Stream(db.arena);
  const args = new Args().load([Buffer.from('temperature'), Buffer.from('21.5')]);
  const limits = { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
  for (let i = 1; i <= 10_000; i++) {
    stream.append(EntryId.of(1_700_000_000_000 + i, 0), { args, from: 0, to: 2 }, limits);
  }
  const each = stream.memoryBytes() / 10_000;
  assert.ok(each < 12, `${each} bytes each`);
});

test('a stream that is told to a builder becomes the same stream', () => {
  const { db, reclaim } = bareStore();
  const before = db.arena.usedBytes;
  const builder = new StreamBuilder(db, { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 3 });
  for (let i = 1n; i < 10n; i++)
    builder.addEntry(i, U64_MAX - i, [Buffer.from('f'), Buffer.from(`${i}`)]);
  builder.setMeta({
    length: 9,
    lastId: { ms: 100n, seq: 5n },
    firstId: { ms: 1n, seq: U64_MAX - 1n },
    maxDeletedId: { ms: 3n, seq: 3n },
    entriesAdded: 77,
  });
  builder.beginGroup({ name: Buffer.from('g'), lastId: { ms: 4n, seq: 0n }, entriesRead: null });
  builder.addConsumer({ name: Buffer.from([255, 0]), seenTimeMs: 5, activeTimeMs: null });
  builder.addPending({
    id: { ms: 2n, seq: U64_MAX - 2n },
    deliveryTimeMs: 2 ** 41,
    deliveryCount: 2 ** 33,
  });
  const first = builder.finish(Buffer.from('one'));
  const copy = new StreamBuilder(db, { streamNodeMaxBytes: 100, streamNodeMaxEntries: 100 });
  const events = (record: number): unknown[] => {
    const list: unknown[] = [];
    const note = (...event: unknown[]) => {
      const text = (_: string, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part);
      list.push(JSON.stringify(event, text));
    };
    dump(db, record, {
      ...sinkOf(copy),
      beginStream: () => {},
      onStreamEntry: (...event) => note('entry', ...event),
      onStreamMeta: (meta) => note('meta', meta),
      beginStreamGroup: (group) => note('group', group),
      onStreamConsumer: (consumer) => note('consumer', consumer),
      onStreamPending: (pending) => note('pending', pending),
    });
    return list;
  };
  dump(db, first, sinkOf(copy));
  const second = copy.finish(Buffer.from('two'));
  assert.deepEqual(events(second), events(first));
  assert.equal(streamOf(db, second).groups.get('g')!.pending.size, 1);
  db.remove(db.findForWrite(Buffer.from('one'), 0, 3));
  db.remove(db.findForWrite(Buffer.from('two'), 0, 3));
  reclaim();
  assert.equal(db.arena.usedBytes, before);
});

function sinkOf(builder: StreamBuilder): Parameters<typeof dump>[2] {
  const never = () => assert.fail('no stream');
  return {
    onString: never,
    beginList: never,
    onListItem: never,
    beginSet: never,
    onSetMember: never,
    beginHash: never,
    onHashField: never,
    beginZset: never,
    onZsetMember: never,
    beginStream: () => {},
    onStreamEntry: (ms, seq, parts) => builder.addEntry(ms, seq, parts),
    onStreamMeta: (meta) => builder.setMeta(meta),
    beginStreamGroup: (group) => builder.beginGroup(group),
    onStreamConsumer: (consumer) => builder.addConsumer(consumer),
    onStreamPending: (pending) => builder.addPending(pending),
    endStreamGroup: () => {},
    onEnd: () => {},
  };
}
