/**
 * The script that runs at the moment: what it may do, what it has done, when it began.
 *
 *   idle --begin--> running --threshold passed--> slow --KILL, end--> idle
 *                      `------------------------------end-----------> idle
 *
 * One object serves all runs: scripts never run inside scripts.
 */
import type { Session } from '../session/session.ts';

export type ScriptState = 'idle' | 'running' | 'slow';

export class ScriptRun {
  state: ScriptState = 'idle';
  kind: 'eval' | 'function' = 'eval';
  /** SHA-1 of the script, or the function's name. */
  name = '';
  /** Who called it. */
  caller: Session | undefined;
  /** Its commands may not write. */
  readOnly = false;
  /** Its commands may use more memory than there should be. */
  allowOom = false;
  /** There was no memory left when it began. */
  outOfMemory = false;
  /** It has run a writing command: it can not be stopped half-way any more. */
  wrote = false;
  /** It has done what may not be done twice (PUBLISH): it can not begin anew. */
  acted = false;
  /** It may begin anew in slices when it takes long: its client can wait. */
  restartable = false;
  /** Protocol of the replies that it sees. */
  protocol: 2 | 3 = 2;
  /** Monotonic ms. */
  startedMs = 0;
  /** The command that asked for its end. */
  killedBy: 'SCRIPT KILL' | 'FUNCTION KILL' | undefined;
  /** Arguments of the command that called it, once it is slow. */
  command: readonly Buffer[] = [];

  begin(init: {
    kind: 'eval' | 'function';
    name: string;
    caller: Session;
    readOnly: boolean;
    allowOom: boolean;
    outOfMemory: boolean;
    restartable: boolean;
    startedMs: number;
  }): void {
    this.state = 'running';
    this.kind = init.kind;
    this.name = init.name;
    this.caller = init.caller;
    this.readOnly = init.readOnly;
    this.allowOom = init.allowOom;
    this.outOfMemory = init.outOfMemory;
    this.restartable = init.restartable;
    this.startedMs = init.startedMs;
    this.wrote = false;
    this.acted = false;
    this.protocol = 2;
    this.killedBy = undefined;
  }

  end(): void {
    this.state = 'idle';
    this.caller = undefined;
    if (this.command.length > 0) this.command = [];
  }
}
