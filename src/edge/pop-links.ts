/**
 * What parts of the edge tell those of other PoPs, over the links of purges: to the coordinator, and by it to all others.
 *
 * Nothing is kept: who is not linked at the moment does not hear of it, and asks when it is (`onUp`).
 */
import type { Sharing } from './acme/index.ts';
import type { BusLink, MessageKind, Subscriptions } from './bus/index.ts';

interface Said {
  /** The PoP that has said it. */
  readonly from: string;
  readonly kind: string;
  readonly value: unknown;
}

const said: MessageKind<Said> = {
  name: 'edge.said',
  read({ from, kind, value }) {
    return typeof from === 'string' && typeof kind === 'string' ? { from, kind, value } : undefined;
  },
};

export interface PopLinksOptions {
  /** Name of this PoP. */
  readonly pop: string;
  /** Links that came in, of the coordinator, and the one to it. */
  readonly accepted: Subscriptions;
  readonly dialled: Subscriptions;
}

export class PopLinks implements Sharing {
  private readonly pop: string;
  private readonly others = new Set<BusLink>();
  private coordinator: BusLink | null = null;
  private readonly listeners: ((kind: string, value: unknown) => void)[] = [];
  private readonly ups: (() => void)[] = [];

  constructor({ pop, accepted, dialled }: PopLinksOptions) {
    this.pop = pop;
    accepted.onUp((link) => {
      if (link.pop === pop) return;
      this.others.add(link);
      for (const run of this.ups) run();
    });
    accepted.onDown((link) => this.others.delete(link));
    accepted.on(said, (link, message) => this.relay(link, message));
    dialled.onUp((link) => {
      if (link.pop === pop) return;
      this.coordinator = link;
      for (const run of this.ups) run();
    });
    dialled.onDown((link) => {
      if (link === this.coordinator) this.coordinator = null;
    });
    dialled.on(said, (_, message) => this.hear(message));
  }

  publish(kind: string, value: unknown): void {
    const message = { from: this.pop, kind, value };
    this.coordinator?.send(said, message);
    for (const link of this.others) link.send(said, message);
  }

  onReceived(listener: (kind: string, value: unknown) => void): void {
    this.listeners.push(listener);
  }

  /** Called when another PoP can be told something. */
  onUp(run: () => void): void {
    this.ups.push(run);
  }

  /** A PoP says something to all others, and says its own name. */
  private relay(from: BusLink, message: Said): void {
    if (message.from !== from.pop) return;
    for (const link of this.others) if (link !== from) link.send(said, message);
    this.hear(message);
  }

  private hear({ from, kind, value }: Said): void {
    if (from === this.pop) return;
    for (const listener of this.listeners) listener(kind, value);
  }
}
