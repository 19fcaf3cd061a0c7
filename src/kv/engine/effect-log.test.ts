import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Args } from '../../core/wire/index.ts';
import { EffectLog, type EffectSink } from './effect-log.ts';
import { readEffects, readPartedEffects } from './read-effects.ts';

type Effect = [database: number, ...args: string[]];

/** Keeps entries as the log would: a new reservation may lie anywhere and holds what was to be kept. */
class MemorySink implements EffectSink {
  readonly entries: Buffer[] = [];
  /** The entries, those of one payload together. */
  readonly payloads: Buffer[][] = [];
  private more = false;
  reservations = 0;
  private readonly bytesMax: number;
  private buffer = Buffer.alloc(0);
  private offset = 0;

  constructor(bytesMax = Number.POSITIVE_INFINITY) {
    this.bytesMax = bytesMax;
  }

  reserve(maxBytes: number, keepBytes = 0): { buffer: Buffer; offset: number } {
    this.reservations++;
    assert.ok(maxBytes <= this.bytesMax, `${maxBytes} bytes reserved`);
    const offset = (this.reservations * 13) % 64;
    const buffer = Buffer.alloc(offset + maxBytes, 0xff);
    this.buffer.copy(buffer, offset, this.offset, this.offset + keepBytes);
    this.buffer = buffer;
    this.offset = offset;
    return { buffer, offset };
  }

  commit(usedBytes: number, _timestampMs: number, more = false): number {
    assert.ok(this.offset + usedBytes <= this.buffer.length, 'more was written than reserved');
    if (!this.more) this.payloads.push([]);
    this.more = more;
    const entry = Buffer.from(this.buffer.subarray(this.offset, this.offset + usedBytes));
    this.payloads.at(-1)!.push(entry);
    this.entries.push(entry);
    return this.entries.length;
  }
}

function read(entry: Buffer, start = 0, end = entry.length): Effect[] {
  const effects: Effect[] = [];
  readEffects(entry, start, end, new Args(), (database, args) => {
    effects.push([database, ...args.copies().map((arg) => arg.toString('latin1'))]);
  });
  return effects;
}

function readParts(parts: readonly Buffer[]): Effect[] {
  const effects: Effect[] = [];
  readPartedEffects(parts, new Args(), (database, args) => {
    effects.push([database, ...args.copies().map((arg) => arg.toString('latin1'))]);
  });
  return effects;
}

function addTo(log: EffectLog, [database, ...args]: Effect, asCommand: boolean): void {
  const list = args.map((arg) => Buffer.from(arg, 'latin1'));
  if (asCommand) log.addCommand(database, new Args().load(list));
  else log.add(database, list);
}

const text = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const effect = fc
  .tuple(fc.nat({ max: 300 }), fc.array(text, { minLength: 1, maxLength: 6 }))
  .map(([database, args]): Effect => [database, ...args]);
const entry = fc.array(fc.tuple(effect, fc.boolean()), { maxLength: 12 });

test('entries read back as they were added, however often they outgrow their room', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
      const sink = new MemorySink();
      const log = new EffectLog();
      log.sink = sink;
      for (const effects of entries) {
        for (const [added, asCommand] of effects) addTo(log, added, asCommand);
        assert.equal(log.commit(0), effects.length > 0);
      }
      const wanted = entries.filter((effects) => effects.length > 0);
      assert.deepEqual(
        sink.entries.map((bytes) => read(bytes)),
        wanted.map((effects) => effects.map(([added]) => added)),
      );
      assert.equal(log.lastIndex, wanted.length);
    }),
  );
});

test('numbers and strings become bytes; lengths around the steps of a varint hold', () => {
  const sink = new MemorySink();
  const log = new EffectLog();
  log.sink = sink;
  log.add(0, ['SET', 'k', -1.5, 2 ** 60]);
  for (const length of [0, 127, 128, 16383, 16384, 2097151, 2097152]) {
    log.add(1, ['SET', 'x'.repeat(length)]);
  }
  log.commit(0);
  const [first, ...rest] = readParts(sink.payloads[0]!);
  assert.deepEqual(first, [0, 'SET', 'k', '-1.5', '1152921504606846976']);
  assert.deepEqual(
    rest.map((effect) => effect[2]!.length),
    [0, 127, 128, 16383, 16384, 2097151, 2097152],
  );
  assert.ok(sink.reservations < 12, 'room grows by doubling');
});

test('a payload never asks for more than the log takes as one entry: it is cut into parts, and read back whole', () => {
  let cut = 0;
  fc.assert(
    fc.property(
      fc.array(fc.array(effect, { minLength: 1, maxLength: 20 }), { maxLength: 4 }),
      fc.integer({ min: 5, max: 900 }),
      fc.boolean(),
      (requests, partBytes, asCommand) => {
        const sink = new MemorySink(partBytes);
        const log = new EffectLog(partBytes);
        log.sink = sink;
        for (const effects of requests) {
          for (const added of effects) addTo(log, added, asCommand);
          assert.ok(log.payloadBytes > 0);
          log.commit(0);
          assert.equal(log.payloadBytes, 0);
          assert.equal(log.lastIndex, sink.entries.length);
        }
        assert.deepEqual(sink.payloads.map(readParts), requests);
        if (sink.entries.length > requests.length) cut++;
      },
    ),
  );
  assert.ok(cut > 0);
});

test('a payload in parts of which the last is cut off is refused', () => {
  const sink = new MemorySink(7);
  const log = new EffectLog(7);
  log.sink = sink;
  addTo(log, [1, 'SET', 'a key of some length', 'value'], true);
  log.commit(0);
  const [parts] = sink.payloads;
  assert.ok(parts!.length > 2);
  for (let count = 1; count < parts!.length; count++) {
    assert.throws(() => readParts(parts!.slice(0, count)), RangeError);
  }
});

test('without a log nothing is encoded', () => {
  const log = new EffectLog();
  log.add(0, ['SET', 'k', 'v']);
  assert.equal(log.commit(0), false);
  assert.equal(log.effects, 0);
  assert.equal(log.crowded, false);
});

test('an entry cut off anywhere but between two effects is refused', () => {
  const sink = new MemorySink();
  const log = new EffectLog();
  log.sink = sink;
  addTo(log, [1, 'SET', 'key', 'value'], true);
  addTo(log, [200, 'DEL', 'key'], false);
  log.commit(0);
  const bytes = sink.entries[0]!;
  const between = 2 + 4 + 4 + 6;
  for (let end = 1; end < bytes.length; end++) {
    if (end === between) assert.deepEqual(read(bytes, 0, end), [[1, 'SET', 'key', 'value']]);
    else assert.throws(() => read(bytes, 0, end), RangeError, `cut at ${end}`);
  }
  assert.equal(read(bytes).length, 2);
});
