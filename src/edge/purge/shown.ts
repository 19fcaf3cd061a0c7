/** What is shown of purges over the network: to operators as JSON, and to metrics. */
import type { CoordinatorDriver } from './coordinator-driver.ts';
import type { MemberDriver } from './member-driver.ts';
import type { Position } from './messages.ts';

export interface PurgesShown {
  /** The PoP that answers. */
  readonly pop: string;
  readonly coordinator: string;
  /** It hears from the coordinator. */
  readonly joined: boolean;
  /** What it has stored is validated for each request. */
  readonly inDoubt: boolean;
  /** Up to which it has applied purges; null: it has not joined yet. */
  readonly position: Position | null;
  /** Purges asked for here without an answer so far. */
  readonly waiting: number;
  /** Of the coordinator alone. */
  readonly order?: OrderShown;
}

export interface OrderShown {
  /** The last purge that is ordered, and the last that is passed by shields, and by all. */
  readonly sequence: number;
  readonly passedByShields: number;
  readonly settled: number;
  /** Ordered without a receipt so far. */
  readonly pending: number;
  /** Kept for those who are away. */
  readonly kept: number;
  readonly pops: readonly PopShown[];
}

export interface PopShown {
  readonly pop: string;
  readonly shield: boolean;
  readonly linked: boolean;
  /** Null: it is not known how far it is. */
  readonly confirmed: number | null;
  /** Purges that it has not confirmed. */
  readonly behind: number | null;
  /** Its lease is over: receipts do not wait for it. */
  readonly cutOff: boolean;
}

export function shownOf(of: {
  readonly pop: string;
  readonly coordinatorName: string;
  readonly coordinator: CoordinatorDriver | null;
  readonly member: MemberDriver | null;
  readonly nowMs: number;
}): PurgesShown {
  const { pop, coordinatorName, member } = of;
  const order = orderOf(of.coordinator, of.nowMs);
  return {
    pop,
    coordinator: coordinatorName,
    joined: member?.hasJoined ?? false,
    inDoubt: member?.isInDoubt ?? true,
    position: member?.position ?? null,
    waiting: member?.waiting ?? 0,
    ...(order && { order }),
  };
}

function orderOf(driver: CoordinatorDriver | null, nowMs: number): OrderShown | undefined {
  const state = driver?.state;
  if (state === null || state === undefined) return undefined;
  const { history, passed, pending, members } = state;
  return {
    sequence: history.last,
    passedByShields: passed[0],
    settled: passed[1],
    pending: pending.count,
    kept: history.last - history.base.sequence,
    pops: [...members.values()].map((member) => {
      const { name, tier, link, confirmed } = member;
      const isKnown = confirmed >= 0;
      return {
        ...{ pop: name, shield: tier === 0, linked: link !== null },
        confirmed: isKnown ? confirmed : null,
        behind: isKnown ? history.last - confirmed : null,
        cutOff: state.isCutOff(member, nowMs),
      };
    }),
  };
}
