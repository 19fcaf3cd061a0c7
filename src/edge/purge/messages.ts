/**
 * What coordinator and members say to each other. Any message may be lost, late or doubled: docs/formats/edge-bus.md.
 */
import type { PurgeAsked, PurgeProblem } from '../../cache/index.ts';

/**
 * A place in the order of purges. The epoch is that of the coordinator's start in which the purge with this sequence
 * was ordered: two orders that share a place share everything before it.
 */
export interface Position {
  readonly epoch: string;
  readonly sequence: number;
}

/** A purge in its place. The first of each start of the coordinator names nothing. */
export interface OrderedPurge extends Position {
  /** Chosen by who asked; empty for the first of a start. */
  readonly id: string;
  readonly purges: readonly PurgeAsked[];
  readonly who: string;
  readonly by: string;
  /** What leases the coordinator gave out then, milliseconds. */
  readonly leaseMs: number;
}

/** What is known of one PoP and one purge. */
export interface PopReceipt {
  readonly pop: string;
  /** `cut-off`: it serves nothing that it has stored without asking, until it has caught up. */
  readonly state: 'confirmed' | 'cut-off';
  /** From the order to its confirmation, as the coordinator saw it; null: not known any more, or cut off. */
  readonly ms: number | null;
}

/** No PoP serves what was purged before its sequence. */
export interface PurgeReceipt {
  readonly sequence: number;
  readonly epoch: string;
  /** From the order to the receipt; null: not known any more. */
  readonly ms: number | null;
  readonly pops: readonly PopReceipt[];
}

export type ToCoordinator =
  | {
      readonly kind: 'join';
      /** Up to which it has applied purges; null: it knows of none, or what it has stored may be older. */
      readonly position: Position | null;
    }
  | { readonly kind: 'applied'; readonly sequence: number }
  /** Asks for a lease. */
  | { readonly kind: 'beat'; readonly n: number; readonly applied: number }
  | {
      readonly kind: 'ask';
      readonly id: string;
      readonly purges: readonly PurgeAsked[];
      readonly who: string;
      readonly by: string;
    };

export type ToMember =
  | {
      readonly kind: 'joined';
      /** What it lacks is not known any more: it forgets everything and stands there. Null: it stands where it said. */
      readonly reset: Position | null;
    }
  | {
      readonly kind: 'entries';
      /** They follow on it. */
      readonly after: number;
      readonly entries: readonly OrderedPurge[];
    }
  /** It may serve what it has stored for so long behind the moment at which it sent that beat. */
  | { readonly kind: 'lease'; readonly n: number; readonly leaseMs: number }
  | { readonly kind: 'receipt'; readonly id: string; readonly receipt: PurgeReceipt }
  | {
      readonly kind: 'refused';
      readonly id: string;
      readonly problem: PurgeProblem;
      readonly detail: string;
    };

/** Whether two lists of names are the same purge. */
export function isSamePurge(a: readonly PurgeAsked[], b: readonly PurgeAsked[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i] as PurgeAsked;
      return one.kind === other.kind && one.value === other.value && one.soft === other.soft;
    })
  );
}
