/** What every kind of listener of the balancer can do. */
import type { Listening } from '../../core/base/index.ts';
import type { ListenerSettings } from '../config/config.ts';

export interface Door {
  readonly settings: ListenerSettings;
  /** Where it really listens, once it does. */
  readonly listening: Listening;
  /** Connections, or sessions of UDP. */
  readonly open: number;
  /** Takes other settings of the same listener; cannot fail. */
  apply(settings: ListenerSettings): void;
  /** No new connections; those there are end by themselves or at the deadline. @returns how many were cut. */
  drain(deadlineMs: number): Promise<number>;
  stop(): Promise<void>;
}
