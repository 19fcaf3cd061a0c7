import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { Bed, disk, GIB, none } from './cluster-bed.ts';
import { ClusterState } from './cluster-state.ts';
import type { CopyWork } from './work.ts';

test('targets: the first near the writer, the second on another rack, the third beside the second', () => {
  const bed = new Bed(['a', 'a', 'b', 'b', 'c', 'c']);
  for (let nth = 0; nth < 50; nth++) {
    const targets = bed.state.targets({ replication: 3, bytes: 1, writer: { node: 'n1' } });
    assert.ok(targets.found);
    const [first, second, third] = targets.nodes;
    assert.equal(first, 'n1');
    assert.notEqual(bed.rackOf(second!), 'a');
    assert.equal(bed.rackOf(third!), bed.rackOf(second!));
    assert.notEqual(third, second);
  }
  const beside = bed.state.targets({ replication: 1, bytes: 1, writer: { rack: 'c' } });
  assert.ok(beside.found && bed.rackOf(beside.nodes[0]!) === 'c');
});

test('targets: fewer nodes than wanted are all given, without room or nodes it is said which', () => {
  const bed = new Bed(['a', 'a']);
  const two = bed.state.targets({ replication: 5, bytes: 1 });
  assert.deepEqual(two.found && [...two.nodes].sort(), ['n0', 'n1']);
  assert.deepEqual(bed.state.targets({ replication: 1, bytes: 51 * GIB }), {
    found: false,
    why: 'disk-full',
  });
  const exclude = new Set(['n0', 'n1']);
  assert.deepEqual(bed.state.targets({ replication: 1, bytes: 1, exclude }), {
    found: false,
    why: 'no-nodes',
  });
  bed.alive.clear();
  bed.pass(3000);
  assert.deepEqual(bed.state.targets({ replication: 1, bytes: 1 }), {
    found: false,
    why: 'no-nodes',
  });
});

test('targets: what was promised to writers is not given again before a heartbeat tells', () => {
  const bed = new Bed(['a']);
  const request = { replication: 1, bytes: 20 * GIB };
  assert.deepEqual(
    [1, 2, 3].map(() => bed.state.targets(request).found),
    [true, true, false],
  );
});

test('replicas: same node, same rack, others, and silent nodes last', () => {
  const bed = new Bed(['a', 'a', 'b', 'b']);
  bed.expect(1, ['n3', 'n2', 'n1', 'n0']);
  const near = bed.state.replicas(1, 1, { node: 'n2' });
  assert.deepEqual(near.slice(0, 2), ['n2', 'n3']);
  bed.alive.delete('n2');
  bed.pass(3000);
  assert.equal(bed.state.replicas(1, 1, { node: 'n2' }).at(-1), 'n2');
  assert.deepEqual(bed.state.replicas(1, 2), []);
  assert.deepEqual(bed.state.replicas(2, 1), []);
});

test('a node that is silent is stale, then dead, and only then its blocks are copied, each once', () => {
  const bed = new Bed(['a', 'a', 'b', 'b']);
  for (let block = 1; block <= 20; block++) bed.expect(block, ['n0', 'n2']);
  bed.alive.delete('n0');
  bed.pass(29_000);
  assert.deepEqual(bed.plan(), []);
  bed.pass(2000);
  assert.equal(bed.state.status(bed.nowMs).counts.lastReplica, 20);
  const plan = bed.settle();
  assert.equal(plan.length, 20);
  for (const work of plan) {
    assert.ok(work.kind === 'copy' && work.from === 'n2' && work.to === 'n1', 'to the other rack');
    assert.equal(work.reason, 'last-replica');
  }
  assert.equal(bed.state.status(bed.nowMs).lackingCopies, 0);
});

test('the most endangered blocks come first', () => {
  const bed = new Bed(['a', 'a', 'a', 'a', 'a', 'a'], { copiesMax: 1 });
  bed.expect(1, ['n0', 'n1', 'n2'], 4);
  bed.expect(2, ['n0', 'n1'], 4);
  bed.expect(3, ['n0'], 4);
  bed.expect(4, ['n0', 'n1'], 2);
  bed.state.corrupt('n0', 4, 1);
  const order: [number, string][] = bed.settle().map(({ block, reason }) => [block, reason]);
  const first = new Map(order.toReversed().map(([block, reason]) => [block, reason]));
  assert.deepEqual(
    first,
    new Map([
      [3, 'last-replica'],
      [2, 'half-missing'],
      [1, 'some-missing'],
      [4, 'last-replica'],
    ]),
  );
  assert.deepEqual(new Set(order.slice(0, 2).map(([block]) => block)), new Set([3, 4]));
  assert.equal(
    order.findIndex(([, reason]) => reason === 'some-missing') >
      order.findIndex(([, reason]) => reason === 'half-missing'),
    true,
  );
});

test('a damaged replica is not read, is copied from a whole one and deleted then', () => {
  const bed = new Bed(['a', 'a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2']);
  bed.state.corrupt('n1', 1, 1);
  assert.deepEqual(bed.holders(1), ['n0', 'n2']);
  const kinds = bed.settle().map((work) => [work.kind, work.kind === 'copy' ? work.to : work.node]);
  assert.deepEqual(kinds, [
    ['copy', 'n3'],
    ['delete', 'n1'],
  ]);
  assert.deepEqual(bed.holders(1), ['n0', 'n2', 'n3']);
});

test('on as many nodes as replicas a damaged one makes room for its copy, and the last one stays', () => {
  const bed = new Bed(['a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2']);
  bed.state.corrupt('n1', 1, 1);
  assert.deepEqual(
    bed.settle().map(({ kind }) => kind),
    ['delete', 'copy'],
  );
  assert.deepEqual(bed.holders(1), ['n0', 'n1', 'n2']);
  for (const id of ['n0', 'n1']) bed.state.corrupt(id, 1, 1);
  assert.deepEqual(bed.state.located(1, 1), {
    nodes: [{ node: 'n2', address: 'n2:1', rack: 'a' }],
    corrupt: false,
  });
  bed.state.corrupt('n2', 1, 1);
  assert.deepEqual(bed.state.located(1, 1), { nodes: [], corrupt: true });
  bed.pass(10_000);
  assert.deepEqual(bed.settle(), []);
  const { counts, corruptReplicas } = bed.state.status(bed.nowMs);
  assert.deepEqual([counts.missing, corruptReplicas], [1, 3]);
});

test('of two damaged replicas that make room the second one goes when the first one is made good', () => {
  const bed = new Bed(['a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2']);
  bed.state.corrupt('n0', 1, 1);
  bed.state.corrupt('n1', 1, 1);
  const [first, ...others] = bed.plan();
  assert.ok(first?.kind === 'delete' && others.length === 0);
  // Whatever is looked at meanwhile, and however long it takes.
  bed.pass(20_000);
  assert.deepEqual(bed.plan(), []);
  bed.state.done(first, 'done', bed.nowMs);
  assert.deepEqual(
    bed.settle().map(({ kind }) => kind),
    ['copy', 'delete', 'copy'],
  );
  assert.deepEqual(bed.holders(1), ['n0', 'n1', 'n2']);
});

test('a damaged replica goes soon, though all nodes have registered only just now', () => {
  const bed = new Bed(['a', 'a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2']);
  for (const facts of bed.alive.values()) {
    bed.state.register(facts, bed.nowMs);
    bed.report(facts.id, facts.id === 'n3' ? [] : [1]);
  }
  bed.state.corrupt('n1', 1, 1);
  assert.deepEqual(
    bed.settle().map(({ kind }) => kind),
    ['copy', 'delete'],
  );
  assert.equal(bed.state.status(bed.nowMs).corruptReplicas, 0);
});

test('what a report says is damaged does not count, unless it has come anew since the report began', () => {
  const bed = new Bed(['a', 'a', 'a']);
  for (const block of [1, 2]) bed.expect(block, ['n0', 'n1', 'n2']);
  const damaged = [1, 2].map((block) => ({ block, stamp: 1, length: 10, isCorrupt: true }));
  bed.state.beginReport('n1');
  bed.state.removed('n1', 2, 1);
  bed.state.received('n1', { block: 2, stamp: 1, length: 10 }, none);
  bed.state.reportPage('n1', damaged, none);
  bed.state.endReport('n1');
  assert.deepEqual(bed.holders(1), ['n0', 'n2']);
  assert.deepEqual(bed.holders(2), ['n0', 'n1', 'n2']);
  assert.equal(bed.state.status(bed.nowMs).corruptReplicas, 1);
});

test('too many replicas: the fullest node loses one, and the racks stay', () => {
  const bed = new Bed(['a', 'a', 'b']);
  bed.alive.set('n2', { ...bed.alive.get('n2')!, disks: [disk(GIB)] });
  bed.alive.set('n1', { ...bed.alive.get('n1')!, disks: [disk(20 * GIB)] });
  bed.pass(1000);
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  const [work, ...others] = bed.settle();
  assert.ok(work?.kind === 'delete' && work.node === 'n1' && others.length === 0);
  assert.deepEqual(bed.holders(1), ['n0', 'n2']);
});

test('nothing is trimmed while a node is silent, or has come back and not reported', () => {
  const bed = new Bed(['a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  const n2 = bed.alive.get('n2')!;
  bed.alive.delete('n2');
  bed.pass(3000);
  assert.deepEqual(bed.plan(), []);
  bed.alive.set('n2', n2);
  bed.state.register(n2, bed.nowMs);
  bed.pass(60_000);
  assert.deepEqual(bed.plan(), []);
  bed.report('n2', [1]);
  bed.pass(2000);
  assert.equal(bed.plan().length, 1);
});

test('a node that has registered anew may still carry out what it was told before: its replicas do not let others go yet', () => {
  const bed = new Bed(['a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  bed.state.register(bed.alive.get('n2')!, bed.nowMs);
  bed.report('n2', [1]);
  bed.pass(30_000);
  assert.deepEqual(bed.plan(), []);
  bed.pass(5000);
  assert.equal(bed.plan().length, 1);
});

test('a report takes away what it does not name, and what comes while it lasts stays', () => {
  const bed = new Bed(['a', 'a']);
  for (const block of [1, 2, 3]) bed.expect(block, ['n0', 'n1']);
  bed.state.beginReport('n0');
  bed.state.reportPage('n0', [{ block: 1, stamp: 1, length: 10 }], none);
  bed.state.received('n0', { block: 3, stamp: 1, length: 10 }, none);
  bed.state.removed('n0', 1, 1);
  bed.state.reportPage('n0', [{ block: 1, stamp: 1, length: 10 }], none);
  assert.deepEqual(
    [1, 2, 3].map((block) => bed.holders(block).includes('n0')),
    [false, true, true],
  );
  bed.state.endReport('n0');
  assert.deepEqual(
    [1, 2, 3].map((block) => bed.holders(block).includes('n0')),
    [false, false, true],
  );
});

test('a report that is cut off takes nothing away, and the next one does', () => {
  const bed = new Bed(['a', 'a']);
  for (const block of [1, 2]) bed.expect(block, ['n0', 'n1']);
  bed.state.beginReport('n0');
  bed.state.reportPage('n0', [{ block: 1, stamp: 1, length: 10 }], none);
  bed.state.register(bed.alive.get('n0')!, bed.nowMs);
  bed.state.endReport('n0');
  assert.deepEqual(
    [1, 2].map((block) => bed.holders(block).includes('n0')),
    [true, true],
  );
  bed.report('n0', [2]);
  assert.deepEqual(
    [1, 2].map((block) => bed.holders(block).includes('n0')),
    [false, true],
  );
});

test('orphans: unnamed and written before; never in safe mode, never what is held', () => {
  const options = { expectedNodes: ['n0', 'gone'], orphansBelow: 100, safeModeMs: 60_000 };
  const state = new ClusterState({ random: createSimRandom(1), startedMs: 0, ...options });
  state.register({ id: 'n0', address: '', rack: '', disks: [disk(GIB)] }, 0);
  const replicas = [5, 6, 100].map((block) => ({ block, stamp: 1, length: 1 }));
  const lookup = (block: number) => (block === 6 ? ('held' as const) : undefined);
  const report = () => {
    state.beginReport('n0');
    const orphans = state.reportPage('n0', replicas, lookup);
    state.endReport('n0');
    return orphans.map(({ block }) => block);
  };
  assert.deepEqual(report(), []);
  state.heartbeat('n0', { disks: [], transfers: 0 }, 59_000);
  state.tick(59_000);
  assert.deepEqual([state.isSafeMode, state.status(59_000).awaited], [true, ['gone']]);
  state.tick(60_000);
  assert.equal(state.isSafeMode, false);
  assert.deepEqual(report(), [5]);
});

test('a block that was forgotten is an orphan wherever it turns up, whatever an old look-up says', () => {
  const bed = new Bed(['a', 'a', 'a']);
  bed.expect(1, ['n0'], 2);
  const [copy] = bed.plan();
  assert.deepEqual(bed.state.forget(1), [{ node: 'n0', stamp: 1 }]);
  assert.equal(bed.state.status(bed.nowMs).ledger[0]?.state, 'not-needed');
  const replica = { block: 1, stamp: 1, length: 10 };
  const wanted = { ...replica, replication: 2 };
  assert.deepEqual(
    bed.state.received((copy as CopyWork).to, replica, () => wanted),
    [replica],
  );
  bed.state.done(copy!, 'done', bed.nowMs);
  assert.deepEqual(bed.state.replicas(1, 1), []);
});

test('a stale replica is not given to readers and goes; under a new stamp the whole ones are the others', () => {
  const bed = new Bed(['a', 'a', 'a']);
  bed.expect(1, ['n0', 'n1', 'n2'], 2);
  bed.state.expect({ block: 1, stamp: 2, length: 20, replication: 2 }, ['n0', 'n1']);
  assert.deepEqual([...bed.state.replicas(1, 2)].sort(), ['n0', 'n1']);
  assert.deepEqual(bed.state.replicas(1, 1), []);
  const [work, ...others] = bed.settle();
  assert.deepEqual(others, []);
  assert.ok(work?.kind === 'delete' && work.node === 'n2' && work.stamp === 1);
});

test('work that never answers is timed out and planned again', () => {
  const bed = new Bed(['a', 'a']);
  bed.expect(1, ['n0'], 2);
  const [first] = bed.plan();
  bed.pass(29_000);
  assert.deepEqual(bed.plan(), []);
  bed.pass(3000);
  const [second] = bed.plan();
  assert.ok(second !== undefined && second.id !== first?.id);
  const states = bed.state.status(bed.nowMs).ledger.map(({ state }) => state);
  assert.deepEqual(states, ['open', 'timed-out']);
  bed.state.done(first!, 'failed', bed.nowMs);
  assert.equal(
    bed.state.status(bed.nowMs).totals.open,
    1,
    'what was given up is not counted twice',
  );
});

test('decommission: all is copied first, then the node may go; maintenance asks for one replica elsewhere', () => {
  const bed = new Bed(['a', 'a', 'a', 'a']);
  for (let block = 1; block <= 10; block++) bed.expect(block, ['n0', 'n1']);
  const admin = (id: string) =>
    bed.state.status(bed.nowMs).nodes.find((node) => node.id === id)?.admin;
  bed.state.setAdmin('n0', 'decommission');
  bed.pass(2000);
  assert.deepEqual(
    [admin('n0'), bed.state.status(bed.nowMs).counts.drain],
    ['decommissioning', 10],
  );
  assert.ok(bed.settle().every(({ reason }) => reason === 'drain'));
  bed.pass(3000);
  assert.equal(admin('n0'), 'decommissioned');
  bed.state.setAdmin('n0', 'in-service');
  bed.settle();
  bed.state.setAdmin('n1', 'maintenance', bed.nowMs + 100_000);
  bed.pass(3000);
  assert.equal(admin('n1'), 'in-maintenance');
  bed.alive.delete('n1');
  bed.pass(40_000);
  assert.deepEqual(bed.plan(), [], 'its replicas will be back');
  bed.pass(60_000);
  assert.ok(bed.settle().length > 0, 'maintenance is over and it is not');
});

test('copies are throttled by node, in all and by bytes, but the last replica does not wait for bytes', () => {
  const bed = new Bed(['a', 'a', 'a', 'a', 'a'], {
    copiesPerSource: 2,
    copiesPerTarget: 1,
    copiesMax: 3,
    repairBytesPerSecond: 10,
  });
  for (let block = 1; block <= 10; block++) bed.expect(block, ['n0'], 2);
  assert.equal(bed.plan().length, 2, 'two from one source');
  for (let block = 11; block <= 20; block++) bed.expect(block, ['n1'], 2);
  const plan = bed.plan();
  assert.equal(plan.length, 1, 'three in all');
  const slow = new Bed(['a', 'a', 'a', 'a'], { repairBytesPerSecond: 10 });
  for (let block = 1; block <= 5; block++) slow.expect(block, ['n0', 'n1'], 3);
  assert.equal(slow.settle().length, 1);
  slow.pass(1000);
  assert.equal(slow.settle().length, 1);
});

test('balance moves blocks from the fullest node to an empty one when nothing else is to be done', () => {
  const bed = new Bed(['a', 'a']);
  for (let block = 1; block <= 8; block++) bed.expect(block, ['n0']);
  bed.alive.set('n0', { ...bed.alive.get('n0')!, disks: [disk(30 * GIB)] });
  bed.pass(1000);
  const [copy] = bed.plan();
  assert.ok(copy?.kind === 'copy' && copy.reason === 'balance' && copy.to === 'n1');
  bed.state.done(copy, 'done', bed.nowMs);
  const trims = bed.plan().filter(({ kind }) => kind === 'delete');
  assert.deepEqual(
    trims.map((work) => work.kind === 'delete' && work.node),
    ['n0'],
  );
});

test('time to full redundancy follows the copies that were made', () => {
  const bed = new Bed(['a', 'a'], { copiesMax: 1 });
  for (let block = 1; block <= 10; block++) bed.expect(block, ['n0'], 2);
  const estimate = () => bed.state.status(bed.nowMs).msToFullRedundancy;
  assert.equal(estimate(), undefined);
  for (let copies = 0; copies < 5; copies++) {
    const [work] = bed.plan();
    bed.pass(1000);
    bed.state.done(work!, 'done', bed.nowMs);
  }
  assert.equal(estimate(), 5000);
  bed.settle();
  assert.equal(estimate(), 0);
});

test('the ledger keeps the newest entries and no more, and counts all', () => {
  const bed = new Bed(['a', 'a'], { ledgerEntries: 4 });
  for (let block = 1; block <= 10; block++) bed.expect(block, ['n0'], 2);
  bed.settle();
  const { ledger, totals } = bed.state.status(bed.nowMs);
  assert.deepEqual(
    [ledger.length, totals.copied, totals.copiedBytes, totals.open],
    [4, 10, 100, 0],
  );
  assert.ok(
    ledger.every(({ state, from, to }) => state === 'done' && from === 'n0' && to === 'n1'),
  );
});

test('a dead node can be forgotten, and its place is taken by another one', () => {
  const bed = new Bed(['a', 'b']);
  bed.expect(1, ['n0', 'n1']);
  assert.equal(bed.state.forgetNode('n0'), false);
  bed.alive.delete('n0');
  bed.pass(31_000);
  assert.equal(bed.state.forgetNode('n0'), true);
  bed.state.register({ id: 'new', address: '', rack: 'a', disks: [disk(GIB)] }, bed.nowMs);
  assert.deepEqual(bed.holders(1), ['n1']);
  assert.equal(bed.state.heartbeat('n0', { disks: [], transfers: 0 }, bed.nowMs), false);
  const [work] = bed.plan();
  assert.ok(work?.kind === 'copy' && work.to === 'new');
});
