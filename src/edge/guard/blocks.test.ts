import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blocks, OPERATOR_BLOCKS_MAX } from './blocks.ts';
import { Visitor } from './visitor.ts';

const settings = { enabled: true, points: 100, blockMs: 1000, blockMaxMs: 4000 };

function visitorOf(address: string): Visitor {
  const visitor = new Visitor();
  visitor.readText(Buffer.from(address), 0, address.length);
  return visitor;
}

const bad = visitorOf('192.0.2.1');
const other = visitorOf('192.0.2.2');

/** Misdeeds until a block begins; its length, or 0 when none did. */
function misbehave(blocks: Blocks, { a, b }: Visitor, nowMs: number, times = 10): number {
  let lengthMs = 0;
  for (let i = 0; i < times; i++) {
    lengthMs = Math.max(lengthMs, blocks.penalise(a, b, 'body-timeout', nowMs, settings));
  }
  return lengthMs;
}

const newBlocks = (): Blocks => new Blocks({ memoryBytes: 1 << 16, seed: 1 });

test('misdeeds add up to a block, of one client and no other', () => {
  const blocks = newBlocks();
  assert.equal(misbehave(blocks, bad, 0, 4), 0);
  assert.equal(blocks.leftMs(bad.a, bad.b, 0), 0);
  assert.equal(misbehave(blocks, bad, 0, 1), 1000);
  assert.equal(blocks.leftMs(bad.a, bad.b, 400), 600);
  assert.equal(blocks.leftMs(other.a, other.b, 400), 0);
  assert.equal(blocks.leftMs(bad.a, bad.b, 1000), 0);
  assert.deepEqual(blocks.shown(400, 10), [
    { network: '192.0.2.1', by: 'misdeeds', reason: 'body-timeout', leftMs: 600 },
  ]);
  assert.deepEqual(blocks.shown(1000, 10), []);
});

test('points are forgotten with time', () => {
  const blocks = newBlocks();
  for (let i = 0; i < 20; i++) {
    assert.equal(misbehave(blocks, bad, i * 30_000, 3), 0);
  }
});

test('each further block is twice as long, up to the longest, until all is forgiven', () => {
  const blocks = newBlocks();
  const lengths: number[] = [];
  let nowMs = 0;
  for (let i = 0; i < 5; i++) {
    const lengthMs = misbehave(blocks, bad, nowMs);
    lengths.push(lengthMs);
    nowMs += lengthMs;
  }
  assert.deepEqual(lengths, [1000, 2000, 4000, 4000, 4000]);
  assert.equal(misbehave(blocks, bad, nowMs + 60_000), 1000);
});

test('somebody who is blocked is told a few times only', () => {
  const blocks = newBlocks();
  misbehave(blocks, bad, 0);
  let told = 0;
  for (let i = 0; i < 100; i++) if (blocks.tells(bad.a, bad.b)) told++;
  assert.equal(told, 10);
});

test('penalties can be switched off', () => {
  const blocks = newBlocks();
  for (let i = 0; i < 100; i++) {
    assert.equal(blocks.penalise(1, 1, 'reset', 0, { ...settings, enabled: false }), 0);
  }
});

test('an operator blocks networks, for a time or until he ends it', () => {
  const blocks = newBlocks();
  assert.ok(blocks.blockNetwork('192.0.2.0/24', 'test', 1000, 0));
  assert.ok(blocks.blockNetwork('2001:db8::/32', 'for good', 0, 0));
  assert.ok(blocks.hasOperator(bad));
  assert.ok(blocks.hasOperator(visitorOf('2001:db8:5::1')));
  assert.equal(blocks.hasOperator(visitorOf('192.0.3.1')), false);
  assert.deepEqual(
    blocks.shown(400, 10).map(({ network, leftMs, by }) => [network, leftMs, by]),
    [
      ['192.0.2.0/24', 600, 'operator'],
      ['2001:db8::/32', null, 'operator'],
    ],
  );
  blocks.expire(1000);
  assert.equal(blocks.hasOperator(bad), false);
  assert.equal(blocks.unblockNetwork('2001:db8::/32', 1000), 1);
  assert.equal(blocks.unblockNetwork('2001:db8::/32', 1000), 0);
  assert.equal(blocks.hasOperator(visitorOf('2001:db8:5::1')), false);
});

test('to end the blocks of a network ends those for misdeeds in it', () => {
  const blocks = newBlocks();
  const six = visitorOf('2001:db8:0:7::1');
  for (const visitor of [bad, other, six]) misbehave(blocks, visitor, 0);
  assert.equal(blocks.unblockNetwork('192.0.2.2', 0), 1);
  assert.equal(blocks.leftMs(other.a, other.b, 0), 0);
  assert.ok(blocks.leftMs(bad.a, bad.b, 0) > 0);
  assert.equal(blocks.unblockNetwork('192.0.2.0/24', 0), 1);
  assert.equal(blocks.unblockNetwork('2001:db8:0:7::/64', 0), 1);
  assert.equal(blocks.count(0), 0);
});

test('operators block a bounded number of networks', () => {
  const blocks = newBlocks();
  for (let i = 0; i < OPERATOR_BLOCKS_MAX; i++) {
    assert.ok(blocks.blockNetwork(`10.${i >> 8}.${i & 255}.0/24`, '', 1000, 0));
  }
  assert.equal(blocks.blockNetwork('192.0.2.0/24', '', 0, 0), false);
  assert.ok(blocks.blockNetwork('10.0.0.0/24', 'again', 0, 0));
  assert.ok(blocks.blockNetwork('192.0.2.0/24', '', 0, 2000));
});
