import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readEntry, toCoordinatorKinds, toMemberKinds } from './wire.ts';

const purge = fc.record({
  kind: fc.constantFrom('url', 'prefix', 'host', 'tag', 'all'),
  value: fc.string(),
  soft: fc.boolean(),
});
const text = fc.string({ minLength: 1 });
const position = fc.record({ epoch: text, sequence: fc.nat() });
const time = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }));
const ask = fc.record({
  ...{ kind: fc.constant('ask'), id: fc.string(), purges: fc.array(purge) },
  ...{ who: fc.string(), by: fc.string() },
});
const receipt = fc.record({
  kind: fc.constant('receipt'),
  id: fc.string(),
  receipt: fc.record({
    ...{ sequence: fc.nat(), epoch: text, ms: time },
    pops: fc.array(
      fc.record({ pop: fc.string(), state: fc.constantFrom('confirmed', 'cut-off'), ms: time }),
    ),
  }),
});
const entries = fc
  .tuple(fc.nat(), fc.array(fc.record({ epoch: text, id: fc.string(), purges: fc.array(purge) })))
  .map(([after, list]) => ({
    kind: 'entries',
    after,
    entries: list.map((each, i) => ({
      ...each,
      ...{ sequence: after + 1 + i, who: '', by: '', leaseMs: 3000 },
    })),
  }));

const messages: readonly (readonly [
  { readonly name: string; read(body: Readonly<Record<string, unknown>>): object | undefined },
  fc.Arbitrary<object>,
])[] = [
  [
    toCoordinatorKinds.join,
    fc.record({ kind: fc.constant('join'), position: fc.option(position) }),
  ],
  [toCoordinatorKinds.ask, ask],
  [
    toCoordinatorKinds.beat,
    fc.record({ kind: fc.constant('beat'), n: fc.nat(), applied: fc.nat() }),
  ],
  [toMemberKinds.receipt, receipt],
  [toMemberKinds.entries, entries],
  [toMemberKinds.joined, fc.record({ kind: fc.constant('joined'), reset: fc.option(position) })],
];

test('every message is the same behind the wire, and nothing else is taken for one', () => {
  for (const [kind, arbitrary] of messages) {
    fc.assert(
      fc.property(arbitrary, fc.nat(), fc.jsonValue(), (message, at, other) => {
        const body = JSON.parse(JSON.stringify(message)) as Record<string, unknown>;
        assert.deepEqual(kind.read(body), JSON.parse(JSON.stringify(message)), kind.name);
        // One member is something else: it is refused, or still what it should be.
        const names = Object.keys(body).filter((name) => name !== 'kind');
        const name = names[at % names.length] as string;
        const read = kind.read({ ...body, [name]: other });
        if (read !== undefined) {
          assert.deepEqual(Object.keys(read).toSorted(), Object.keys(body).toSorted());
        }
      }),
      { numRuns: 200 },
    );
  }
});

test('purges out of their order, or that are none, are no entries', () => {
  const entry = { epoch: 'e', sequence: 3, id: '', purges: [], who: '', by: '', leaseMs: 1 };
  assert.ok(toMemberKinds.entries.read({ after: 2, entries: [entry] }) !== undefined);
  assert.equal(toMemberKinds.entries.read({ after: 1, entries: [entry] }), undefined);
  for (const wrong of [
    { ...entry, sequence: -1 },
    { ...entry, sequence: 1.5 },
    { ...entry, epoch: '' },
    { ...entry, purges: [{ kind: 'none', value: '', soft: false }] },
    { ...entry, purges: [{ kind: 'tag', value: 'x' }] },
    { ...entry, purges: {} },
    null,
    'x',
  ]) {
    assert.equal(readEntry(wrong), undefined, JSON.stringify(wrong));
  }
  assert.equal(toMemberKinds.refused.read({ id: 'a', problem: 'toString', detail: '' }), undefined);
});
