/**
 * What a PoP does with purges of its network: applies them in their order, and knows until when it may serve what it
 * has stored. Pure: told what happens and the time, it gives what to do.
 *
 *     alone ──linked──▶ joining ──joined──▶ joined: applies what comes, asks for a lease every third of one
 *       ▲                                      │
 *       └──────────────── unlinked ────────────┘
 *
 * It trusts what it has stored until the last lease is over, whatever becomes of the link, and not before it has got
 * one: so neither behind a start nor when it has lost touch.
 *
 * Invariants: purges are applied in the order of their sequences without gaps, or everything is forgotten; a purge is
 * confirmed when it is applied, never before; a lease counts from the moment at which it was asked for.
 */
import type { PurgeAsked, PurgeProblem } from '../../cache/index.ts';
import { ASKS_MAX } from './limits.ts';
import {
  isSamePurge,
  type OrderedPurge,
  type Position,
  type PurgeReceipt,
  type ToCoordinator,
  type ToMember,
} from './messages.ts';

export interface MemberOptions {
  /** As in the settings; the coordinator's counts where they differ. */
  readonly leaseMs: number;
  /** Up to which what is stored has been purged, durably; null: what is stored may be older than any purge. */
  readonly position: Position | null;
  /** Who asks for a purge is told within that time that it is not known what has become of it. */
  readonly answerMs: number;
}

export type AskOutcome =
  | { readonly ok: true; readonly receipt: PurgeReceipt }
  | { readonly ok: false; readonly problem: PurgeProblem; readonly detail: string };

export interface Asked {
  /** With the same one it is the same purge. */
  readonly id: string;
  readonly purges: readonly PurgeAsked[];
  readonly who: string;
  readonly by: string;
}

export type MemberEvent =
  | { readonly kind: 'linked'; readonly link: number }
  | { readonly kind: 'unlinked'; readonly link: number }
  | { readonly kind: 'message'; readonly link: number; readonly message: ToMember }
  /** Somebody wants a purge; `token` tells whom to answer. */
  | { readonly kind: 'ask'; readonly token: number; readonly asked: Asked }
  | { readonly kind: 'tick' };

export type MemberEffect =
  | { readonly kind: 'send'; readonly link: number; readonly message: ToCoordinator }
  /** At once: the confirmation follows in the same list. */
  | { readonly kind: 'apply'; readonly entries: readonly OrderedPurge[] }
  /** Everything that is stored, or on its way there; at once. */
  | { readonly kind: 'forget'; readonly position: Position }
  /** What is stored may be served without asking before that moment. */
  | { readonly kind: 'trust'; readonly untilMs: number }
  | { readonly kind: 'answer'; readonly token: number; readonly outcome: AskOutcome };

interface Waiting {
  readonly asked: Asked;
  readonly tokens: number[];
  readonly untilMs: number;
  sentMs: number;
}

/** Beats of which the answer may still come. */
const BEATS_MAX = 16;

export class PurgeMember {
  protected readonly options: MemberOptions;
  private link: number | null = null;
  private isJoined = false;
  private position: Position | null;
  private trustUntilMs = Number.NEGATIVE_INFINITY;
  private leaseMs: number;
  private beatMs = Number.NEGATIVE_INFINITY;
  private beats = 0;
  /** When each was sent. */
  private readonly beatsSent = new Map<number, number>();
  private readonly asks = new Map<string, Waiting>();
  private effects: MemberEffect[] = [];

  constructor(options: MemberOptions) {
    this.options = options;
    this.position = options.position;
    this.leaseMs = options.leaseMs;
  }

  step(event: MemberEvent, nowMs: number): readonly MemberEffect[] {
    this.effects = [];
    switch (event.kind) {
      case 'linked':
        this.onLinked(event.link, nowMs);
        break;
      case 'unlinked':
        if (event.link === this.link) {
          this.link = null;
          this.isJoined = false;
        }
        break;
      case 'message':
        if (event.link === this.link) this.onMessage(event.message, nowMs);
        break;
      case 'ask':
        this.ask(event.token, event.asked, nowMs);
        break;
      case 'tick':
        this.onTick(nowMs);
        break;
    }
    return this.effects;
  }

  /** Up to which purges are applied; null: nobody knows. */
  get applied(): Position | null {
    return this.position;
  }

  get hasJoined(): boolean {
    return this.isJoined;
  }

  /** What is stored may not be served without asking. */
  isInDoubt(nowMs: number): boolean {
    return nowMs >= this.trustUntilMs;
  }

  /** Purges asked for here without an answer so far. */
  get waiting(): number {
    return this.asks.size;
  }

  /** How often `tick` is wanted, milliseconds. */
  get tickMs(): number {
    return this.leaseMs / 12;
  }

  private onLinked(link: number, nowMs: number): void {
    this.link = link;
    this.isJoined = false;
    this.beatsSent.clear();
    this.join(nowMs);
    for (const waiting of this.asks.values()) this.sendAsk(waiting, nowMs);
  }

  private onTick(nowMs: number): void {
    for (const waiting of this.asks.values()) {
      if (nowMs >= waiting.untilMs) {
        const { id } = waiting.asked;
        const detail = `no receipt has come in time: asked again with the id ${id} it is the same purge`;
        this.answer(waiting, { ok: false, problem: 'no-receipt', detail });
      } else if (nowMs - waiting.sentMs >= this.leaseMs) {
        this.sendAsk(waiting, nowMs);
      }
    }
    // The tick that is nearest to a third.
    if (this.link === null || nowMs - this.beatMs < this.leaseMs / 3 - this.tickMs / 2) return;
    if (this.isJoined) this.beat(nowMs);
    else this.join(nowMs);
  }

  private onMessage(message: ToMember, nowMs: number): void {
    switch (message.kind) {
      case 'joined':
        this.onJoined(message.reset, nowMs);
        return;
      case 'entries':
        if (this.isJoined) this.onEntries(message.after, message.entries, nowMs);
        return;
      case 'lease':
        this.onLease(message.n, message.leaseMs);
        return;
      case 'receipt': {
        const waiting = this.asks.get(message.id);
        if (waiting !== undefined) this.answer(waiting, { ok: true, receipt: message.receipt });
        return;
      }
      case 'refused': {
        const waiting = this.asks.get(message.id);
        const { problem, detail } = message;
        if (waiting !== undefined) this.answer(waiting, { ok: false, problem, detail });
        return;
      }
    }
  }

  private join(nowMs: number): void {
    this.beatMs = nowMs;
    this.send({ kind: 'join', position: this.position });
  }

  private onJoined(reset: Position | null, nowMs: number): void {
    // A second answer is to a question that was sent twice: we have gone on since.
    if (this.isJoined || (reset === null && this.position === null)) return;
    this.isJoined = true;
    if (reset !== null) {
      this.position = reset;
      this.effects.push({ kind: 'forget', position: reset });
    }
    this.beat(nowMs);
  }

  private onEntries(after: number, entries: readonly OrderedPurge[], nowMs: number): void {
    const applied = (this.position as Position).sequence;
    // One before them was lost; they come again.
    if (after > applied) return;
    const news = entries.filter(({ sequence }) => sequence > applied);
    const last = news.at(-1);
    if (last === undefined) return;
    this.effects.push({ kind: 'apply', entries: news });
    this.position = { epoch: last.epoch, sequence: last.sequence };
    if (this.isInDoubt(nowMs)) this.beat(nowMs);
    else this.send({ kind: 'applied', sequence: last.sequence });
  }

  private beat(nowMs: number): void {
    this.beatMs = nowMs;
    const n = ++this.beats;
    this.beatsSent.set(n, nowMs);
    this.beatsSent.delete(n - BEATS_MAX);
    this.send({ kind: 'beat', n, applied: (this.position as Position).sequence });
  }

  private onLease(n: number, leaseMs: number): void {
    const sentMs = this.beatsSent.get(n);
    if (sentMs === undefined) return;
    for (const each of this.beatsSent.keys()) if (each <= n) this.beatsSent.delete(each);
    this.leaseMs = leaseMs;
    const untilMs = sentMs + leaseMs;
    if (untilMs <= this.trustUntilMs) return;
    this.trustUntilMs = untilMs;
    this.effects.push({ kind: 'trust', untilMs });
  }

  private ask(token: number, asked: Asked, nowMs: number): void {
    const refuse = (problem: PurgeProblem, detail: string): void => {
      const outcome: AskOutcome = { ok: false, problem, detail };
      this.effects.push({ kind: 'answer', token, outcome });
    };
    const known = this.asks.get(asked.id);
    if (known !== undefined) {
      if (!isSamePurge(known.asked.purges, asked.purges)) refuse('id-taken', 'it is under way');
      else if (known.tokens.length >= ASKS_MAX) refuse('crowded', 'too many ask for it');
      else known.tokens.push(token);
      return;
    }
    if (this.asks.size >= ASKS_MAX) {
      refuse('crowded', `${ASKS_MAX} were asked for here and are under way`);
      return;
    }
    const untilMs = nowMs + this.options.answerMs;
    const waiting: Waiting = { asked, tokens: [token], untilMs, sentMs: nowMs };
    this.asks.set(asked.id, waiting);
    this.sendAsk(waiting, nowMs);
  }

  private sendAsk(waiting: Waiting, nowMs: number): void {
    waiting.sentMs = nowMs;
    const { id, purges, who, by } = waiting.asked;
    this.send({ kind: 'ask', id, purges, who, by });
  }

  private answer({ asked, tokens }: Waiting, outcome: AskOutcome): void {
    this.asks.delete(asked.id);
    for (const token of tokens) this.effects.push({ kind: 'answer', token, outcome });
  }

  private send(message: ToCoordinator): void {
    if (this.link !== null) this.effects.push({ kind: 'send', link: this.link, message });
  }
}
