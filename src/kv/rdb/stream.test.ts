import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ByteWriter } from './byte-writer.ts';
import * as rdb from './constants.ts';
import { readDump } from './dump.ts';
import { ListpackWriter } from './listpack-writer.ts';
import { writeId } from './stream-id.ts';
import { Recorder } from './testing/model.ts';
import { payload } from './testing/old-encodings.ts';

function id(ms: number, seq = 0): Buffer {
  const bytes = Buffer.alloc(16);
  writeId(bytes, 0, BigInt(ms), BigInt(seq));
  return bytes;
}

function node(...items: (string | number)[]): Buffer {
  const writer = new ListpackWriter();
  for (const item of items) {
    if (typeof item === 'number') writer.integer(item);
    else writer.text(Buffer.from(item));
  }
  return Buffer.from(writer.finish());
}

/** Two living entries, 10-0 {f: x} and 12-1 {g: y}, and a deleted one between. */
const ENTRIES = [
  ...[2, 1, 1, 'f', 0],
  ...[2, 0, 0, 'x', 4],
  ...[3, 1, 0, 'gone', 4],
  ...[0, 2, 1, 1, 'g', 'y', 6],
];

interface Parts {
  pack?: Buffer;
  key?: Buffer;
  length?: number;
  lastMs?: number;
  groups?: (out: ByteWriter) => void;
}

/** A stream of version 1 with one node. */
function stream(parts: Parts = {}): Buffer {
  return payload(rdb.TYPE_STREAM_LISTPACKS, (out) => {
    out.length(1);
    out.string(parts.key ?? id(10), false);
    out.string(parts.pack ?? node(...ENTRIES), false);
    out.length(parts.length ?? 2);
    out.length(parts.lastMs ?? 20);
    out.length(0);
    if (parts.groups === undefined) out.length(0);
    else parts.groups(out);
  });
}

function read(bytes: Buffer) {
  const recorder = new Recorder();
  return { result: readDump(bytes, recorder), value: recorder.value };
}

const changed = (at: number, item: string | number): Buffer =>
  node(...ENTRIES.map((old, i) => (i === at ? item : old)));

describe('streams', () => {
  test('entries with the fields of the master and with their own are told, deleted ones not', () => {
    const { result, value } = read(stream());
    assert.equal(result, 'ok');
    assert.ok(value?.kind === 'stream');
    assert.deepEqual(value.entries, [
      { ms: 10n, seq: 0n, pairs: ['f', 'x'] },
      { ms: 12n, seq: 1n, pairs: ['g', 'y'] },
    ]);
    assert.deepEqual(value.meta, {
      length: 2,
      lastId: { ms: 20n, seq: 0n },
      firstId: { ms: 10n, seq: 0n },
      maxDeletedId: { ms: 0n, seq: 0n },
      entriesAdded: 2,
    });
  });

  const BAD: Record<string, Parts> = {
    'a node key of 15 bytes': { key: id(10).subarray(1) },
    'a living entry too few': { pack: changed(0, 3) },
    'a deleted entry too many': { pack: changed(1, 0) },
    'a master without its closing zero': { pack: changed(4, 1) },
    'more field names than elements': { pack: changed(2, 2 ** 40) },
    'unknown flags': { pack: changed(5, 6) },
    'an id that is text': { pack: changed(6, 'x') },
    'an entry size that is wrong': { pack: changed(9, 5) },
    'an entry without fields': { pack: node(1, 0, 0, 0, 2, 0, 0, 3) },
    'a negative number of fields': { pack: node(1, 0, 1, 'f', 0, 0, 0, 0, -1, 2) },
    'an id that does not ascend': { pack: changed(16, -5) },
    'a length that is wrong': { length: 3 },
    'a last id before the last entry': { lastMs: 11 },
    'no groups where some are claimed': { groups: (out) => out.length(2 ** 31) },
  };
  for (const [name, parts] of Object.entries(BAD)) {
    test(`${name}: bad format`, () => {
      assert.equal(read(stream(parts)).result, 'bad-format');
    });
  }
});

interface GroupParts {
  pending: Buffer[];
  owned: Buffer[][];
  lastMs?: number;
  names?: string[];
  groupNames?: string[];
}

function groups(parts: GroupParts): (out: ByteWriter) => void {
  return (out) => {
    const groupNames = parts.groupNames ?? ['g'];
    out.length(groupNames.length);
    for (const name of groupNames) {
      out.string(Buffer.from(name), false);
      out.length(parts.lastMs ?? 10);
      out.length(0);
      out.length(parts.pending.length);
      for (const pending of parts.pending) {
        out.bytes(pending);
        out.timeMs(1000);
        out.length(3);
      }
      out.length(parts.owned.length);
      for (const [i, owned] of parts.owned.entries()) {
        out.string(Buffer.from(parts.names?.[i] ?? `c${i}`), false);
        out.timeMs(2000 + i);
        out.length(owned.length);
        for (const one of owned) out.bytes(one);
      }
    }
  };
}

describe('consumer groups', () => {
  test('pending entries are told under their consumers', () => {
    const told = read(
      stream({ groups: groups({ pending: [id(10), id(12, 1)], owned: [[id(12, 1)], [id(10)]] }) }),
    );
    assert.equal(told.result, 'ok');
    assert.ok(told.value?.kind === 'stream');
    const pending = (ms: bigint, seq: bigint) => ({
      id: { ms, seq },
      deliveryTimeMs: 1000,
      deliveryCount: 3,
    });
    assert.deepEqual(told.value.groups, [
      {
        name: 'g',
        lastId: { ms: 10n, seq: 0n },
        entriesRead: 1,
        consumers: [
          { name: 'c0', seenTimeMs: 2000, activeTimeMs: 2000, pending: [pending(12n, 1n)] },
          { name: 'c1', seenTimeMs: 2001, activeTimeMs: 2001, pending: [pending(10n, 0n)] },
        ],
      },
    ]);
  });

  test('an old dump tells how much a group has read where that is certain', () => {
    const known: [lastMs: number, entriesRead: number | null][] = [
      [5, 0],
      [10, 1],
      [11, null],
      [20, 2],
      [21, null],
    ];
    for (const [lastMs, entriesRead] of known) {
      const { value } = read(stream({ groups: groups({ pending: [], owned: [], lastMs }) }));
      assert.ok(value?.kind === 'stream');
      assert.equal(value.groups[0]?.entriesRead, entriesRead);
    }
  });

  const BAD: Record<string, GroupParts> = {
    'a pending entry twice': { pending: [id(1), id(1)], owned: [[id(1)]] },
    'a pending entry without a consumer': { pending: [id(1), id(2)], owned: [[id(1)]] },
    'a pending entry of two consumers': { pending: [id(1)], owned: [[id(1)], [id(1)]] },
    'a consumer that owns an unknown entry': { pending: [], owned: [[id(1)]] },
    'a consumer twice': { pending: [], owned: [[], []], names: ['same', 'same'] },
    'a group twice': { pending: [], owned: [], groupNames: ['g', 'g'] },
  };
  for (const [name, parts] of Object.entries(BAD)) {
    test(`${name}: bad format`, () => {
      assert.equal(read(stream({ groups: groups(parts) })).result, 'bad-format');
    });
  }
});
