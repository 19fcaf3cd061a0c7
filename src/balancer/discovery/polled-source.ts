/**
 * A source that is looked at again and again: by DNS, in a file.
 *
 * Invariants: one look at a time; a look that fails leaves the last good list as it is; the log has one line when
 * a problem begins, changes or ends, however often it is met.
 */
import type { Logger } from '../../core/observe/index.ts';
import { backoffCeilingMs } from '../../core/resilience/index.ts';
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { RETRY_MAX_MS } from './limits.ts';
import { type Source, type SourceKind, type SourceStatus, sameMembers } from './source.ts';

export interface Look {
  /** Undefined: nothing was learnt. */
  readonly members: readonly Member[] | undefined;
  /** One sentence when something was wrong; with members: not all could be had. */
  readonly problem: string | undefined;
  /** When to look again; undefined: soon, and later with every failure. */
  readonly nextMs: number | undefined;
}

export interface PolledSourceOptions {
  readonly kind: SourceKind;
  readonly look: () => Promise<Look>;
  /** Ends what a look may have under way. */
  readonly close?: () => void;
  /** The longest time between two looks. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** What lines of the log say of the source: pool, name. */
  readonly facts: Readonly<Record<string, string>>;
}

export class PolledSource implements Source {
  private readonly options: PolledSourceOptions;
  private onMembers: ((members: readonly Member[]) => void) | undefined = undefined;
  private members: readonly Member[] | undefined = undefined;
  private problem: string | undefined = undefined;
  private failures = 0;
  private timer: Timer | undefined = undefined;

  constructor(options: PolledSourceOptions) {
    this.options = options;
  }

  start(onMembers: (members: readonly Member[]) => void): void {
    this.onMembers = onMembers;
    void this.lookNow();
  }

  stop(): void {
    this.onMembers = undefined;
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    this.options.close?.();
  }

  status(): SourceStatus {
    const { members, problem } = this;
    const state = problem !== undefined ? 'failing' : members === undefined ? 'looking' : 'good';
    return { kind: this.options.kind, state, problem, members: members?.length ?? 0 };
  }

  private async lookNow(): Promise<void> {
    const look = await this.options.look();
    const { onMembers, members: before } = this;
    if (onMembers === undefined) return;
    this.note(look.problem);
    this.failures = look.members === undefined ? this.failures + 1 : 0;
    const { clock } = this.options;
    this.timer = clock.setTimer(look.nextMs ?? this.retryMs(), () => void this.lookNow());
    this.timer.unref();
    const { members } = look;
    if (members === undefined || (before !== undefined && sameMembers(before, members))) return;
    this.members = members;
    onMembers(members);
  }

  private note(problem: string | undefined): void {
    if (problem === this.problem) return;
    this.problem = problem;
    const { log, facts, kind } = this.options;
    if (problem === undefined)
      log.info('servers can be looked up again', { source: kind, ...facts });
    else {
      log.warn('servers cannot be looked up, those found last stay', {
        source: kind,
        ...facts,
        problem,
      });
    }
  }

  private retryMs(): number {
    const { everyMs } = this.options;
    const baseMs = Math.min(everyMs, 1_000);
    return backoffCeilingMs(this.failures, { baseMs, maxMs: Math.min(everyMs, RETRY_MAX_MS) });
  }
}
