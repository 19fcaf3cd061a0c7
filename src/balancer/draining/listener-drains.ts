/**
 * The drains of listeners: `health/drain.ts` at work on what clients are connected to.
 *
 *     begin     no new connections; idle ones are closed, responses say so (Connection: close, GOAWAY)
 *     deadline  WebSockets are told 1001, what had no answer gets 503, the rest is broken off
 */
import type { Exchange } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import { type Deadline, deadlineAfter, remainingMs } from '../../core/resilience/index.ts';
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { Drain } from '../health/drain.ts';
import type { Door } from '../listeners/door.ts';
import { type DrainShown, GOODBYE_MS, LOOK_EVERY_MS, shownPresent } from './drain-report.ts';
import {
  addressText,
  cutExchange,
  type Present,
  presentExchange,
  sayGoodbye,
} from './under-way.ts';

export interface ListenerDrainsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Requests that came by this listener and are with a server now. */
  exchangesOf(listener: string): Iterable<Exchange>;
}

interface Row {
  readonly drain: Drain;
  deadline: Deadline;
  /** How long behind the deadline a WebSocket has to close in order. */
  goodbyeMs: number;
  /** When all are broken off; Infinity before the deadline. */
  hardMs: number;
  readonly ended: Promise<number>;
}

/** The deadlines are kept here, where they may change: the longest time that a timer takes. */
const NO_DEADLINE_MS = 2 ** 31 - 1;

export class ListenerDrains {
  private readonly options: ListenerDrainsOptions;
  private readonly rows = new Map<Door, Row>();
  private timer: Timer | null = null;

  constructor(options: ListenerDrainsOptions) {
    this.options = options;
  }

  has(door: Door): boolean {
    return this.rows.has(door);
  }

  /**
   * Begins, or gives a drain under way another deadline. Resolves when nobody is left, with the number of
   * connections cut.
   * @param goodbyeMs how long behind the deadline a WebSocket has to close in order
   */
  begin(door: Door, deadlineMs: number, goodbyeMs: number = GOODBYE_MS): Promise<number> {
    const known = this.rows.get(door);
    const { clock, log } = this.options;
    const nowMs = clock.monotonicMs();
    const deadline = deadlineAfter(nowMs, deadlineMs);
    if (known !== undefined) {
      if (known.drain.state !== 'draining') return known.ended;
      known.deadline = deadline;
      known.goodbyeMs = goodbyeMs;
      if (known.drain.setDeadline(deadline, door.open, nowMs)) this.cut(door, known, nowMs);
      return known.ended;
    }
    const drain = new Drain();
    const open = door.open;
    const ended = door.drain(NO_DEADLINE_MS).then((late) => {
      if (drain.may('last-ended')) drain.look(0, clock.monotonicMs());
      return Math.max(late, drain.report(0, 0).cut);
    });
    const row = { drain, deadline, goodbyeMs, hardMs: Number.POSITIVE_INFINITY, ended };
    this.rows.set(door, row);
    drain.begin(open, deadline, nowMs);
    log.info('a listener is being drained', { listener: door.settings.name, deadlineMs, open });
    // With no time at all that is now.
    if (drain.state === 'cutting') this.cut(door, row, nowMs);
    this.arm();
    return ended;
  }

  report(door: Door): DrainShown | undefined {
    const row = this.rows.get(door);
    if (row === undefined) return undefined;
    const nowMs = this.options.clock.monotonicMs();
    const report = row.drain.report(door.open, nowMs);
    return {
      ...report,
      elapsedMs: Math.round(report.elapsedMs),
      deadlineInMs: Math.round(remainingMs(row.deadline, nowMs)),
      waitsForSessions: false,
      ...shownPresent(this.presentAt(door, nowMs)),
    };
  }

  /** Whether nobody is left. */
  isOver(door: Door): boolean {
    return this.rows.get(door)?.drain.state === 'drained';
  }

  forget(door: Door): void {
    this.rows.delete(door);
  }

  stop(): void {
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    this.timer = null;
    this.rows.clear();
  }

  private presentAt(door: Door, nowMs: number): Present[] {
    const { name } = door.settings;
    const present = [...this.options.exchangesOf(name)].map((each) => presentExchange(each, nowMs));
    const { sessions } = door;
    if (sessions === undefined) return present;
    for (const { facts, target, begunMs } of sessions.joined()) {
      present.push({
        client: addressText(facts.clientAddress, facts.clientPort),
        kind: sessions.kind,
        listener: name,
        pool: target?.pool ?? '',
        server: target?.name ?? '',
        what: facts.serverName,
        ageMs: Math.round(nowMs - begunMs),
      });
    }
    return present;
  }

  private look(): void {
    this.timer = null;
    const nowMs = this.options.clock.monotonicMs();
    for (const [door, row] of this.rows) {
      if (row.drain.look(door.open, nowMs)) this.cut(door, row, nowMs);
      else if (row.drain.state === 'cutting' && nowMs >= row.hardMs) {
        row.hardMs = Number.POSITIVE_INFINITY;
        void door.drain(0);
      }
    }
    this.arm();
  }

  private cut(door: Door, row: Row, nowMs: number): void {
    const { name } = door.settings;
    row.hardMs = nowMs + row.goodbyeMs;
    this.options.log.warn('what is left at a drained listener is cut', {
      listener: name,
      left: door.open,
    });
    for (const exchange of [...this.options.exchangesOf(name)]) {
      if (!sayGoodbye(exchange)) cutExchange(exchange);
    }
    const { sessions } = door;
    if (sessions === undefined) return;
    const targets = new Set([...sessions.joined()].map(({ target }) => target));
    for (const target of targets) if (target !== null) sessions.cutAt(target);
  }

  private arm(): void {
    if (this.timer !== null) return;
    let busy = false;
    for (const { drain } of this.rows.values()) busy ||= drain.state !== 'drained';
    if (!busy) return;
    this.timer = this.options.clock.setTimer(LOOK_EVERY_MS, () => this.look());
    this.timer.unref();
  }
}
