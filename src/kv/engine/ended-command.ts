/** What is left to do for a command that went on by itself while its client waited. */
import type { RespWriter } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import type { Session } from '../session/session.ts';
import type { Blocked } from './blocking.ts';

/** A command that has gone on by itself, and has ended. */
export interface EndedCommand {
  readonly session: Session;
  readonly command: Command;
  readonly args: readonly Buffer[];
  /** Monotonic ms. */
  readonly startedMs: number;
  /** The wait of its client; undefined when the client is gone. */
  readonly blocked: Blocked | undefined;
  readonly reply: (reply: RespWriter) => void;
}
