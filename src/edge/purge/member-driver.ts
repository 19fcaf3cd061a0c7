/**
 * Runs a PoP's part in purges: has the cache purge what is ordered, tells it until when it may trust what it has
 * stored, and keeps the place in the order for the next start.
 *
 * The lease is of the monotonic clock; the cache looks at the wall clock at each request, so that a process that stood
 * still does not serve before a timer has run. When the wall clock is set back the timer ends the trust, when it is set
 * forward it ends too soon and the next lease begins it anew.
 */
import type { CarriedOutcome, PurgeAsked, Purging } from '../../cache/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Random, Timer } from '../../core/runtime/index.ts';
import type { BusLink, Subscriptions } from '../bus/index.ts';
import { ID_LENGTH_MAX } from './limits.ts';
import { type AskOutcome, type MemberEffect, type MemberEvent, PurgeMember } from './member.ts';
import type { OrderedPurge, Position, ToCoordinator } from './messages.ts';
import type { PositionFile } from './position-file.ts';
import { toCoordinatorKinds, toMemberKinds } from './wire.ts';

/** What purges need of the cache. */
export interface PurgedCache {
  /** In memory when it returns; resolves when it outlives the process. */
  applyPurges(asked: readonly PurgeAsked[], purging: Purging): Promise<void>;
  trustUntil(wallMs: number): void;
  /** What it has stored comes back at the next start. */
  readonly outlivesProcess: boolean;
}

export interface MemberDriverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly cache: PurgedCache;
  readonly leaseMs: number;
  readonly answerMs: number;
  readonly positionFile: PositionFile;
  /** Of the link with the coordinator. */
  readonly subscriptions: Subscriptions;
}

/** What has happened since the start. */
export interface MemberCounts {
  applied: number;
  resets: number;
  doubts: number;
  asked: number;
  refused: number;
}

const ID_BYTES = 16;
const STOPPED = {
  ok: false,
  problem: 'no-receipt',
  detail: 'this PoP is being stopped',
} as const;
const ALL: readonly PurgeAsked[] = [{ kind: 'all', value: '', soft: false }];

export class MemberDriver {
  readonly counts: MemberCounts = { applied: 0, resets: 0, doubts: 0, asked: 0, refused: 0 };
  private readonly options: MemberDriverOptions;
  private readonly member: PurgeMember;
  private readonly answers = new Map<number, (outcome: AskOutcome) => void>();
  private readonly events: MemberEvent[] = [];
  /** Places whose purges are not on the disk yet, in their order. */
  private readonly keeping: { readonly position: Position; isDurable: boolean }[] = [];
  /** One could not be written: the place stays before it for the rest of the process. */
  private isBehind = false;
  private isRunning = false;
  private isStopped = false;
  private tokens = 0;
  private link: BusLink | null = null;
  private ticking: Timer | null = null;
  private trusting: Timer | null = null;

  /** @throws the disk's error */
  constructor(options: MemberDriverOptions) {
    const { cache, positionFile, leaseMs, answerMs } = options;
    this.options = options;
    // What is stored by a later process with a disk would not be what this place is about.
    if (!cache.outlivesProcess) positionFile.clear();
    const position = cache.outlivesProcess ? positionFile.read() : null;
    this.member = new PurgeMember({ leaseMs, position, answerMs });
    cache.trustUntil(0);
    this.subscribe();
    this.tick();
  }

  get position(): Position | null {
    return this.member.applied;
  }

  get isInDoubt(): boolean {
    return this.member.isInDoubt(this.options.clock.monotonicMs());
  }

  get hasJoined(): boolean {
    return this.member.hasJoined;
  }

  get waiting(): number {
    return this.member.waiting;
  }

  /** Has a purge ordered and carried out everywhere. */
  carry(purges: readonly PurgeAsked[], { who, by, id }: Purging): Promise<CarriedOutcome> {
    if (id !== undefined && (id === '' || id.length > ID_LENGTH_MAX)) {
      const detail = `an id has 1 to ${ID_LENGTH_MAX} letters`;
      return Promise.resolve({ ok: false, problem: 'bad-purge', detail });
    }
    if (this.isStopped) return Promise.resolve(STOPPED);
    this.counts.asked++;
    const token = ++this.tokens;
    const asked = {
      ...{ purges, who, by },
      id: id ?? this.options.random.bytes(ID_BYTES).toString('hex'),
    };
    return new Promise((resolve) => {
      this.answers.set(token, (outcome) => {
        if (!outcome.ok) this.counts.refused++;
        resolve(
          outcome.ok
            ? { ok: true, seq: outcome.receipt.sequence, receipt: outcome.receipt }
            : outcome,
        );
      });
      this.tell({ kind: 'ask', token, asked });
    });
  }

  /** From here on the cache trusts nothing that it has stored; whoever waits is told that nothing is known. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    const { clock, cache, positionFile } = this.options;
    for (const timer of [this.ticking, this.trusting]) if (timer !== null) clock.clearTimer(timer);
    cache.trustUntil(0);
    for (const answer of this.answers.values()) {
      answer(STOPPED);
    }
    this.answers.clear();
    await positionFile.flush();
  }

  private subscribe(): void {
    const { subscriptions } = this.options;
    subscriptions.onUp((link) => {
      this.link = link;
      this.tell({ kind: 'linked', link: link.id });
    });
    subscriptions.onDown((link) => {
      if (link === this.link) this.link = null;
      this.tell({ kind: 'unlinked', link: link.id });
    });
    const { joined, entries, lease, receipt, refused } = toMemberKinds;
    subscriptions.on(joined, (link, message) => this.onMessage(link, message));
    subscriptions.on(entries, (link, message) => this.onMessage(link, message));
    subscriptions.on(lease, (link, message) => this.onMessage(link, message));
    subscriptions.on(receipt, (link, message) => this.onMessage(link, message));
    subscriptions.on(refused, (link, message) => this.onMessage(link, message));
  }

  private onMessage(link: BusLink, message: (MemberEvent & { kind: 'message' })['message']): void {
    this.tell({ kind: 'message', link: link.id, message });
  }

  private tick(): void {
    this.ticking = this.options.clock.setTimer(this.member.tickMs, () => {
      this.tell({ kind: 'tick' });
      this.tick();
    });
    this.ticking.unref();
  }

  private tell(event: MemberEvent): void {
    this.events.push(event);
    if (this.isRunning) return;
    this.isRunning = true;
    while (!this.isStopped) {
      const next = this.events.shift();
      if (next === undefined) break;
      this.carryOut(this.member.step(next, this.options.clock.monotonicMs()));
    }
    this.isRunning = false;
  }

  private carryOut(effects: readonly MemberEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.send(effect.message);
          break;
        case 'apply':
          for (const entry of effect.entries) this.apply(entry);
          break;
        case 'forget':
          this.counts.resets++;
          this.options.log.warn('purges that were missed are not known: all is forgotten', {
            sequence: effect.position.sequence,
          });
          this.purge(ALL, { who: 'edge', by: 'reset' }, effect.position);
          break;
        case 'trust':
          this.trust(effect.untilMs);
          break;
        case 'answer': {
          const answer = this.answers.get(effect.token);
          this.answers.delete(effect.token);
          answer?.(effect.outcome);
          break;
        }
      }
    }
  }

  private apply({ epoch, sequence, purges, who, by }: OrderedPurge): void {
    this.counts.applied++;
    this.purge(purges, { who, by }, { epoch, sequence });
  }

  private purge(purges: readonly PurgeAsked[], purging: Purging, position: Position): void {
    const { cache, log } = this.options;
    const kept = { position, isDurable: false };
    if (cache.outlivesProcess && !this.isBehind) this.keeping.push(kept);
    const durable = (): void => {
      kept.isDurable = true;
      this.keepPosition();
    };
    if (purges.length === 0) durable();
    else {
      // What could not be written holds until the process ends; the place stays before it, so that it is told again.
      cache.applyPurges(purges, purging).then(durable, (error: unknown) => {
        log.warn('a purge of the network is not on the disk', { ...position, error });
        this.isBehind = true;
        this.keeping.length = 0;
      });
    }
  }

  private keepPosition(): void {
    const { keeping } = this;
    let place: Position | undefined;
    while (keeping[0]?.isDurable === true) place = keeping.shift()?.position;
    if (place !== undefined) this.options.positionFile.keep(place);
  }

  private trust(untilMs: number): void {
    const { clock, cache, log } = this.options;
    if (this.trusting === null) log.info('what is stored may be served: all purges are known here');
    else clock.clearTimer(this.trusting);
    const leftMs = untilMs - clock.monotonicMs();
    cache.trustUntil(clock.wallMs() + leftMs);
    this.trusting = clock.setTimer(leftMs, () => {
      this.trusting = null;
      cache.trustUntil(0);
      this.counts.doubts++;
      log.warn('nothing was heard from the coordinator of purges: what is stored is validated');
    });
    this.trusting.unref();
  }

  private send(message: ToCoordinator): void {
    const { link } = this;
    if (link === null) return;
    switch (message.kind) {
      case 'join':
        link.send(toCoordinatorKinds.join, message);
        return;
      case 'applied':
        link.send(toCoordinatorKinds.applied, message);
        return;
      case 'beat':
        link.send(toCoordinatorKinds.beat, message);
        return;
      case 'ask':
        link.send(toCoordinatorKinds.ask, message);
        return;
    }
  }
}
