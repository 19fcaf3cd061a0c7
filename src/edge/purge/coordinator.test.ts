import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PurgeAsked } from '../../cache/index.ts';
import {
  Coordinator,
  type CoordinatorEffect,
  type CoordinatorOptions,
  leaseEndsWithin,
} from './coordinator.ts';
import { BATCH_BYTES_MAX, ENTRY_BYTES_MAX, FLYING_BYTES_MAX, PENDING_MAX } from './limits.ts';
import type { OrderedPurge, ToCoordinator, ToMember } from './messages.ts';

const LEASE_MS = 1000;
const WAIT_MS = leaseEndsWithin(LEASE_MS);
const SHIELD = { name: 'shield', shield: true };
const EDGE = { name: 'edge', shield: false };
const tag = (value: string): PurgeAsked => ({ kind: 'tag', value, soft: false });

/** A coordinator whose log is durable at once unless a test holds it, and PoPs that do what a test has them do. */
class Bench {
  nowMs = 0;
  coordinator: Coordinator;
  readonly sent: { link: number; message: ToMember }[] = [];
  readonly closed: [number, string][] = [];
  readonly log: OrderedPurge[];
  cutBefore = 0;
  holdsLog = false;

  constructor(options: Partial<CoordinatorOptions> = {}) {
    this.log = [...(options.entries ?? [])];
    this.coordinator = new Coordinator({
      ...{ epoch: 'e1', leaseMs: LEASE_MS, pops: [SHIELD, EDGE], entries: [], startedMs: 0 },
      ...options,
    });
    this.carryOut(this.coordinator.start(0));
  }

  /** A PoP joins, with what it has. */
  join(link: number, pop: string, position: OrderedPurge | null = null): void {
    this.carryOut(this.coordinator.step({ kind: 'linked', link, pop }, this.nowMs));
    const place = position && { epoch: position.epoch, sequence: position.sequence };
    this.say(link, { kind: 'join', position: place });
  }

  say(link: number, message: ToCoordinator): void {
    this.carryOut(this.coordinator.step({ kind: 'message', link, message }, this.nowMs));
  }

  ask(link: number, id: string, purges: readonly PurgeAsked[] = [tag(id)]): void {
    this.say(link, { kind: 'ask', id, purges, who: 'x', by: 'x' });
  }

  durable(): void {
    const { sequence } = this.log.at(-1) as OrderedPurge;
    this.carryOut(this.coordinator.step({ kind: 'durable', sequence }, this.nowMs));
  }

  tick(): void {
    this.carryOut(this.coordinator.step({ kind: 'tick' }, this.nowMs));
  }

  /** What was sent since the last call, of one kind. */
  take<K extends ToMember['kind']>(kind: K, link?: number): (ToMember & { kind: K })[] {
    const found: (ToMember & { kind: K })[] = [];
    for (const [at, { link: to, message }] of [...this.sent.entries()].reverse()) {
      if (message.kind !== kind || (link !== undefined && to !== link)) continue;
      found.unshift(message as ToMember & { kind: K });
      this.sent.splice(at, 1);
    }
    return found;
  }

  private carryOut(effects: readonly CoordinatorEffect[]): void {
    let isAppended = false;
    for (const effect of effects) {
      if (effect.kind === 'send') this.sent.push(effect);
      else if (effect.kind === 'close') this.closed.push([effect.link, effect.why]);
      else if (effect.kind === 'cut') this.cutBefore = effect.before;
      else {
        this.log.push(effect.entry);
        isAppended = true;
      }
    }
    if (isAppended && !this.holdsLog) this.durable();
  }
}

/** A shield by link 1 and an edge by link 2, both with a lease. */
function joined(options: Partial<CoordinatorOptions> = {}): Bench {
  const bench = new Bench(options);
  bench.join(1, 'shield');
  bench.say(1, { kind: 'beat', n: 1, applied: 1 });
  bench.join(2, 'edge');
  bench.say(2, { kind: 'beat', n: 1, applied: 1 });
  bench.sent.length = 0;
  return bench;
}

test('a purge is told to shields, then to edges, and its receipt is given when both have confirmed', () => {
  const bench = joined();
  bench.holdsLog = true;
  bench.ask(2, 'a');
  assert.deepEqual(bench.sent, [], 'nothing is told that may be lost');
  bench.durable();
  assert.deepEqual(
    bench.take('entries', 1)[0]?.entries.map(({ sequence }) => sequence),
    [2],
  );
  assert.deepEqual(bench.take('entries', 2), []);
  bench.nowMs = 5;
  bench.say(1, { kind: 'applied', sequence: 2 });
  assert.equal(bench.take('entries', 2)[0]?.after, 1);
  assert.deepEqual(bench.take('receipt'), []);
  bench.nowMs = 8;
  bench.say(2, { kind: 'applied', sequence: 2 });
  assert.deepEqual(bench.take('receipt', 2), [
    {
      kind: 'receipt',
      id: 'a',
      receipt: {
        ...{ sequence: 2, epoch: 'e1', ms: 8 },
        pops: [
          { pop: 'shield', state: 'confirmed', ms: 5 },
          { pop: 'edge', state: 'confirmed', ms: 8 },
        ],
      },
    },
  ]);
});

test('the next purge goes to shields while edges are still at the one before', () => {
  const bench = joined();
  bench.ask(2, 'a');
  bench.say(1, { kind: 'applied', sequence: 2 });
  bench.ask(2, 'b');
  assert.deepEqual(
    bench.take('entries', 1).map(({ entries }) => entries[0]?.id),
    ['a', 'b'],
  );
  assert.deepEqual(
    bench.take('entries', 2).map(({ entries }) => entries[0]?.id),
    ['a'],
  );
});

test('who does not confirm is waited for until its lease is over, and not longer', () => {
  const bench = joined();
  bench.ask(2, 'a');
  bench.say(1, { kind: 'applied', sequence: 2 });
  bench.nowMs = WAIT_MS - 1;
  bench.tick();
  assert.deepEqual(bench.take('receipt'), []);
  assert.equal(bench.coordinator.wakeMs(bench.nowMs), WAIT_MS);
  bench.nowMs = WAIT_MS;
  bench.tick();
  const [given] = bench.take('receipt', 2);
  assert.deepEqual(given?.receipt.pops[1], { pop: 'edge', state: 'cut-off', ms: null });
  bench.say(2, { kind: 'beat', n: 2, applied: 1 });
  assert.deepEqual(bench.take('lease'), [], 'it lacks what it was passed over for');
  bench.say(2, { kind: 'beat', n: 3, applied: 2 });
  assert.deepEqual(bench.take('lease'), [{ kind: 'lease', n: 3, leaseMs: LEASE_MS }]);
});

test('who lives and applies nothing gets no further lease, so that it holds up nobody for ever', () => {
  const bench = joined();
  bench.ask(1, 'a');
  for (bench.nowMs = 300; bench.nowMs < 3 * WAIT_MS; bench.nowMs += 300) {
    bench.say(1, { kind: 'beat', n: bench.nowMs, applied: 2 });
    bench.say(2, { kind: 'beat', n: bench.nowMs, applied: 1 });
  }
  assert.equal(bench.take('receipt').length, 1);
});

test('the same id is the same purge, also behind its receipt and a new start; others may not have it', () => {
  const bench = joined();
  bench.ask(1, 'a');
  bench.ask(1, 'a');
  bench.ask(2, 'a');
  assert.equal(bench.log.length, 2);
  bench.say(1, { kind: 'applied', sequence: 2 });
  bench.say(2, { kind: 'applied', sequence: 2 });
  assert.deepEqual([bench.take('receipt', 1).length, bench.take('receipt', 2).length], [1, 1]);
  bench.nowMs = 100;
  bench.ask(2, 'a');
  assert.equal(bench.take('receipt', 2)[0]?.receipt.sequence, 2);
  bench.ask(2, 'a', [tag('other')]);
  assert.equal(bench.take('refused', 2)[0]?.problem, 'id-taken');
  const next = new Bench({ epoch: 'e2', entries: bench.log });
  next.join(1, 'shield', bench.log.at(-1));
  next.ask(1, 'a');
  assert.equal(next.log.filter(({ id }) => id === 'a').length, 1);
  next.nowMs = WAIT_MS;
  next.tick();
  assert.equal(next.take('receipt', 1)[0]?.receipt.sequence, 2);
});

test('what is too much is refused, and there is room again behind receipts', () => {
  const bench = joined();
  for (let nth = 0; nth < PENDING_MAX; nth++) bench.ask(1, `i${nth}`);
  assert.deepEqual(bench.take('refused'), []);
  bench.ask(1, 'one more');
  assert.equal(bench.take('refused')[0]?.problem, 'crowded');
  bench.ask(1, 'long', [tag('x'.repeat(ENTRY_BYTES_MAX))]);
  assert.equal(bench.take('refused')[0]?.problem, 'too-many');
  for (const id of ['', 'x'.repeat(129)]) {
    bench.ask(1, id);
    assert.equal(bench.take('refused')[0]?.problem, 'bad-purge');
  }
  bench.nowMs = WAIT_MS;
  bench.tick();
  bench.ask(1, 'one more');
  assert.deepEqual(bench.take('refused'), []);
});

test('while its log can not be written nothing is ordered', () => {
  const bench = joined();
  bench.coordinator.step({ kind: 'writable', writable: false }, 0);
  bench.ask(1, 'a');
  assert.equal(bench.take('refused')[0]?.problem, 'crowded');
  bench.coordinator.step({ kind: 'writable', writable: true }, 0);
  bench.ask(1, 'a');
  assert.deepEqual(bench.take('refused'), []);
});

test('a PoP is told what it lacks in batches, and of what it has not confirmed only so much at once', () => {
  const bench = joined();
  const long = 'x'.repeat(BATCH_BYTES_MAX / 2);
  for (let nth = 0; nth < 40; nth++) bench.ask(1, `i${nth}`, [tag(long)]);
  const flying = bench.take('entries', 1).flatMap(({ entries }) => entries);
  const bytes = flying.length * long.length;
  assert.ok(bytes >= FLYING_BYTES_MAX && bytes <= FLYING_BYTES_MAX + BATCH_BYTES_MAX, `${bytes}`);
  bench.say(1, { kind: 'applied', sequence: flying.at(-1)!.sequence });
  const [next] = bench.take('entries', 1);
  assert.equal(next?.after, flying.at(-1)?.sequence);
});

test('what was lost on its way is told again', () => {
  const bench = joined();
  bench.ask(1, 'a');
  assert.equal(bench.take('entries', 1).length, 1);
  bench.nowMs = 100;
  bench.say(1, { kind: 'beat', n: 2, applied: 1 });
  assert.equal(bench.take('entries', 1).length, 0, 'it may be on its way');
  bench.nowMs = 500;
  bench.say(1, { kind: 'beat', n: 3, applied: 1 });
  assert.equal(bench.take('entries', 1)[0]?.entries[0]?.id, 'a');
});

test('whoever stands where nothing is known any more, or in another order, forgets everything', () => {
  const historyLimits = { purgesMax: 4, bytesMax: 1_000_000 };
  const bench = joined({ historyLimits });
  const early = bench.log[0] as OrderedPurge;
  for (let nth = 0; nth < 10; nth++) {
    bench.ask(1, `i${nth}`);
    for (const link of [1, 2]) bench.say(link, { kind: 'applied', sequence: nth + 2 });
  }
  assert.equal(bench.cutBefore, 8);
  bench.join(3, 'edge', early);
  assert.deepEqual(bench.closed, [[2, 'superseded']]);
  const reset = { epoch: 'e1', sequence: 11 };
  assert.deepEqual(bench.take('joined', 3), [{ kind: 'joined', reset }]);
  const foreign = { ...(bench.log.at(-1) as OrderedPurge), epoch: 'e0' };
  bench.join(4, 'edge', foreign);
  assert.deepEqual(bench.take('joined', 4), [{ kind: 'joined', reset }]);
  bench.join(5, 'edge', bench.log.at(-2));
  assert.deepEqual(bench.take('joined', 5), [{ kind: 'joined', reset: null }]);
  assert.equal(bench.take('entries', 5)[0]?.after, 10);
});

test('a new start waits for the longest lease that was given out before it', () => {
  const old = joined({ leaseMs: 5000 });
  old.ask(1, 'a');
  const bench = new Bench({ epoch: 'e2', entries: old.log });
  bench.join(1, 'shield', old.log.at(-1));
  bench.ask(1, 'b');
  bench.nowMs = leaseEndsWithin(5000) - 1;
  bench.say(1, { kind: 'applied', sequence: 4 });
  assert.deepEqual(bench.take('receipt'), []);
  bench.nowMs = leaseEndsWithin(5000);
  bench.tick();
  assert.deepEqual(
    bench.take('receipt').map(({ id }) => id),
    ['b'],
  );
});

test('a log of which nothing can be read goes on behind its last sequence', () => {
  const bench = new Bench({ entries: [], lastSequence: 70 });
  assert.deepEqual(
    bench.log.map(({ sequence, by }) => [sequence, by]),
    [[71, 'start']],
  );
  bench.join(1, 'shield', null);
  const reset = { epoch: 'e1', sequence: 71 };
  assert.deepEqual(bench.take('joined'), [{ kind: 'joined', reset }]);
});

test('who is in no settings gets no link; who leaves them keeps its lease and gets no other', () => {
  const bench = joined();
  bench.join(7, 'mars');
  assert.deepEqual(bench.closed, [[7, 'unknown-pop']]);
  bench.coordinator.step({ kind: 'pops', pops: [SHIELD] }, 0);
  bench.say(2, { kind: 'beat', n: 2, applied: 1 });
  assert.deepEqual(bench.take('lease'), []);
  bench.ask(1, 'a');
  bench.say(1, { kind: 'applied', sequence: 2 });
  assert.deepEqual(bench.take('receipt'), [], 'it may still serve what it has stored');
  bench.nowMs = WAIT_MS;
  bench.tick();
  const [given] = bench.take('receipt');
  assert.deepEqual(
    given?.receipt.pops.map(({ pop }) => pop),
    ['shield'],
  );
});

test('what nobody has said, or who is not linked, changes nothing', () => {
  const bench = joined();
  bench.say(99, { kind: 'applied', sequence: 1000 });
  bench.say(1, { kind: 'applied', sequence: 1000 });
  bench.ask(1, 'a');
  assert.equal(bench.take('entries', 1)[0]?.entries[0]?.sequence, 2);
  assert.deepEqual(bench.take('receipt'), []);
});
