/** Orders whose end nobody knows, and what nodes say of replicas meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bed, none } from './cluster-bed.ts';

test('an order to delete that may still be carried out keeps its node out, until long after it registers anew', () => {
  const bed = new Bed(['a', 'a', 'a'], { workTimeoutMs: 5000 });
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  const [work] = bed.plan();
  assert.ok(work?.kind === 'delete');
  bed.state.done(work, 'unknown', bed.nowMs);
  assert.equal(bed.holders(1).length, 2);
  bed.state.register(bed.alive.get(work.node)!, bed.nowMs);
  bed.report(work.node, [1]);
  bed.pass(4000);
  assert.equal(bed.holders(1).length, 2, 'it may still go');
  bed.pass(2000);
  assert.equal(bed.holders(1).length, 3);
});

test('a replica that was told to go on a connection that lasts, without an answer, counts again after a while', () => {
  const bed = new Bed(['a', 'a', 'a'], { workTimeoutMs: 5000 });
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  const [work] = bed.plan();
  assert.ok(work?.kind === 'delete');
  const others = bed.holders(1);
  for (const id of others) bed.alive.delete(id);
  bed.pass(9000);
  assert.deepEqual(bed.holders(1), others, 'it may still go');
  bed.pass(31_000);
  assert.deepEqual(bed.holders(1), [work.node], 'it is the last one, and was never lost');
  assert.equal(bed.state.status(bed.nowMs).counts.missing, 0);
});

test('a damaged replica that was told to go and is reported whole by a node that registers anew was replaced', () => {
  const bed = new Bed(['a', 'a'], { workTimeoutMs: 5000 });
  bed.expect(1, ['n0', 'n1']);
  bed.state.corrupt('n1', 1, 1);
  bed.pass(1000);
  const work = bed.plan().find(({ kind }) => kind === 'delete');
  assert.ok(work?.kind === 'delete' && work.node === 'n1');
  // It was carried out, unheard, and a copy that was under way before has come since.
  bed.state.register(bed.alive.get('n1')!, bed.nowMs);
  bed.report('n1', [1]);
  assert.deepEqual(bed.holders(1), ['n0'], 'the order may still be carried out');
  bed.pass(6000);
  assert.deepEqual(bed.holders(1), ['n0', 'n1']);
  assert.deepEqual(bed.plan(), []);
});

test('a damaged replica stays damaged whatever a report says, until its node read it whole or registered anew', () => {
  const bed = new Bed(['a', 'a'], { workTimeoutMs: 5000 });
  for (const block of [1, 2]) {
    bed.expect(block, ['n0', 'n1']);
    bed.state.corrupt('n1', block, 1);
  }
  bed.report('n1', [1, 2]);
  assert.deepEqual([bed.holders(1), bed.holders(2)], [['n0'], ['n0']]);
  bed.state.whole('n1', { block: 1, stamp: 7, length: 10 });
  assert.deepEqual(bed.holders(1), ['n0'], 'another generation');
  bed.state.whole('n1', { block: 1, stamp: 1, length: 10 });
  assert.deepEqual([bed.holders(1), bed.holders(2)], [['n0', 'n1'], ['n0']]);
  bed.state.register(bed.alive.get('n1')!, bed.nowMs);
  bed.report('n1', [1, 2]);
  assert.deepEqual(bed.holders(2), ['n0', 'n1']);
  assert.deepEqual(bed.plan(), []);
});

test('a replica that was read whole while its order to go is under way does not count before that is over', () => {
  const bed = new Bed(['a', 'a']);
  bed.expect(1, ['n0', 'n1']);
  bed.state.corrupt('n1', 1, 1);
  const work = bed.plan().find(({ kind }) => kind === 'delete');
  assert.ok(work?.kind === 'delete');
  bed.state.whole('n1', { block: 1, stamp: 1, length: 10 });
  assert.deepEqual(bed.holders(1), ['n0']);
  bed.state.done(work, 'done', bed.nowMs);
  assert.deepEqual(bed.holders(1), ['n0']);
});

test('damage that was told of an earlier generation does not concern the replica that is reported', () => {
  const bed = new Bed(['a', 'a']);
  bed.expect(1, ['n0'], 2);
  const late = { block: 1, stamp: 1, length: 10 };
  bed.state.register(bed.alive.get('n1')!, bed.nowMs);
  bed.state.corrupt('n1', 1, 7);
  bed.state.beginReport('n1');
  bed.state.removed('n1', 1, 8);
  assert.deepEqual(bed.state.reportPage('n1', [late], none), []);
  bed.state.endReport('n1');
  assert.deepEqual(bed.holders(1), ['n0', 'n1']);
});

test('a replica whose order to go was never answered lets no other one go, and is told again when it is too many', () => {
  const bed = new Bed(['a', 'a', 'a'], { workTimeoutMs: 5000 });
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  const [work] = bed.plan();
  assert.ok(work?.kind === 'delete');
  const [other, silent] = bed.holders(1);
  bed.alive.delete(silent!);
  bed.pass(40_000);
  assert.deepEqual(bed.holders(1), [other, work.node].toSorted());
  bed.expect(1, [], 1);
  bed.pass(2000);
  const told = bed.settle();
  assert.deepEqual(
    told.map((each) => each.kind === 'delete' && each.node),
    [work.node],
    'the one that may go at any time goes, not the one that is certain',
  );
  assert.deepEqual(bed.holders(1), [other]);
});

test('what was told to go and did not is told again only if the racks stay as they should', () => {
  const bed = new Bed(['a', 'a', 'b', 'b'], { workTimeoutMs: 5000 });
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  const [work] = bed.plan();
  assert.ok(work?.kind === 'delete' && bed.rackOf(work.node) === 'a');
  // The one that is left on its rack goes, and another one has come on the other rack.
  const left = work.node === 'n0' ? 'n1' : 'n0';
  bed.expect(1, ['n3'], 2);
  bed.alive.delete(left);
  bed.pass(5000);
  bed.state.done(work, 'failed', bed.nowMs);
  bed.pass(3000);
  assert.deepEqual(bed.plan(), []);
});

test('a damaged replica makes room though a node that is dead may still have an order about the block', () => {
  const bed = new Bed(['a', 'a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2'], 3);
  bed.state.received('n3', { block: 1, stamp: 7, length: 10 }, none);
  const [work] = bed.plan();
  assert.ok(work?.kind === 'delete' && work.node === 'n3');
  bed.alive.delete('n3');
  bed.pass(40_000);
  bed.state.corrupt('n1', 1, 1);
  assert.deepEqual(
    bed.settle().map(({ kind }) => kind),
    ['delete', 'copy'],
  );
  assert.deepEqual(bed.holders(1), ['n0', 'n1', 'n2']);
});

test('of replicas that are all in doubt one goes when nothing was carried out for a long time', () => {
  const bed = new Bed(['a', 'a', 'a'], { workTimeoutMs: 5000 });
  bed.expect(1, ['n0', 'n1', 'n2'], 1);
  const [first, second] = bed.plan();
  assert.ok(first?.kind === 'delete' && second?.kind === 'delete');
  const [sure] = bed.holders(1);
  bed.alive.delete(sure!);
  bed.pass(35_000);
  assert.equal(bed.holders(1).length, 2);
  assert.deepEqual(bed.plan(), []);
  bed.pass(30_000);
  assert.equal(bed.settle().length, 1);
});

test('an order about a replica in whose place another one came ends with its block', () => {
  const bed = new Bed(['a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1'], 2);
  bed.state.received('n2', { block: 1, stamp: 7, length: 10 }, none);
  const [work] = bed.plan();
  assert.ok(work?.kind === 'delete' && work.node === 'n2');
  bed.state.received('n2', { block: 1, stamp: 1, length: 10 }, none);
  bed.state.forget(1);
  assert.equal(bed.state.status(bed.nowMs).totals.open, 0);
  bed.state.disconnected('n2', bed.nowMs);
  const { counts } = bed.state.status(bed.nowMs);
  assert.deepEqual(
    Object.values(counts).filter((count) => count !== 0),
    [],
    'nothing is counted of a block that is not there',
  );
});
