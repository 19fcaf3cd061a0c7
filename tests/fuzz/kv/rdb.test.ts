/**
 * The RDB reader on damaged and invented payloads. RESTORE takes these bytes from
 * clients, so whatever they are: a result is returned, nothing is thrown, the work
 * done is bounded by the bytes given, and an accepted payload is a sound value,
 * which is to say that it can be written and read again as the same.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RdbVersion } from '../../../src/kv/rdb/index.ts';
import { RdbFileParser, RdbValueWriter, readDump } from '../../../src/kv/rdb/index.ts';
import { value } from '../../../src/kv/rdb/testing/arbitraries.ts';
import type { ValueModel } from '../../../src/kv/rdb/testing/model.ts';
import { Recorder, tell } from '../../../src/kv/rdb/testing/model.ts';
import { payload, reseal, ziplist, zipmap } from '../../../src/kv/rdb/testing/old-encodings.ts';
import { READABLE_TYPES } from '../../../src/kv/rdb/value-types.ts';

const version = fc.constantFrom<RdbVersion>(9, 10, 11, 12);
const texts = fc.array(fc.oneof(fc.string({ maxLength: 80 }), fc.integer().map(String)), {
  maxLength: 30,
});

/** Payloads that are good, or were before their parts were mixed up. */
const good: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(value, version, fc.boolean()).map(dumped) },
  fc
    .tuple(fc.constantFrom(...READABLE_TYPES), texts)
    .map(([type, all]) => payload(type, (out) => out.string(ziplist(all), false))),
  fc
    .tuple(fc.constantFrom(...READABLE_TYPES), texts)
    .map(([type, all]) => payload(type, (out) => out.string(zipmap(all), false))),
);

function dumped([model, asVersion, compress]: [ValueModel, RdbVersion, boolean]): Buffer {
  const writer = new RdbValueWriter({ version: asVersion, compress });
  tell(model, writer);
  return writer.finishDump();
}

type Change =
  | { kind: 'set'; at: number; byte: number }
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'cut'; at: number; bytes: number }
  | { kind: 'insert'; at: number; bytes: Uint8Array }
  | { kind: 'repeat'; at: number; bytes: number };

const at = fc.nat();
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    at,
    byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 127, 128, 129, 192, 195, 254, 255)),
  }),
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant('cut' as const), at, bytes: fc.nat({ max: 20 }) }),
  fc.record({ kind: fc.constant('insert' as const), at, bytes: fc.uint8Array({ maxLength: 12 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at, bytes: fc.nat({ max: 40 }) }),
);

function damage(bytes: Buffer, changes: readonly Change[]): Buffer {
  let out = Buffer.from(bytes);
  for (const one of changes) {
    // The footer is put right afterwards, so damage goes to what stands before it.
    const body = Math.max(out.length - 10, 1);
    const where = one.at % body;
    if (one.kind === 'set') out[where] = one.byte;
    else if (one.kind === 'flip') out[where] = (out[where] as number) ^ (1 << one.bit);
    else if (one.kind === 'cut') {
      const end = Math.min(where + one.bytes, body);
      out = Buffer.concat([out.subarray(0, where), out.subarray(end)]);
    } else {
      const more = one.kind === 'insert' ? one.bytes : out.subarray(where, where + one.bytes);
      out = Buffer.concat([out.subarray(0, where), more, out.subarray(where)]);
    }
  }
  return reseal(out);
}

/** Counts events and bytes told, besides recording. */
class Meter extends Recorder {
  events = 0;
  bytes = 0;

  override onString(one: Buffer): void {
    this.count(one);
    super.onString(one);
  }
  override onListItem(item: Buffer): void {
    this.count(item);
    super.onListItem(item);
  }
  override onSetMember(member: Buffer): boolean {
    this.count(member);
    return super.onSetMember(member);
  }
  override onHashField(field: Buffer, one: Buffer, expireAtMs: number): boolean {
    this.count(field, one);
    return super.onHashField(field, one, expireAtMs);
  }
  override onZsetMember(member: Buffer, score: number): boolean {
    this.count(member);
    return super.onZsetMember(member, score);
  }
  override onStreamEntry(ms: bigint, seq: bigint, pairs: readonly Buffer[]): void {
    this.count(...pairs);
    super.onStreamEntry(ms, seq, pairs);
  }
  private count(...all: readonly Buffer[]): void {
    this.events += all.length;
    for (const one of all) this.bytes += one.length;
  }
}

function check(bytes: Buffer): void {
  const meter = new Meter();
  const result = readDump(bytes, meter);
  const allowed = ['ok', 'bad-checksum', 'bad-format', 'unsupported'];
  assert.ok(allowed.includes(result), result);
  const { value: model } = meter;
  // LZF stands for at most 88 times its size; a field name of a stream's master
  // entry may be told once for each entry that shares it.
  if (model?.kind !== 'stream') {
    assert.ok(meter.events <= 88 * bytes.length);
    assert.ok(meter.bytes <= 88 * 20 * bytes.length);
  }
  if (result !== 'ok') return;
  assert.ok(model !== null);
  const again = new Recorder();
  assert.equal(readDump(dumped([model, 12, false]), again), 'ok');
  assert.equal(again.value?.kind, model.kind);
  if (model.kind === 'list' || model.kind === 'stream') assert.deepEqual(again.value, model);
}

describe('RDB payloads, damaged', () => {
  test('give a result and never more, and what is accepted is sound', () => {
    const damaged = fc.tuple(good, fc.array(change, { minLength: 1, maxLength: 6 }));
    fc.assert(
      fc.property(damaged, ([bytes, changes]) => check(damage(bytes, changes))),
      { numRuns: 4000 },
    );
  });

  test('a good payload is accepted, so that the test above means something', () => {
    fc.assert(
      fc.property(value, version, fc.boolean(), (model, asVersion, compress) => {
        const bytes = damage(dumped([model, asVersion, compress]), []);
        assert.equal(readDump(bytes, new Recorder()), 'ok');
      }),
    );
  });

  test('invented bodies of every type give a result and never more', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...READABLE_TYPES),
        fc.uint8Array({ maxLength: 120 }),
        (type, body) => check(payload(type, (out) => out.bytes(body))),
      ),
      { numRuns: 3000 },
    );
  });

  test('files of damaged values give a result, the same for every way to cut them', () => {
    const damaged = fc.tuple(
      good,
      fc.array(change, { maxLength: 4 }),
      fc.integer({ min: 1, max: 99 }),
    );
    fc.assert(
      fc.property(damaged, ([bytes, changes, size]) => {
        const body = damage(bytes, changes);
        const type = body.subarray(0, 1);
        const rest = body.subarray(1, Math.max(body.length - 10, 1));
        const file = Buffer.concat([
          Buffer.from('REDIS0012', 'latin1'),
          type,
          Buffer.from('\x01k', 'latin1'),
          rest,
          Buffer.from('\xff\0\0\0\0\0\0\0\0', 'latin1'),
        ]);
        assert.deepEqual(readFile(file, size), readFile(file, file.length));
      }),
      { numRuns: 1000 },
    );
  });
});

function readFile(file: Buffer, size: number): unknown {
  const recorder = Object.assign(new Recorder(), {
    onHeader() {},
    onAux() {},
    onSelectDb() {},
    onResizeDb() {},
    onFunction() {},
    onKey: () => true,
    endKey() {},
  });
  const parser = new RdbFileParser(recorder);
  for (let from = 0; from < file.length; from += size) {
    const result = parser.push(Buffer.from(file.subarray(from, from + size)));
    if (result.status !== 'more') return { result, value: recorder.value };
  }
  return { result: parser.end(), value: recorder.value };
}
