import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BlockMap } from './block-map.ts';

const runs = Number(process.env.PLINTH_FILES_RUNS ?? 100);

interface Row {
  stamp: number;
  wanted: number;
  readonly nodes: Map<number, number>;
}

/** Few numbers, so that they meet; some above 32 bits. */
const blocks = fc.integer({ min: 0, max: 30 }).map((n) => (n % 3 === 0 ? n * 2 ** 40 : n));
const nodes = fc.integer({ min: 0, max: 11 });
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      block: blocks,
      wanted: fc.integer({ min: 1, max: 15 }),
    }),
    fc.record({ kind: fc.constant('remove' as const), block: blocks }),
    fc.record({
      kind: fc.constant('put' as const),
      block: blocks,
      node: nodes,
      mark: fc.integer({ min: 0, max: 1 }),
    }),
    fc.record({ kind: fc.constant('drop' as const), block: blocks, node: nodes }),
    fc.record({ kind: fc.constant('dropNode' as const), node: nodes }),
  ),
  { maxLength: 200 },
);

test('a block map is a map of blocks to sets of nodes, whatever happens to it', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const map = new BlockMap();
      const model = new Map<number, Row>();
      for (const step of all) {
        if (step.kind === 'dropNode') {
          map.eachOf(step.node, (row) => map.drop(row, step.node));
          for (const row of model.values()) row.nodes.delete(step.node);
          continue;
        }
        const row = map.find(step.block);
        const known = model.get(step.block);
        assert.equal(row === -1, known === undefined);
        if (step.kind === 'add') {
          if (known !== undefined) continue;
          map.add({ block: step.block, stamp: step.wanted, length: 9, replication: step.wanted });
          model.set(step.block, { stamp: step.wanted, wanted: step.wanted, nodes: new Map() });
        } else if (known === undefined) continue;
        else if (step.kind === 'remove') {
          map.remove(row);
          model.delete(step.block);
        } else if (step.kind === 'put') {
          assert.equal(map.put(row, step.node, step.mark), !known.nodes.has(step.node));
          known.nodes.set(step.node, step.mark);
        } else assert.equal(map.drop(row, step.node), known.nodes.delete(step.node));
      }
      assert.equal(map.count, model.size);
      for (const [block, { stamp, wanted, nodes }] of model) {
        const row = map.find(block);
        assert.deepEqual(
          [map.block(row), map.stamp(row), map.length(row), map.wanted(row)],
          [block, stamp, 9, wanted],
        );
        assert.deepEqual(
          map.nodes(row, []).sort((a, b) => a - b),
          [...nodes.keys()].sort((a, b) => a - b),
        );
        for (const [node, mark] of nodes) assert.equal(map.mark(row, node), mark);
      }
    }),
    { numRuns: runs },
  );
});

test('a million blocks with three replicas take 33 bytes each, and those that go leave their place', () => {
  const map = new BlockMap();
  for (let block = 0; block < 1_000_000; block++) {
    const row = map.add({ block, stamp: 1, length: 1, replication: 3 });
    for (let node = 0; node < 3; node++) map.put(row, (block + node) % 20, 0);
  }
  assert.ok(map.bytes <= 33_000_000, `${map.bytes} bytes`);
  const { bytes } = map;
  for (let block = 0; block < 1_000_000; block += 2) map.remove(map.find(block));
  for (let block = 1_000_000; block < 1_500_000; block++) {
    map.add({ block, stamp: 1, length: 1, replication: 3 });
  }
  assert.equal(map.bytes, bytes);
  assert.equal(map.count, 1_000_000);
  for (let block = 0; block < 1_500_000; block++) {
    const isThere = block % 2 === 1 || block >= 1_000_000;
    const row = map.find(block);
    if ((row !== -1) !== isThere || (isThere && map.block(row) !== block)) assert.fail(`${block}`);
  }
});
