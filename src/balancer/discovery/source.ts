/** Where members of a pool come from. */
import type { Member } from '../pools/pool-runtime.ts';

/** In the order in which they win over each other; the static list goes before all of them. */
export const sourceKinds = ['file', 'dns', 'srv', 'registration'] as const;
export type SourceKind = (typeof sourceKinds)[number];

export interface SourceStatus {
  readonly kind: SourceKind;
  /** `looking`: nothing is known yet; `failing`: what is known may be old or is not all. */
  readonly state: 'looking' | 'good' | 'failing';
  /** One sentence, while failing. */
  readonly problem: string | undefined;
  readonly members: number;
}

export interface Source {
  /** Tells the whole list each time it has changed, never inside this call. */
  start(onMembers: (members: readonly Member[]) => void): void;
  /** Nothing is told any more. A source is not started again. */
  stop(): void;
  status(): SourceStatus;
}

/** Whether two lists mean the same. */
export function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return a === b || (a.length === b.length && a.every((member, i) => same(member, b[i] as Member)));
}

function same(a: Member, b: Member): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
