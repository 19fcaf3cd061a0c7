/** A PoP of a simulation: a process that dies and comes back, its clock, its cache, and its part in purges. */
import assert from 'node:assert/strict';
import { DRIFT_MAX } from './limits.ts';
import { type MemberEffect, type MemberEvent, PurgeMember } from './member.ts';
import type { OrderedPurge, Position } from './messages.ts';
import { type CacheDisk, SimCache } from './simulation-cache.ts';
import type { World } from './simulation-world.ts';

export const LEASE_MS = 300;
const ANSWER_MS = 2000;

/** A link as one end sees it. */
export interface SimLink {
  readonly id: number;
  readonly pop: SimPop;
  /** Of the coordinator that it leads to. */
  readonly start: number;
}

export class SimPop {
  readonly name: string;
  readonly shield: boolean;
  readonly world: World;
  /** Nothing comes from the coordinator nor gets there. */
  isCut = false;
  isUp = false;
  member!: PurgeMember;
  cache!: SimCache;
  link: SimLink | null = null;
  /** What outlives the process; null: it has no disk. */
  private readonly disk: CacheDisk | null;
  private position: Position | null = null;
  private readonly rate: number;
  private readonly offsetMs: number;
  private starts = 0;
  private stalledUntilMs = 0;
  private trustUntilMs = 0;
  private trustedByFlawUntilMs = 0;
  private lastApplied = 0;
  private readonly beatsSent = new Map<number, number>();
  private readonly answers = new Map<number, (effect: MemberEffect & { kind: 'answer' }) => void>();
  private tokens = 0;
  /** Purges that are not on the disk yet, in their order. */
  private keeping: { readonly position: Position; isDurable: boolean }[] = [];

  constructor(world: World, name: string, shield: boolean) {
    const { random } = world;
    this.world = world;
    this.name = name;
    this.shield = shield;
    this.disk = random.chance(0.6) ? { stored: new Map(), marks: [] } : null;
    const drift = world.flaw === 'clocks-beyond-bound' ? 0.4 : DRIFT_MAX;
    this.rate = 1 + (random.float() * 2 - 1) * drift;
    this.offsetMs = random.below(1_000_000);
  }

  get nowMs(): number {
    return this.offsetMs + this.world.nowMs * this.rate;
  }

  get isInDoubt(): boolean {
    return this.nowMs >= Math.max(this.trustUntilMs, this.trustedByFlawUntilMs);
  }

  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    const start = ++this.starts;
    this.trustUntilMs = 0;
    if (this.world.flaw === 'trusts-at-start') this.trustedByFlawUntilMs = this.nowMs + LEASE_MS;
    this.lastApplied = 0;
    this.keeping = [];
    this.beatsSent.clear();
    this.stalledUntilMs = 0;
    const cache = new SimCache(
      {
        random: this.world.random,
        flaw: this.world.flaw,
        in: (delayMs, run) => this.world.in(delayMs, run),
        fetch: (url, done) => this.world.fetchFor(this, url, done),
        isInDoubt: () => this.isInDoubt,
      },
      this.disk,
    );
    this.cache = cache;
    const position = this.disk === null ? null : this.position;
    this.member = new PurgeMember({ leaseMs: LEASE_MS, position, answerMs: ANSWER_MS });
    const tick = (): void => {
      if (start !== this.starts || !this.isUp) return;
      this.step({ kind: 'tick' });
      this.world.in(this.member.tickMs, tick);
    };
    tick();
    this.world.redial(this);
  }

  crash(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.cache.isGone = true;
    this.answers.clear();
    this.link = null;
  }

  /** It does nothing for a while, and then all that has come meanwhile. */
  stall(ms: number): void {
    this.stalledUntilMs = Math.max(this.stalledUntilMs, this.world.nowMs + ms);
  }

  /** Runs in the process as it is now, when it does anything. */
  whenRunning(run: () => void): void {
    const { starts } = this;
    const waitMs = this.stalledUntilMs - this.world.nowMs;
    const runHere = (): void => {
      if (this.isUp && starts === this.starts) run();
    };
    if (waitMs > 0) this.world.in(waitMs, runHere);
    else runHere();
  }

  /** Asks for a purge here. @param answered not called when the process ends before. */
  ask(
    id: string,
    urls: readonly (string | undefined)[],
    answered: (effect: MemberEffect & { kind: 'answer' }) => void,
  ): void {
    const token = ++this.tokens;
    this.answers.set(token, answered);
    const purges = urls.map((url) => ({
      kind: url === undefined ? ('all' as const) : ('url' as const),
      value: url ?? '',
      soft: false,
    }));
    this.step({ kind: 'ask', token, asked: { id, purges, who: 'x', by: 'x' } });
  }

  step(event: MemberEvent): void {
    this.whenRunning(() => {
      if (event.kind === 'message' && event.message.kind === 'lease') {
        const { n, leaseMs } = event.message;
        const lateMs = this.nowMs - (this.beatsSent.get(n) ?? this.nowMs);
        const isFlawed = this.world.flaw === 'lease-by-answer';
        const message = { ...event.message, leaseMs: isFlawed ? leaseMs + lateMs : leaseMs };
        this.carryOut(this.member.step({ ...event, message }, this.nowMs));
        return;
      }
      this.carryOut(this.member.step(event, this.nowMs));
    });
  }

  private carryOut(effects: readonly MemberEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          if (effect.message.kind === 'beat') this.beatsSent.set(effect.message.n, this.nowMs);
          this.world.toCoordinator(this, effect.link, effect.message);
          break;
        case 'apply':
          this.apply(effect.entries);
          break;
        case 'forget':
          this.lastApplied = effect.position.sequence;
          this.world.resets++;
          if (this.world.flaw !== 'keeps-at-reset') this.purge([undefined], effect.position);
          break;
        case 'trust':
          assert.ok(effect.untilMs > this.trustUntilMs, 'a lease ends sooner than one before');
          this.trustUntilMs = effect.untilMs;
          break;
        case 'answer': {
          const answered = this.answers.get(effect.token);
          assert.ok(answered !== undefined, 'nobody waits for that answer');
          this.answers.delete(effect.token);
          answered(effect);
          break;
        }
      }
    }
  }

  private apply(entries: readonly OrderedPurge[]): void {
    for (const { sequence, epoch, purges } of entries) {
      assert.equal(sequence, this.lastApplied === 0 ? sequence : this.lastApplied + 1, 'a gap');
      this.lastApplied = sequence;
      const urls = purges.map(({ kind, value }) => (kind === 'all' ? undefined : value));
      const position = { epoch, sequence };
      if (this.world.flaw !== 'applies-late') {
        this.purge(urls, position);
        continue;
      }
      const { starts } = this;
      this.world.in(this.world.random.below(80), () => {
        if (this.isUp && starts === this.starts) this.purge(urls, position);
      });
    }
  }

  private purge(urls: readonly (string | undefined)[], position: Position): void {
    if (this.world.flaw === 'position-ahead') this.position = position;
    const { starts, keeping } = this;
    const kept = { position, isDurable: false };
    keeping.push(kept);
    this.cache.purge(urls, () => {
      kept.isDurable = true;
      let place: Position | undefined;
      while (keeping[0]?.isDurable === true) place = keeping.shift()!.position;
      if (place === undefined) return;
      this.world.in(this.world.random.below(100), () => {
        if (this.isUp && starts === this.starts) this.position = place;
      });
    });
  }
}
