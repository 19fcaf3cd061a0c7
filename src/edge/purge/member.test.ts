import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASKS_MAX } from './limits.ts';
import { type MemberEffect, type MemberEvent, PurgeMember } from './member.ts';
import type { OrderedPurge, Position, ToCoordinator, ToMember } from './messages.ts';

const LEASE_MS = 1000;
const ANSWER_MS = 5000;

class Bench {
  nowMs = 50;
  readonly member: PurgeMember;
  effects: MemberEffect[] = [];

  constructor(position: Position | null = null) {
    this.member = new PurgeMember({ leaseMs: LEASE_MS, position, answerMs: ANSWER_MS });
  }

  step(event: MemberEvent): void {
    this.effects.push(...this.member.step(event, this.nowMs));
  }

  hear(message: ToMember): void {
    this.step({ kind: 'message', link: 1, message });
  }

  hearEntries(after: number, ...sequences: number[]): void {
    this.hear({ kind: 'entries', after, entries: sequences.map((sequence) => entry(sequence)) });
  }

  ask(token: number, id: string, value = 'x'): void {
    const purges = [{ kind: 'tag', value, soft: false }] as const;
    this.step({ kind: 'ask', token, asked: { id, purges, who: '', by: '' } });
  }

  /** What it has said since the last call. */
  said(): ToCoordinator[] {
    const said = this.effects.flatMap((it) => (it.kind === 'send' ? [it.message] : []));
    this.effects = this.effects.filter(({ kind }) => kind !== 'send');
    return said;
  }

  did(): string[] {
    const did = this.effects.map((it) => {
      if (it.kind === 'apply') return `apply ${it.entries.map(({ sequence }) => sequence)}`;
      if (it.kind === 'forget') return `forget ${it.position.sequence}`;
      if (it.kind === 'trust') return `trust ${it.untilMs}`;
      if (it.kind === 'answer') return `answer ${it.token} ${it.outcome.ok || it.outcome.problem}`;
      return it.message.kind;
    });
    this.effects = [];
    return did;
  }
}

const entry = (sequence: number): OrderedPurge => ({
  ...{ epoch: 'e', sequence, id: `i${sequence}`, purges: [], who: '', by: '', leaseMs: LEASE_MS },
});

/** It has joined at sequence 5. */
function joined(): Bench {
  const bench = new Bench({ epoch: 'e', sequence: 5 });
  bench.step({ kind: 'linked', link: 1 });
  bench.hear({ kind: 'joined', reset: null });
  assert.deepEqual(
    bench.said().map(({ kind }) => kind),
    ['join', 'beat'],
  );
  return bench;
}

test('it trusts what is stored from the first lease on, for as long as that from when it asked', () => {
  const bench = joined();
  assert.ok(bench.member.isInDoubt(bench.nowMs));
  bench.nowMs += 300;
  bench.hear({ kind: 'lease', n: 1, leaseMs: LEASE_MS });
  assert.deepEqual(bench.did(), [`trust ${50 + LEASE_MS}`]);
  assert.ok(!bench.member.isInDoubt(50 + LEASE_MS - 1));
  assert.ok(bench.member.isInDoubt(50 + LEASE_MS));
  bench.step({ kind: 'unlinked', link: 1 });
  assert.ok(!bench.member.isInDoubt(50 + LEASE_MS - 1), 'a lease does not end with the link');
  bench.hear({ kind: 'lease', n: 1, leaseMs: 9999 });
  assert.deepEqual(bench.did(), [], 'nor does another link give one');
});

test('it asks for a lease every third of one, and a lost answer costs nothing but time', () => {
  const bench = joined();
  for (let nth = 0; nth < 12; nth++) {
    bench.nowMs += bench.member.tickMs;
    bench.step({ kind: 'tick' });
  }
  const beats = bench.said();
  assert.deepEqual(
    beats.map(({ kind }) => kind),
    ['beat', 'beat', 'beat'],
  );
  bench.hear({ kind: 'lease', n: 3, leaseMs: LEASE_MS });
  bench.hear({ kind: 'lease', n: 2, leaseMs: LEASE_MS });
  assert.equal(bench.did().length, 1, 'an older one adds nothing');
});

test('purges are applied in their order and once; behind a gap it waits', () => {
  const bench = joined();
  bench.hearEntries(6, 7, 8);
  assert.deepEqual(bench.did(), []);
  bench.hearEntries(5, 6, 7);
  bench.hearEntries(5, 6, 7);
  bench.hearEntries(6, 7, 8);
  assert.deepEqual(bench.did(), ['apply 6,7', 'beat', 'apply 8', 'beat']);
  assert.deepEqual(bench.member.applied, { epoch: 'e', sequence: 8 });
  bench.hear({ kind: 'lease', n: 3, leaseMs: LEASE_MS });
  bench.hearEntries(8, 9);
  assert.deepEqual(bench.did(), [`trust ${50 + LEASE_MS}`, 'apply 9', 'applied']);
});

test('it forgets everything when what it lacks is not known, and stands there then', () => {
  const bench = new Bench();
  bench.step({ kind: 'linked', link: 1 });
  bench.hearEntries(0, 1);
  bench.hear({ kind: 'joined', reset: null });
  assert.deepEqual(bench.did(), ['join'], 'it stands nowhere yet');
  const reset = { epoch: 'e', sequence: 70 };
  bench.hear({ kind: 'joined', reset });
  bench.hear({ kind: 'joined', reset: { epoch: 'e', sequence: 60 } });
  bench.hearEntries(70, 71);
  assert.deepEqual(bench.did(), ['forget 70', 'beat', 'apply 71', 'beat']);
});

test('on a new link it says where it stands and asks once more for what has no receipt', () => {
  const bench = joined();
  bench.ask(1, 'a');
  bench.step({ kind: 'unlinked', link: 1 });
  bench.ask(2, 'b');
  bench.said();
  bench.step({ kind: 'linked', link: 2 });
  assert.deepEqual(
    bench.said().map((it) => (it.kind === 'ask' ? it.id : it)),
    [{ kind: 'join', position: { epoch: 'e', sequence: 5 } }, 'a', 'b'],
  );
  bench.hearEntries(5, 6);
  assert.deepEqual(bench.did(), [], 'what comes by the link before is nothing');
});

test('everybody who asks with an id is answered once; without a receipt in time it is not known', () => {
  const bench = joined();
  bench.ask(1, 'a');
  bench.ask(2, 'a');
  bench.ask(3, 'a', 'other');
  bench.said();
  assert.deepEqual(bench.did(), ['answer 3 id-taken']);
  const receipt = { sequence: 6, epoch: 'e', ms: 1, pops: [] };
  bench.hear({ kind: 'receipt', id: 'a', receipt });
  bench.hear({ kind: 'receipt', id: 'a', receipt });
  assert.deepEqual(bench.did(), ['answer 1 true', 'answer 2 true']);
  bench.ask(4, 'b');
  bench.ask(5, 'c');
  bench.hear({ kind: 'refused', id: 'c', problem: 'crowded', detail: '' });
  bench.nowMs += ANSWER_MS;
  bench.step({ kind: 'tick' });
  bench.said();
  const last = bench.effects.at(-1);
  assert.ok(last?.kind === 'answer' && !last.outcome.ok);
  assert.match(last.outcome.detail, /the id b /, 'who chose none is told the one that was given');
  assert.deepEqual(bench.did(), ['answer 5 crowded', 'answer 4 no-receipt']);
  assert.equal(bench.member.waiting, 0);
});

test('too many that wait are refused', () => {
  const bench = new Bench();
  for (let token = 0; token <= ASKS_MAX; token++) bench.ask(token, `i${token}`);
  assert.deepEqual(bench.did(), [`answer ${ASKS_MAX} crowded`]);
});
