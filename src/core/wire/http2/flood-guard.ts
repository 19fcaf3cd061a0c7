/**
 * The budgets of limits.ts for one connection: how often each kind of costless event came of late.
 *
 * Work that earns is only counted where it happens; it is settled when an event is charged.
 */
import { type BudgetId, budgets } from './limits.ts';
import type { Http2Problem } from './problems.ts';

export class FloodGuard {
  /** DATA frames sent and streams opened so far. */
  dataFrames = 0;
  streams = 0;

  private readonly levels = new Float64Array(budgets.length);
  /** What was known when a budget was charged last. */
  private readonly chargedMs = new Float64Array(budgets.length);
  private readonly chargedDataFrames = new Float64Array(budgets.length);
  private readonly chargedStreams = new Float64Array(budgets.length);

  /** One more event. Null while that is bearable. */
  charge(id: BudgetId, nowMs: number): Http2Problem | null {
    const budget = budgets[id]!;
    const earned =
      ((nowMs - this.chargedMs[id]!) / 1000) * budget.perSecond +
      (this.dataFrames - this.chargedDataFrames[id]!) * budget.perDataFrame +
      (this.streams - this.chargedStreams[id]!) * budget.perStream;
    const level = Math.max(0, this.levels[id]! - earned) + 1;
    this.levels[id] = level;
    this.chargedMs[id] = nowMs;
    this.chargedDataFrames[id] = this.dataFrames;
    this.chargedStreams[id] = this.streams;
    return level > budget.burst ? budget.problem : null;
  }
}
