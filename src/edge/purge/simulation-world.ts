/**
 * A network of PoPs around a coordinator, for the simulation of purges: users ask, the origin changes and has purged
 * what changed, and everything that may go wrong goes wrong by a seed.
 *
 * What is held: whoever asks a PoP behind a receipt gets nothing that is older than the purge. What a purge without a
 * receipt does is not looked at.
 */
import assert from 'node:assert/strict';
import { createSimRandom, type SimRandom } from '../../core/runtime/sim/index.ts';
import {
  type Coordinator,
  type CoordinatorEffect,
  type CoordinatorEvent,
  leaseEndsWithin,
} from './coordinator.ts';
import { DRIFT_MAX } from './limits.ts';
import type { OrderedPurge, ToCoordinator, ToMember } from './messages.ts';
import { coordinatorWith, type Flaw } from './simulation-flaws.ts';
import { LEASE_MS, type SimLink, SimPop } from './simulation-pop.ts';
import { Queue } from './simulation-queue.ts';

export const URLS = ['a', 'b', 'c'] as const;
/** So few that PoPs which were away have to forget everything at times. */
const HISTORY = { purgesMax: 24, bytesMax: 1_000_000 };

interface Wish {
  readonly id: string;
  readonly urls: readonly (string | undefined)[];
  /** What the origin had when it was asked for. */
  readonly versions: ReadonlyMap<string, number>;
}

export class World {
  readonly random: SimRandom;
  readonly flaw: Flaw | undefined;
  readonly pops: SimPop[] = [];
  coordinator: Coordinator | null = null;
  /** Nothing is lost or late any more. */
  isCalm = false;
  receipts = 0;
  served = 0;
  hits = 0;
  resets = 0;
  cutOffs = 0;
  private readonly queue = new Queue();
  private readonly links = new Map<number, SimLink>();
  private linkIds = 0;
  /** Of the coordinator: how often it has started. */
  private starts = 0;
  private readonly rate: number;
  /** What is in its log, also what a crash would lose. */
  private log: OrderedPurge[] = [];
  private durable = 0;
  private wasLogLost = false;
  private readonly origin = new Map<string, number>(URLS.map((url) => [url, 1]));
  /** What has to be served at least, by the receipts so far. */
  private readonly floor = new Map<string, number>(URLS.map((url) => [url, 0]));
  private readonly wishes = new Map<string, Wish>();
  private readonly sequences = new Map<string, number>();

  constructor(seed: number, flaw?: Flaw) {
    this.random = createSimRandom(seed);
    this.flaw = flaw;
    const { random } = this;
    const drift = flaw === 'clocks-beyond-bound' ? 0.4 : DRIFT_MAX;
    this.rate = 1 + (random.float() * 2 - 1) * drift;
    const shields = random.below(3);
    const edges = 1 + random.below(3);
    for (let i = 0; i < shields; i++) this.pops.push(new SimPop(this, `shield${i}`, true));
    for (let i = 0; i < edges; i++) this.pops.push(new SimPop(this, `edge${i}`, false));
    this.startCoordinator();
    for (const pop of this.pops) pop.start();
  }

  get nowMs(): number {
    return this.queue.nowMs;
  }

  in(delayMs: number, run: () => void): void {
    this.queue.in(delayMs, run);
  }

  run(ms: number): void {
    this.queue.runUntil(this.nowMs + ms);
  }

  any(): SimPop {
    return this.pops[this.random.below(this.pops.length)]!;
  }

  // The coordinator.

  startCoordinator(): void {
    if (this.coordinator !== null) return;
    const start = ++this.starts;
    const coordinator = coordinatorWith(this.flaw, {
      epoch: `e${start}-${this.random.u32()}`,
      leaseMs: LEASE_MS,
      pops: this.pops.map(({ name, shield }) => ({ name, shield })),
      entries: this.log,
      startedMs: this.coordinatorMs,
      historyLimits: HISTORY,
    });
    this.coordinator = coordinator;
    this.carryOut(coordinator.start(this.coordinatorMs));
    const tick = (): void => {
      if (start !== this.starts) return;
      this.tell({ kind: 'tick' });
      this.in(LEASE_MS / 6, tick);
    };
    tick();
  }

  /** @param losesLog also what was durable. */
  crashCoordinator(losesLog: boolean): void {
    if (this.coordinator === null) return;
    this.coordinator = null;
    this.starts++;
    const kept = losesLog ? 0 : this.durable;
    this.wasLogLost ||= losesLog;
    this.log = this.log.filter(({ sequence }) => sequence <= kept);
    if (losesLog) this.durable = 0;
    for (const link of this.links.values()) this.breakForMember(link);
  }

  private get coordinatorMs(): number {
    return 5_000_000 + this.nowMs * this.rate;
  }

  private tell(event: CoordinatorEvent): void {
    const { coordinator } = this;
    if (coordinator === null) return;
    this.carryOut(coordinator.step(event, this.coordinatorMs));
    assert.ok(coordinator.passed[1] <= coordinator.passed[0]);
    assert.ok(coordinator.passed[0] <= coordinator.history.last);
    const kept = coordinator.history.last - coordinator.history.base.sequence;
    assert.ok(kept <= Math.max(HISTORY.purgesMax, coordinator.pending.count), `${kept} are kept`);
  }

  private carryOut(effects: readonly CoordinatorEffect[]): void {
    const start = this.starts;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.toMember(effect.link, effect.message);
          break;
        case 'close': {
          const link = this.links.get(effect.link);
          if (link !== undefined) this.breakForMember(link);
          this.links.delete(effect.link);
          break;
        }
        case 'append':
          this.append(effect.entry, start);
          break;
        case 'cut':
          this.log = this.log.filter(({ sequence }) => sequence >= effect.before);
          break;
      }
    }
  }

  private append(entry: OrderedPurge, start: number): void {
    this.log.push(entry);
    const { sequence } = entry;
    const durable = (): void => {
      if (start === this.starts) this.tell({ kind: 'durable', sequence });
    };
    const isEarly = this.flaw === 'told-before-durable';
    this.in(1 + this.random.below(isEarly ? 600 : 30), () => {
      if (start !== this.starts) return;
      this.durable = Math.max(this.durable, sequence);
      if (!isEarly) durable();
    });
    if (isEarly) this.in(0, durable);
  }

  // The network.

  redial(pop: SimPop): void {
    this.in(5 + this.random.below(100), () =>
      pop.whenRunning(() => {
        if (pop.link !== null) return;
        if (pop.isCut || this.coordinator === null) {
          this.redial(pop);
          return;
        }
        const link: SimLink = { id: ++this.linkIds, pop, start: this.starts };
        this.links.set(link.id, link);
        pop.link = link;
        this.tell({ kind: 'linked', link: link.id, pop: pop.name });
        pop.step({ kind: 'linked', link: link.id });
      }),
    );
  }

  /** Its end at the PoP notices soon. */
  private breakForMember(link: SimLink): void {
    const { pop } = link;
    this.in(this.random.below(50), () =>
      pop.whenRunning(() => {
        if (pop.link !== link) return;
        pop.link = null;
        pop.step({ kind: 'unlinked', link: link.id });
        this.redial(pop);
      }),
    );
  }

  /** Both ends notice, each at its time, and what is under way may still come. */
  breakLink(pop: SimPop): void {
    const { link } = pop;
    if (link === null) return;
    this.breakForMember(link);
    this.in(this.random.below(400), () => {
      if (this.links.delete(link.id)) this.tell({ kind: 'unlinked', link: link.id });
    });
  }

  toCoordinator(pop: SimPop, id: number, message: ToCoordinator): void {
    if (pop.isCut) return;
    const link = this.links.get(id);
    this.deliver(() => {
      if (link?.start === this.starts) this.tell({ kind: 'message', link: id, message });
    });
  }

  private toMember(id: number, message: ToMember): void {
    const link = this.links.get(id);
    if (link === undefined || link.pop.isCut) return;
    // What is long is slow.
    const lateShare = message.kind === 'entries' ? 0.2 : 0.05;
    this.deliver(() => {
      if (link.pop.link === link) link.pop.step({ kind: 'message', link: id, message });
    }, lateShare);
  }

  private deliver(run: () => void, lateShare = 0.05): void {
    const { random, isCalm } = this;
    if (!isCalm && random.chance(0.02)) return;
    const delay = (): number => {
      if (isCalm) return 1 + random.below(5);
      return random.chance(lateShare) ? random.below(2 * LEASE_MS) : 1 + random.below(20);
    };
    this.in(delay(), run);
    if (!isCalm && random.chance(0.03)) this.in(delay(), run);
  }

  // Origin and users.

  /** The tier behind a PoP. */
  fetchFor(pop: SimPop, url: string, done: (version: number) => void): void {
    const { random } = this;
    const delay = (): number => (random.chance(0.1) ? random.below(400) : 1 + random.below(20));
    const shields = pop.shield ? [] : this.pops.filter(({ shield, isUp }) => shield && isUp);
    const shield = shields[random.below(Math.max(1, shields.length))];
    this.in(delay(), () => {
      if (shield === undefined || random.chance(0.03)) {
        const version = this.origin.get(url)!;
        this.in(delay(), () => done(version));
      } else {
        shield.whenRunning(() =>
          shield.cache.ask(url, (version) => this.in(delay(), () => done(version))),
        );
      }
    });
  }

  user(): void {
    const pop = this.any();
    const url = URLS[this.random.below(URLS.length)]!;
    const floor = this.floor.get(url)!;
    const askedMs = this.nowMs;
    pop.whenRunning(() => {
      pop.cache.ask(url, (version) => {
        this.served++;
        if (this.nowMs === askedMs) this.hits++;
        if (version >= floor) return;
        assert.fail(`${pop.name} serves ${url} ${version}, behind a receipt for ${floor}`);
      });
    });
  }

  /** The origin changes something, and has it purged. */
  change(): void {
    const { random, origin } = this;
    const count = random.chance(0.15) ? URLS.length : 1;
    const first = random.below(URLS.length);
    const changed = URLS.filter((_, nth) => (nth - first + URLS.length) % URLS.length < count);
    for (const url of changed) origin.set(url, origin.get(url)! + 1);
    const versions = new Map(changed.map((url) => [url, origin.get(url)!]));
    const urls = count === 1 ? changed : [undefined];
    const wish = { id: `w${this.wishes.size}`, urls, versions };
    this.wishes.set(wish.id, wish);
    this.ask(wish);
  }

  /** Asks for what has no receipt yet, perhaps elsewhere. */
  askAgain(): void {
    const ids = [...this.wishes.keys()].filter((id) => !this.answered.has(id));
    const id = ids[this.random.below(Math.max(1, ids.length))];
    if (id !== undefined) this.ask(this.wishes.get(id)!);
  }

  askAll(): void {
    for (const [id, wish] of this.wishes) if (!this.answered.has(id)) this.ask(wish);
  }

  readonly answered = new Set<string>();

  get wishCount(): number {
    return this.wishes.size;
  }

  private ask(wish: Wish): void {
    const pop = this.any();
    pop.whenRunning(() => {
      pop.ask(wish.id, wish.urls, ({ outcome }) => {
        if (!outcome.ok) {
          assert.ok(outcome.problem === 'no-receipt' || outcome.problem === 'crowded');
          return;
        }
        this.receipts++;
        this.answered.add(wish.id);
        const { sequence, pops } = outcome.receipt;
        if (pops.some(({ state }) => state === 'cut-off')) this.cutOffs++;
        assert.equal(pops.length, this.pops.length);
        const known = this.sequences.get(wish.id);
        // Who has lost the order orders anew; what was forgotten is another purge.
        const apart = Math.abs(sequence - (known ?? 0));
        const mayDiffer = this.wasLogLost || apart >= HISTORY.purgesMax;
        if (known !== undefined && !mayDiffer) assert.equal(sequence, known, 'the same purge');
        this.sequences.set(wish.id, sequence);
        for (const [url, version] of wish.versions) {
          this.floor.set(url, Math.max(this.floor.get(url)!, version));
        }
      });
    });
  }

  // At the end.

  calm(): void {
    this.isCalm = true;
    this.startCoordinator();
    for (const pop of this.pops) {
      pop.isCut = false;
      pop.start();
    }
  }

  checkCalm(): void {
    const coordinator = this.coordinator!;
    assert.equal(coordinator.pending.count, 0, 'purges without a receipt');
    assert.equal(this.answered.size, this.wishes.size, 'some have no receipt');
    for (const pop of this.pops) {
      assert.ok(!pop.isInDoubt, `${pop.name} is in doubt`);
      const { epoch, sequence } = pop.member.applied!;
      const last = coordinator.history.at(coordinator.history.last)!;
      assert.deepEqual([epoch, sequence], [last.epoch, last.sequence], pop.name);
      assert.equal(pop.member.waiting, 0);
      const member = coordinator.members.get(pop.name)!;
      assert.ok(member.leaseEndMs - this.coordinatorMs <= leaseEndsWithin(LEASE_MS));
    }
  }
}
