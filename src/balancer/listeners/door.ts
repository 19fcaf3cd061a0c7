/** What every kind of listener of the balancer can do. */
import type { Listening } from '../../core/base/index.ts';
import type { EndingReason, ListenerStats } from '../../core/downstream/index.ts';
import type { Endings } from '../../core/observe/index.ts';
import type { ListenerSettings } from '../config/config.ts';
import type { SessionTable } from '../l4/backends.ts';

export interface Door {
  readonly settings: ListenerSettings;
  /** Where it really listens, once it does. */
  readonly listening: Listening;
  /** Connections, or sessions of UDP. */
  readonly open: number;
  /** Its connections, and how they ended; absent where there are none. */
  readonly endings?: Endings<EndingReason>;
  stats?(): ListenerStats;
  /** Its sessions of layer 4; absent where HTTP is spoken. */
  readonly sessions?: SessionTable;
  /** Takes other settings of the same listener; cannot fail. */
  apply(settings: ListenerSettings): void;
  /** No new connections; those there are end by themselves or at the deadline. @returns how many were cut. */
  drain(deadlineMs: number): Promise<number>;
  stop(): Promise<void>;
}
