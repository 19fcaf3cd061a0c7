/**
 * Which PoPs take traffic, and how busy they are: the balancer's checks, and what PoPs say of themselves.
 *
 * Invariant: what a PoP has said of its load is forgotten when it has said nothing for a while.
 */
import type { Clock, Timer } from '../core/runtime/index.ts';
import type { Sharing } from './acme/index.ts';
import { POPS_POOL } from './expand/index.ts';
import type { PopHealth } from './pop.ts';

/** Between two looks, milliseconds. */
const LOOK_MS = 250;
/** Between two words on our own load. */
const TELL_MS = 1000;
const LOAD_KEPT_MS = 5000;
/** Shares that differ by less are not worth another word. */
const LOAD_STEP = 0.05;
const KIND = 'load';

export interface PopStatesOptions {
  readonly clock: Clock;
  /** Name of this PoP. */
  readonly pop: string;
  names(): readonly string[];
  /** What checks say; undefined: nobody checks it. */
  takesWork(pool: string, server: string): boolean | undefined;
  /** Share of our capacity that is in use. */
  ownLoad(): number;
  readonly sharing: Sharing;
}

interface Load {
  readonly share: number;
  readonly atMs: number;
}

export class PopStates implements PopHealth {
  private readonly options: PopStatesOptions;
  private readonly listeners: (() => void)[] = [];
  private readonly up = new Map<string, boolean>();
  private readonly loads = new Map<string, Load>();
  private timer: Timer | undefined;
  private toldMs = Number.NEGATIVE_INFINITY;

  constructor(options: PopStatesOptions) {
    this.options = options;
    options.sharing.onReceived((kind, value) => {
      if (kind === KIND) this.hear(value);
    });
  }

  start(): void {
    this.look();
  }

  stop(): void {
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  isUp(pop: string): boolean {
    return this.up.get(pop) ?? true;
  }

  loadOf(pop: string): number | undefined {
    const load = this.loads.get(pop);
    if (load === undefined) return undefined;
    return this.options.clock.monotonicMs() - load.atMs > LOAD_KEPT_MS ? undefined : load.share;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private look(): void {
    const { clock, names, takesWork, pop, ownLoad, sharing } = this.options;
    const nowMs = clock.monotonicMs();
    let changed = false;
    for (const name of names()) {
      const isUp = takesWork(POPS_POOL, name) ?? true;
      if (this.isUp(name) !== isUp) changed = true;
      this.up.set(name, isUp);
    }
    if (nowMs - this.toldMs >= TELL_MS) {
      this.toldMs = nowMs;
      const share = Math.round(ownLoad() * 1000) / 1000;
      void sharing.publish(KIND, { pop, share });
      if (this.take(pop, share, nowMs)) changed = true;
    }
    if (changed) this.tell();
    this.timer = clock.setTimer(LOOK_MS, () => this.look());
    this.timer.unref();
  }

  private hear(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const { pop, share } = value as { pop?: unknown; share?: unknown };
    if (typeof pop !== 'string' || typeof share !== 'number' || !(share >= 0)) return;
    if (!this.options.names().includes(pop)) return;
    if (this.take(pop, share, this.options.clock.monotonicMs())) this.tell();
  }

  /** Whether that is a change. */
  private take(pop: string, share: number, atMs: number): boolean {
    const before = this.loadOf(pop);
    this.loads.set(pop, { share, atMs });
    return before === undefined || Math.abs(before - share) >= LOAD_STEP;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
