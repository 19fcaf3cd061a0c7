import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RdbValueWriter } from '../rdb/index.ts';
import { value } from '../rdb/testing/arbitraries.ts';
import { tell, type ValueModel } from '../rdb/testing/model.ts';
import { digestOf, sameValue, ValueDigest } from './value-digest.ts';

function digest(model: ValueModel): string {
  const sink = new ValueDigest();
  tell(model, sink);
  return sink.take();
}

function payload(model: ValueModel, compress: boolean): Buffer {
  const writer = new RdbValueWriter({ compress });
  tell(model, writer);
  return writer.finishDump();
}

const set = (...members: string[]): ValueModel => ({ kind: 'set', packed: false, members });
const list = (...items: string[]): ValueModel => ({ kind: 'list', items });
const zset = (...members: [string, number][]): ValueModel => {
  return { kind: 'zset', packed: false, members };
};
const hash = (...fields: [string, string, number][]): ValueModel => {
  return { kind: 'hash', packed: false, minExpireAtMs: 0, fields };
};

type StreamModel = Extract<ValueModel, { kind: 'stream' }>;

const id = (ms: bigint) => ({ ms, seq: 0n });
const stream: StreamModel = {
  kind: 'stream',
  entries: [
    { ...id(1n), pairs: ['a', 'b'] },
    { ...id(2n), pairs: ['a', 'c'] },
  ],
  meta: { length: 2, lastId: id(2n), firstId: id(1n), maxDeletedId: id(0n), entriesAdded: 2 },
  groups: ['g', 'h'].map((name) => ({
    name,
    lastId: id(2n),
    entriesRead: 2,
    consumers: ['x', 'y'].map((consumer, i) => ({
      name: consumer,
      seenTimeMs: 5,
      activeTimeMs: null,
      pending: [{ id: id(BigInt(i + 1)), deliveryTimeMs: 7, deliveryCount: 1 }],
    })),
  })),
};
const changed = (change: (copy: StreamModel) => void): StreamModel => {
  const copy = structuredClone(stream);
  change(copy);
  return copy;
};

describe('value digest', () => {
  test('is the same for a value and for what is read from its payloads', () => {
    fc.assert(
      fc.property(value, fc.boolean(), (model, compress) => {
        const one = payload(model, compress);
        assert.equal(digestOf(one), digest(model));
        assert.ok(sameValue(one, payload(model, !compress)));
      }),
      { numRuns: 60 },
    );
  });

  test('members count in any order, list items in theirs', () => {
    assert.equal(digest(set('a', 'b', 'c')), digest(set('c', 'a', 'b')));
    assert.equal(digest(zset(['a', 1], ['b', 2])), digest(zset(['b', 2], ['a', 1])));
    assert.equal(
      digest(hash(['a', '1', 0], ['b', '2', 0])),
      digest(hash(['b', '2', 0], ['a', '1', 0])),
    );
    assert.notEqual(digest(list('a', 'b')), digest(list('b', 'a')));
  });

  test('every part of a value counts', () => {
    const models: ValueModel[] = [
      { kind: 'string', value: 'a' },
      { kind: 'string', value: 'b' },
      { kind: 'string', value: '' },
      list('a'),
      list('ab'),
      list('a', 'b'),
      list('', 'ab'),
      set('a'),
      set('a', 'b'),
      set('ab'),
      zset(['a', 1]),
      zset(['a', 2]),
      zset(['a', 1], ['b', 2]),
      zset(['a', 2], ['b', 1]),
      hash(['a', 'b', 0]),
      hash(['b', 'a', 0]),
      hash(['a', 'b', 9]),
      hash(['a', '1', 0], ['b', '2', 0]),
      hash(['a', '2', 0], ['b', '1', 0]),
      stream,
      changed((copy) => copy.entries.pop()),
      changed((copy) => copy.entries[0]?.pairs.reverse()),
      changed((copy) => copy.groups.pop()),
      changed((copy) => copy.groups[0]?.consumers.pop()),
      changed((copy) => copy.groups[0]?.consumers[0]?.pending.pop()),
      changed((copy) => {
        copy.groups[1]!.entriesRead = null;
      }),
      changed((copy) => {
        copy.groups[0]!.consumers[0]!.pending[0]!.deliveryCount = 2;
      }),
      changed((copy) => {
        const [one, other] = copy.groups[0]!.consumers;
        [one!.name, other!.name] = [other!.name, one!.name];
      }),
      changed((copy) => {
        copy.meta = { ...copy.meta!, entriesAdded: 3 };
      }),
    ];
    assert.equal(new Set(models.map(digest)).size, models.length);
  });

  test('when a consumer was last seen does not count, nor the order of groups', () => {
    const later = changed((copy) => {
      copy.groups[0]!.consumers[0]!.seenTimeMs = 99;
      copy.groups.reverse();
      copy.groups[0]!.consumers.reverse();
    });
    assert.equal(digest(later), digest(stream));
  });

  test('what a group has read counts, but not between a master and its replica', () => {
    const behind = changed((copy) => {
      copy.groups[0]!.entriesRead = null;
    });
    const [one, other] = [payload(stream, false), payload(behind, false)];
    assert.notEqual(digestOf(one), digestOf(other));
    assert.ok(sameValue(one, other));
  });

  test('bytes that are no payload have none', () => {
    assert.equal(digestOf(Buffer.from('nonsense')), null);
    assert.equal(sameValue(Buffer.from('some nonsense'), Buffer.from('other nonsense')), false);
  });
});
