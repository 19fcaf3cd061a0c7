/**
 * One check that is under way: what it has counted, whom it tells, and when others have their turn.
 *
 * Invariant: when nobody listens any more, every `go` says no.
 */
import type { OperationLines } from '../../core/base/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type {
  FsckCounts,
  FsckLine,
  FsckPhase,
  FsckProblem,
  FsckSummary,
  ProblemKind,
} from './report.ts';

const TELL_EVERY_MS = 500;
/** So long nobody else has the loop. */
const TURN_MS = 5;

export class FsckRun {
  readonly counts: { -readonly [K in keyof FsckCounts]: number } = {
    ...{ directories: 0, files: 0, versions: 0, parts: 0 },
    ...{ extents: 0, blocks: 0, bytes: 0, problems: 0 },
  };
  phase: FsckPhase = 'files';
  /** Expected, for who waits. */
  totalBytes = 0;
  readonly clock: Clock;
  private readonly lines: OperationLines;
  private readonly byKind: Partial<Record<ProblemKind, number>> = {};
  private readonly startedMs: number;
  private toldMs: number;
  private turnMs: number;
  private ended = false;

  constructor(lines: OperationLines, clock: Clock) {
    this.lines = lines;
    this.clock = clock;
    this.startedMs = clock.monotonicMs();
    this.toldMs = Number.NEGATIVE_INFINITY;
    this.turnMs = this.startedMs;
  }

  /** Whether to go on; lets others have their turn, and tells how far it is. */
  async go(): Promise<boolean> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.turnMs >= TURN_MS) {
      await new Promise<void>((resolve) => this.clock.nextTurn(resolve));
      this.turnMs = this.clock.monotonicMs();
    }
    if (nowMs - this.toldMs >= TELL_EVERY_MS) {
      this.toldMs = nowMs;
      const { counts, phase, totalBytes } = this;
      await this.tell({ progress: { ...counts, phase, totalBytes } });
    }
    return !this.ended;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimer(ms, resolve));
  }

  async problem(problem: FsckProblem): Promise<void> {
    this.counts.problems++;
    this.byKind[problem.kind] = (this.byKind[problem.kind] ?? 0) + 1;
    await this.tell({ problem });
  }

  async summary(path: string, isWhole: boolean): Promise<void> {
    const durationMs = Math.round(this.clock.monotonicMs() - this.startedMs);
    const { byKind } = this;
    const summary: FsckSummary = { path, isWhole, ...this.counts, byKind, durationMs };
    await this.tell({ summary });
  }

  async failure(code: string, detail: string): Promise<void> {
    await this.tell({ failure: { code, detail } });
  }

  private async tell(line: FsckLine): Promise<void> {
    if (!this.ended) this.ended = !(await this.lines.write(line));
  }
}
