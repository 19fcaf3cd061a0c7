/**
 * Gives purges their order, has every PoP confirm them, and says when none serves any more what they name. Pure: told
 * what happens and the time, it gives what to do.
 *
 *     asked ─▶ ordered ─▶ durable ─▶ told to shields ─▶ passed by them ─▶ told to edges ─▶ passed by them ─▶ receipt
 *
 * A PoP passes a purge when it has confirmed it, or when the last lease that it was given is certainly over: then it
 * serves nothing stored without asking behind it, and gets a lease again only when it has confirmed all that PoPs of
 * its tier were passed over for.
 *
 * Invariants: receipts are given in the order of sequences; nothing is told before it is durable; an edge is not told
 * of a purge that a shield has not passed, as it would fetch the old copy from there again; what was passed in an
 * earlier start is not known, so all of that counts as passed where leases are given, and nobody as cut off until the
 * leases of that start are over. All that is kept is bounded.
 */
import { History, type HistoryLimits, sizeOf } from './history.ts';
import {
  BATCH_BYTES_MAX,
  DRIFT_MAX,
  ENTRY_BYTES_MAX,
  FLYING_BYTES_MAX,
  ID_LENGTH_MAX,
  PENDING_BYTES_MAX,
  PENDING_MAX,
} from './limits.ts';
import {
  isSamePurge,
  type OrderedPurge,
  type Position,
  type PurgeReceipt,
  type ToCoordinator,
  type ToMember,
} from './messages.ts';
import { PendingPurges, type Tier } from './pending.ts';
import { Receipts } from './receipts.ts';

export interface CoordinatorPop {
  readonly name: string;
  readonly shield: boolean;
}

export interface CoordinatorOptions {
  /** New at each start, and never again. */
  readonly epoch: string;
  /** How long a PoP may serve what it has stored behind a sign of life. */
  readonly leaseMs: number;
  readonly pops: readonly CoordinatorPop[];
  /** What earlier starts have ordered and is kept. */
  readonly entries: readonly OrderedPurge[];
  /** The last sequence that was given, when nothing is kept. */
  readonly lastSequence?: number;
  readonly startedMs: number;
  readonly historyLimits?: HistoryLimits;
}

export type CoordinatorEvent =
  /** A PoP can be spoken to; its name is certain. */
  | { readonly kind: 'linked'; readonly link: number; readonly pop: string }
  | { readonly kind: 'unlinked'; readonly link: number }
  | { readonly kind: 'message'; readonly link: number; readonly message: ToCoordinator }
  /** All up to it survives a crash. */
  | { readonly kind: 'durable'; readonly sequence: number }
  /** Whether the log takes more. */
  | { readonly kind: 'writable'; readonly writable: boolean }
  | { readonly kind: 'pops'; readonly pops: readonly CoordinatorPop[] }
  | { readonly kind: 'tick' };

export type CoordinatorEffect =
  | { readonly kind: 'send'; readonly link: number; readonly message: ToMember }
  | { readonly kind: 'close'; readonly link: number; readonly why: CloseReason }
  /** Goes to the log, which says when it is durable. */
  | { readonly kind: 'append'; readonly entry: OrderedPurge }
  /** The log may forget what stands before it. */
  | { readonly kind: 'cut'; readonly before: number };

export const closeReasons = {
  'unknown-pop': 'the coordinator knows no such PoP',
  superseded: 'the PoP has come by another link',
  behind: 'it lacks what is not kept any more',
} as const;
export type CloseReason = keyof typeof closeReasons;

/** A PoP as the coordinator sees it. */
export interface Member {
  readonly name: string;
  tier: Tier;
  /** By which it has joined; null: by none. */
  link: number | null;
  /** The last sequence that was sent. */
  sent: number;
  sentMs: number;
  /** What was sent and is not confirmed. */
  flying: { readonly upTo: number; readonly bytes: number }[];
  /** It has applied all up to it; -1: nobody knows. */
  confirmed: number;
  /** Before it the PoP may serve what it has stored. */
  leaseEndMs: number;
  /** It is in the settings no more, and only its lease is waited for. */
  leaving: boolean;
}

/** How long it takes in our time, at most, until a lease is over for a PoP, whatever both clocks do. */
export function leaseEndsWithin(leaseMs: number): number {
  return (leaseMs * (1 + DRIFT_MAX)) / (1 - DRIFT_MAX);
}

export class Coordinator {
  readonly members: Map<string, Member> = new Map();
  readonly history: History;
  readonly pending: PendingPurges;
  /** By tier, the last sequence that all PoPs of it and of those before it have passed. */
  readonly passed: [number, number];
  protected readonly options: CoordinatorOptions;
  private readonly receipts: Receipts;
  private readonly links = new Map<number, string>();
  /** The last of earlier starts: it may have been passed by anybody. */
  protected readonly inherited: number;
  private readonly quietUntilMs: number;
  private durable: number;
  private writable = true;
  private effects: CoordinatorEffect[] = [];

  constructor(options: CoordinatorOptions) {
    const { entries, pops, startedMs } = options;
    this.options = options;
    this.history = new History(entries, options.historyLimits, options.lastSequence);
    const { base, last } = this.history;
    // What is not kept was over once.
    this.passed = [base.sequence, base.sequence];
    this.pending = new PendingPurges(base.sequence);
    this.receipts = new Receipts();
    this.durable = last;
    this.inherited = last;
    this.quietUntilMs = startedMs + this.waitMs();
    for (const entry of entries) {
      this.pending.push(entry, this.history.bytesOf(entry.sequence), startedMs);
    }
    this.setPops(pops);
  }

  /** To be called once, before anything else. */
  start(nowMs: number): readonly CoordinatorEffect[] {
    this.effects = [];
    this.order({ id: '', purges: [], who: '', by: 'start' }, nowMs);
    return this.effects;
  }

  step(event: CoordinatorEvent, nowMs: number): readonly CoordinatorEffect[] {
    this.effects = [];
    this.take(event, nowMs);
    this.advance(nowMs);
    return this.effects;
  }

  /** The last purge that can not be lost. */
  get head(): number {
    return this.durable;
  }

  isCutOff(member: Member, nowMs: number): boolean {
    return nowMs >= member.leaseEndMs;
  }

  /** When the next lease is over, if something waits for that; undefined: nothing does. */
  wakeMs(nowMs: number): number | undefined {
    if (this.pending.count === 0) return undefined;
    let wakeMs: number | undefined;
    for (const { leaseEndMs, confirmed } of this.members.values()) {
      if (leaseEndMs <= nowMs || confirmed >= this.durable) continue;
      wakeMs = Math.min(wakeMs ?? leaseEndMs, leaseEndMs);
    }
    return wakeMs;
  }

  private take(event: CoordinatorEvent, nowMs: number): void {
    switch (event.kind) {
      case 'linked':
        if (this.members.get(event.pop)?.leaving === false) this.links.set(event.link, event.pop);
        else this.close(event.link, 'unknown-pop');
        return;
      case 'unlinked':
        this.forgetLink(event.link);
        return;
      case 'message':
        this.onMessage(event.link, event.message, nowMs);
        return;
      case 'durable':
        if (event.sequence <= this.durable) return;
        this.pending.told(0, this.durable + 1, event.sequence, nowMs);
        this.durable = event.sequence;
        return;
      case 'writable':
        this.writable = event.writable;
        return;
      case 'pops':
        this.setPops(event.pops);
        return;
      case 'tick':
        return;
    }
  }

  private onMessage(link: number, message: ToCoordinator, nowMs: number): void {
    const name = this.links.get(link);
    const member = name === undefined ? undefined : this.members.get(name);
    if (member === undefined) return;
    switch (message.kind) {
      case 'join':
        this.join(member, link, message.position);
        return;
      case 'applied':
        if (this.isCurrent(member, link)) this.confirm(member, message.sequence, nowMs);
        return;
      case 'beat':
        if (!this.isCurrent(member, link)) return;
        this.confirm(member, message.applied, nowMs);
        this.resend(member, message.applied, nowMs);
        if (!this.mayHold(member, nowMs)) return;
        member.leaseEndMs = Math.max(
          member.leaseEndMs,
          nowMs + leaseEndsWithin(this.options.leaseMs),
        );
        this.send(link, { kind: 'lease', n: message.n, leaseMs: this.options.leaseMs });
        return;
      case 'ask':
        this.ask(link, message, nowMs);
        return;
    }
  }

  private join(member: Member, link: number, position: Position | null): void {
    if (member.link !== null && member.link !== link) this.supersede(member.link);
    member.flying = [];
    member.sentMs = Number.NEGATIVE_INFINITY;
    member.link = link;
    if (position !== null && this.holds(position)) {
      member.sent = position.sequence;
      member.confirmed = position.sequence;
      this.send(link, { kind: 'joined', reset: null });
      return;
    }
    // It confirms that when it has forgotten everything.
    const reset = this.history.positionAt(this.toldTo(member)) as Position;
    member.confirmed = -1;
    member.sent = reset.sequence;
    if (reset.epoch === '') {
      // Nothing is told yet that it could stand at; it asks again.
      member.link = null;
      return;
    }
    this.send(link, { kind: 'joined', reset });
  }

  private confirm(member: Member, applied: number, nowMs: number): void {
    const sequence = Math.min(applied, this.durable);
    if (sequence <= member.confirmed) return;
    this.pending.confirmed(member.name, member.confirmed + 1, sequence, nowMs);
    member.confirmed = sequence;
    member.sent = Math.max(member.sent, sequence);
    const left = member.flying.findIndex(({ upTo }) => upTo > sequence);
    member.flying.splice(0, left === -1 ? member.flying.length : left);
  }

  /** What has not come by now was lost. */
  private resend(member: Member, applied: number, nowMs: number): void {
    const isLate = nowMs - member.sentMs > this.options.leaseMs / 3;
    if (applied >= member.sent || !isLate) return;
    member.sent = applied;
    member.flying = [];
  }

  /** What still comes by it does not count: it may be of a process that is gone, which had applied more. */
  protected supersede(link: number): void {
    this.close(link, 'superseded');
  }

  protected isCurrent(member: Member, link: number): boolean {
    return member.link === link;
  }

  protected holds(position: Position): boolean {
    return this.history.holds(position);
  }

  /** Milliseconds behind our start in which a lease of an earlier start may not be over. */
  protected waitMs(): number {
    return leaseEndsWithin(Math.max(this.options.leaseMs, this.history.leaseMsMax));
  }

  /** Whether a PoP may have a lease: it lacks nothing that it was passed over for, and keeps up. */
  protected mayHold(member: Member, nowMs: number): boolean {
    const { tier, confirmed, leaving } = member;
    if (leaving || confirmed < Math.max(this.passed[tier], this.inherited)) return false;
    // One that lives and does not apply what it is told would hold up everybody.
    const toldMs = this.pending.at(confirmed + 1)?.toldMs[tier] ?? Number.NaN;
    return !(nowMs - toldMs > this.options.leaseMs);
  }

  private ask(link: number, asked: ToCoordinator & { kind: 'ask' }, nowMs: number): void {
    const { id, purges } = asked;
    const refuse = (problem: 'id-taken' | 'crowded' | 'too-many' | 'bad-purge', detail: string) =>
      this.send(link, { kind: 'refused', id, problem, detail });
    if (id === '' || id.length > ID_LENGTH_MAX) {
      refuse('bad-purge', `an id has 1 to ${ID_LENGTH_MAX} letters`);
      return;
    }
    const known = this.history.sequenceOf(id);
    if (known !== undefined) {
      const entry = this.history.at(known) as OrderedPurge;
      const pending = this.pending.at(known);
      if (!isSamePurge(entry.purges, purges)) refuse('id-taken', `it is that of ${known}`);
      else if (pending !== undefined) pending.waiters.add(link);
      else this.send(link, { kind: 'receipt', id, receipt: this.receiptOf(entry) });
      return;
    }
    const bytes = sizeOf({ ...asked, leaseMs: 0 });
    const { count, bytes: bytesPending } = this.pending;
    if (bytes > ENTRY_BYTES_MAX) {
      refuse('too-many', `it takes ${bytes} bytes, ${ENTRY_BYTES_MAX} at most`);
    } else if (!this.writable) {
      refuse('crowded', 'the log of the coordinator can not be written');
    } else if (count >= PENDING_MAX || bytesPending + bytes > PENDING_BYTES_MAX) {
      refuse('crowded', `${count} are under way`);
    } else {
      this.order(asked, nowMs).waiters.add(link);
    }
  }

  private order(
    { id, purges, who, by }: Pick<OrderedPurge, 'id' | 'purges' | 'who' | 'by'>,
    nowMs: number,
  ) {
    const { epoch, leaseMs } = this.options;
    const sequence = this.history.last + 1;
    const entry: OrderedPurge = { epoch, sequence, id, purges, who, by, leaseMs };
    this.history.push(entry);
    this.effects.push({ kind: 'append', entry });
    return this.pending.push(entry, this.history.bytesOf(sequence), nowMs);
  }

  /** Does all that can be done by now. */
  private advance(nowMs: number): void {
    for (const member of this.members.values()) {
      if (member.leaving && this.isCutOff(member, nowMs)) this.members.delete(member.name);
    }
    const { passed } = this;
    const before = passed[0];
    passed[0] = Math.max(passed[0], this.passedBy(0, this.durable, nowMs));
    this.pending.told(1, before + 1, passed[0], nowMs);
    passed[1] = Math.max(passed[1], this.passedBy(1, passed[0], nowMs));
    while (this.pending.settled < passed[1]) this.settle(nowMs);
    const first = this.history.cut(this.pending.settled);
    if (first !== undefined) this.effects.push({ kind: 'cut', before: first });
    for (const member of this.members.values()) this.tell(member, nowMs);
  }

  private passedBy(tier: Tier, upTo: number, nowMs: number): number {
    let passed = upTo;
    for (const member of this.members.values()) {
      if (member.tier > tier || member.confirmed >= passed) continue;
      if (!this.isCutOff(member, nowMs)) passed = member.confirmed;
    }
    return passed;
  }

  private settle(nowMs: number): void {
    const over = this.pending.shift();
    if (over === undefined) return;
    const { entry, acceptedMs, confirmedMs, waiters } = over;
    const receipt: PurgeReceipt = {
      sequence: entry.sequence,
      epoch: entry.epoch,
      ms: nowMs - acceptedMs,
      pops: [...this.members.values()].map(({ name, confirmed }) => {
        if (confirmed < entry.sequence) return { pop: name, state: 'cut-off', ms: null };
        return { pop: name, state: 'confirmed', ms: (confirmedMs.get(name) ?? nowMs) - acceptedMs };
      }),
    };
    if (entry.id === '') return;
    this.receipts.keep(receipt);
    for (const link of waiters) {
      if (this.links.has(link)) this.send(link, { kind: 'receipt', id: entry.id, receipt });
    }
  }

  private receiptOf({ sequence, epoch }: OrderedPurge): PurgeReceipt {
    return (
      this.receipts.of(sequence) ?? {
        ...{ sequence, epoch, ms: null },
        pops: [...this.members.values()].map(({ name, confirmed }) => ({
          pop: name,
          state: confirmed >= sequence ? 'confirmed' : 'cut-off',
          ms: null,
        })),
      }
    );
  }

  /** The last that a PoP may be told of. */
  protected toldTo({ tier }: Member): number {
    return tier === 0 ? this.durable : this.passed[0];
  }

  private tell(member: Member, nowMs: number): void {
    const { link } = member;
    if (link === null) return;
    const upTo = this.toldTo(member);
    let bytes = member.flying.reduce((sum, each) => sum + each.bytes, 0);
    while (member.sent < upTo && bytes < FLYING_BYTES_MAX) {
      const entries = this.history.after(member.sent, upTo, BATCH_BYTES_MAX);
      const last = entries.at(-1);
      if (last === undefined) {
        this.close(link, 'behind');
        return;
      }
      this.send(link, { kind: 'entries', after: member.sent, entries });
      const batch = entries.reduce((sum, { sequence }) => sum + this.history.bytesOf(sequence), 0);
      bytes += batch;
      member.flying.push({ upTo: last.sequence, bytes: batch });
      member.sent = last.sequence;
      member.sentMs = nowMs;
    }
  }

  private setPops(pops: readonly CoordinatorPop[]): void {
    for (const { name, shield } of pops) {
      const tier = shield ? 0 : 1;
      const known = this.members.get(name);
      if (known !== undefined) {
        known.leaving = false;
        known.tier = tier;
        continue;
      }
      this.members.set(name, {
        ...{ name, tier, link: null, sent: 0, sentMs: Number.NEGATIVE_INFINITY, flying: [] },
        // An earlier start may have given it a lease.
        ...{ confirmed: -1, leaseEndMs: this.quietUntilMs, leaving: false },
      });
    }
    for (const member of this.members.values()) {
      if (pops.some(({ name }) => name === member.name)) continue;
      member.leaving = true;
      for (const [link, name] of this.links) {
        if (name === member.name) this.close(link, 'unknown-pop');
      }
    }
  }

  private forgetLink(link: number): void {
    const name = this.links.get(link);
    this.links.delete(link);
    this.pending.forgetLink(link);
    const member = name === undefined ? undefined : this.members.get(name);
    if (member?.link === link) member.link = null;
  }

  private send(link: number, message: ToMember): void {
    this.effects.push({ kind: 'send', link, message });
  }

  private close(link: number, why: CloseReason): void {
    this.forgetLink(link);
    this.effects.push({ kind: 'close', link, why });
  }
}
