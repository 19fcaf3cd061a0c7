/**
 * What the store does by itself: expire keys, give memory back, end waits, sample rates, start
 * flushes. Ten times a second, and for waiting clients exactly when their time is over.
 */
import type { Timer } from '../../core/runtime/index.ts';
import type { Blocked } from '../engine/blocking.ts';
import type { Persistence } from '../persistence/index.ts';
import type { KvServer } from './server.ts';

const TICK_MS = 100;
/** A timer may not be set further ahead. */
const TIMER_MS_MAX = 0x7fffffff;

export class Tick {
  private readonly server: KvServer;
  private readonly persistence: Persistence | undefined;
  private timer: Timer | undefined;
  private deadlineTimer: Timer | undefined;
  private pauseTimer: Timer | undefined;
  private deadlineMs = Number.POSITIVE_INFINITY;
  private slicing = false;
  private stopped = false;

  constructor(server: KvServer, persistence: Persistence | undefined) {
    this.server = server;
    this.persistence = persistence;
    server.engine.onBlocked = (blocked) => this.blockedUntil(blocked);
    server.engine.onPaused = () => this.pausedUntil();
    server.engine.onBackgroundWork = () => this.startSlice();
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.server.engine.scripting.stop();
    const { clock } = this.server.engine;
    for (const timer of [this.timer, this.deadlineTimer, this.pauseTimer]) {
      if (timer !== undefined) clock.clearTimer(timer);
    }
  }

  private schedule(): void {
    if (!this.stopped) this.timer = this.server.engine.clock.setTimer(TICK_MS, this.run);
  }

  private readonly run = (): void => {
    const { engine } = this.server;
    const nowMs = engine.clock.wallMs();
    if (engine.background.tick()) this.startSlice();
    const { stats } = engine;
    stats.outputBytes = engine.outlet.sentBytes;
    stats.commandRate.sample(stats.commands, nowMs);
    stats.inputRate.sample(stats.inputBytes, nowMs);
    stats.outputRate.sample(stats.outputBytes, nowMs);
    stats.peakMemoryBytes = Math.max(stats.peakMemoryBytes, engine.keyspace.usedBytes);
    // The log has caught up, perhaps; and the clock of the wall may have been set.
    if (!engine.pause.isOn(nowMs)) this.endPause();
    this.persistence?.tick();
    this.server.checkClients(nowMs);
    this.server.beginWork();
    this.schedule();
  };

  /** What the background still has to do goes on after the events of a turn. */
  private startSlice(): void {
    if (this.slicing || this.stopped) return;
    this.slicing = true;
    this.server.engine.clock.nextTurn(this.slice);
  }

  private readonly slice = (): void => {
    this.slicing = false;
    if (this.stopped) return;
    if (this.server.engine.background.slice()) this.startSlice();
    this.server.beginWork();
  };

  /** A pause was begun or made longer: it ends when its time is over, not a tick later. */
  private pausedUntil(): void {
    const { clock, pause } = this.server.engine;
    if (this.pauseTimer !== undefined) clock.clearTimer(this.pauseTimer);
    const delayMs = Math.max(1, pause.deadlineMs - clock.wallMs());
    this.pauseTimer = clock.setTimer(Math.min(delayMs, TIMER_MS_MAX), this.pauseDeadline);
  }

  private readonly pauseDeadline = (): void => {
    const { engine } = this.server;
    this.pauseTimer = undefined;
    // Timers fire early by the fraction of a millisecond.
    if (engine.pause.isOn(engine.clock.wallMs())) this.pausedUntil();
    else this.endPause();
  };

  private endPause(): void {
    const { engine } = this.server;
    engine.executor.beginBatch();
    engine.unpause();
    engine.executor.commitBackground();
  }

  /** A client waits; when its time is over before the timer at hand, a nearer one is set. */
  private blockedUntil(blocked: Blocked): void {
    if (blocked.deadlineMs >= this.deadlineMs) return;
    const { clock } = this.server.engine;
    if (this.deadlineTimer !== undefined) clock.clearTimer(this.deadlineTimer);
    this.deadlineMs = blocked.deadlineMs;
    const delayMs = Math.max(0, this.deadlineMs - clock.monotonicMs());
    this.deadlineTimer = clock.setTimer(Math.min(delayMs, TIMER_MS_MAX), this.deadline);
  }

  private readonly deadline = (): void => {
    const { engine } = this.server;
    this.deadlineTimer = undefined;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    engine.keyspace.setNow(engine.clock.wallMs());
    engine.waiting.expire();
    this.server.beginWork();
    const next = engine.blocking.nextDeadlineMs();
    if (next === Number.POSITIVE_INFINITY) return;
    this.deadlineMs = next;
    const delayMs = Math.max(1, next - engine.clock.monotonicMs());
    this.deadlineTimer = engine.clock.setTimer(Math.min(delayMs, TIMER_MS_MAX), this.deadline);
  };
}
