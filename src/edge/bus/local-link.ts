/** A link of a PoP with itself, for what it says to the part that all others reach by the network. */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { BusLink, MessageKind, Subscriptions } from './kinds.ts';
import { nextLinkId } from './open-link.ts';

/** Before it is linked anew when one end has ended the link, milliseconds. */
const RELINK_MS = 100;

export class LocalLink {
  private readonly pop: string;
  private readonly a: Subscriptions;
  private readonly b: Subscriptions;
  private readonly clock: Clock;
  private end: (() => void) | null = null;
  private timer: Timer | null = null;
  private isStopped = false;

  /** Links two ends in this process; messages come in their order, never inside `send`. */
  constructor(pop: string, a: Subscriptions, b: Subscriptions, clock: Clock) {
    this.pop = pop;
    this.a = a;
    this.b = b;
    this.clock = clock;
  }

  start(): void {
    const { pop, a, b } = this;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      queueMicrotask(() => {
        a.down(ofA);
        b.down(ofB);
        this.relinkLater();
      });
    };
    const endOf = (other: () => BusLink, subscriptions: Subscriptions): BusLink => ({
      ...{ id: nextLinkId(), pop, encrypted: true, end },
      send<B extends object>({ name }: MessageKind<B>, body: B): boolean {
        if (isOver) return false;
        queueMicrotask(() => {
          if (!isOver) subscriptions.message(other(), name, body);
        });
        return true;
      },
    });
    const ofA: BusLink = endOf(() => ofB, b);
    const ofB: BusLink = endOf(() => ofA, a);
    this.end = end;
    a.up(ofA);
    b.up(ofB);
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.end?.();
  }

  private relinkLater(): void {
    if (this.isStopped) return;
    this.timer = this.clock.setTimer(RELINK_MS, () => {
      this.timer = null;
      this.start();
    });
    this.timer.unref();
  }
}
