/**
 * What every server under test looks like, be it the reference or Plinth.
 */
import type { Address } from './process.ts';

export type ServerName = 'redis' | 'plinth';

export type Server = Address & {
  readonly name: ServerName;
  readonly pid: number;
  /** What the process printed so far. */
  output(): string;
  /** Ends the process and removes its folder. */
  stop(): Promise<void>;
};
