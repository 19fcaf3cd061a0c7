/** Rules that a simulation switches off, each by itself, to show that it is needed and would be missed. */
import { Coordinator, type CoordinatorOptions, type Member } from './coordinator.ts';
import type { Position } from './messages.ts';

export const flaws = {
  // Of the coordinator.
  'one-phase': 'edges are told while shields may still hold what is purged',
  'lease-while-behind': 'a PoP gets a lease although it lacks what it was passed over for',
  'lease-by-receipt': 'a shield gets a lease although it lacks what edges were told of without it',
  'forgets-leases': 'a new start counts as cut off who holds a lease of the one before',
  'inherits-nothing': 'a new start gives leases to who lacks what an earlier one has passed',
  'any-epoch': 'a place in another order is taken for one in ours',
  'any-link': 'what an earlier link of a PoP brings counts',
  'told-before-durable':
    'what has a receipt may be lost before those who were away have heard of it',
  // Of a PoP.
  'lease-by-answer': 'a lease counts from its answer',
  'trusts-at-start': 'a PoP trusts what it has stored behind a start',
  'applies-late': 'a PoP confirms before it applies',
  'position-ahead': 'the place of a PoP is durable before what it has purged',
  'keeps-at-reset': 'a PoP that lacks what is forgotten keeps what it has stored',
  'clocks-beyond-bound': 'clocks run more apart than is allowed for',
  // Of a cache.
  'ignores-doubt': 'a cache in doubt serves what it has stored',
  'joins-in-doubt': 'a cache in doubt lets a request join a fetch under way',
  'stores-purged': 'what a fetch brings that began before a purge is stored',
} as const;
export type Flaw = keyof typeof flaws;

export function coordinatorWith(flaw: Flaw | undefined, options: CoordinatorOptions): Coordinator {
  const Flawed = flaw === undefined ? undefined : coordinators[flaw];
  return Flawed === undefined ? new Coordinator(options) : new Flawed(options);
}

class OnePhase extends Coordinator {
  protected override toldTo(): number {
    return this.head;
  }
}

class LeaseWhileBehind extends Coordinator {
  protected override mayHold(): boolean {
    return true;
  }
}

class LeaseByReceipt extends Coordinator {
  protected override mayHold(member: Member): boolean {
    return member.confirmed >= Math.max(this.passed[1], this.inherited);
  }
}

class ForgetsLeases extends Coordinator {
  protected override waitMs(): number {
    return 0;
  }
}

class InheritsNothing extends Coordinator {
  protected override mayHold(member: Member): boolean {
    return member.confirmed >= this.passed[member.tier];
  }
}

class AnyEpoch extends Coordinator {
  protected override holds({ sequence }: Position): boolean {
    const { base, last } = this.history;
    return sequence >= base.sequence && sequence <= last;
  }
}

class AnyLink extends Coordinator {
  protected override supersede(): void {
    // It goes on.
  }

  protected override isCurrent(): boolean {
    return true;
  }
}

const coordinators: Partial<Record<Flaw, new (options: CoordinatorOptions) => Coordinator>> = {
  'one-phase': OnePhase,
  'lease-while-behind': LeaseWhileBehind,
  'lease-by-receipt': LeaseByReceipt,
  'forgets-leases': ForgetsLeases,
  'inherits-nothing': InheritsNothing,
  'any-epoch': AnyEpoch,
  'any-link': AnyLink,
};
