/**
 * What people see of a drain, on stderr: who is still there, redrawn in place; where stderr is no terminal, a line
 * when the number has changed, every second at most.
 */
import type { DrainShown } from '../balancer/index.ts';
import { formatDuration } from '../core/config/index.ts';
import { table } from './table.ts';

const LINE_EVERY_MS = 1_000;
/** Rows of those that are still there. */
const ROWS_MAX = 10;

export class DrainView {
  private readonly stream: NodeJS.WriteStream;
  private readonly say: (text: string) => void;
  private readonly nowMs: () => number;
  private lines = 0;
  private left = -1;
  private saidMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, say: (text: string) => void, nowMs: () => number) {
    this.stream = stream;
    this.say = say;
    this.nowMs = nowMs;
  }

  tell(report: DrainShown): void {
    if (this.stream.isTTY) {
      const text = headline(report) + presentText(report);
      this.clear();
      this.say(text);
      this.lines = text.split('\n').length - 1;
      return;
    }
    const nowMs = this.nowMs();
    if (report.left === this.left || nowMs - this.saidMs < LINE_EVERY_MS) return;
    this.left = report.left;
    this.saidMs = nowMs;
    this.say(`plinth: ${headline(report)}`);
  }

  /** Leaves a clean place behind. */
  end(): void {
    this.clear();
  }

  private clear(): void {
    if (this.lines > 0) this.say(`\x1b[${this.lines}A\x1b[J`);
    this.lines = 0;
  }
}

/** What became of it, in sentences. */
export function drainSummary(report: DrainShown): string {
  const { state, atStart, cut, elapsedMs } = report;
  if (state !== 'drained') return headline(report) + presentText(report);
  const time = seconds(elapsedMs);
  if (cut > 0) return `Drained in ${time}: of ${atStart} at the start ${cut} had to be cut.\n`;
  return `Drained in ${time}: all ${atStart} of the start have left.\n`;
}

function headline({ state, left, atStart, deadlineInMs, waitsForSessions }: DrainShown): string {
  if (state === 'cutting') return `Cutting ${left} at the deadline.\n`;
  const until = seconds(deadlineInMs);
  return waitsForSessions
    ? `Nothing under way; bound sessions may come for another ${until}.\n`
    : `Draining: ${left} left of ${atStart}, ${until} to the deadline.\n`;
}

function presentText({ present, presentMore }: DrainShown): string {
  const rows = present
    .slice(0, ROWS_MAX)
    .map(({ client, kind, ageMs, what }) => [`  ${client}`, kind, seconds(ageMs), what]);
  const more = presentMore + present.length - rows.length;
  return table(rows) + (more > 0 ? `  and ${more} more\n` : '');
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : formatDuration(Math.round(ms / 1000) * 1000);
}
