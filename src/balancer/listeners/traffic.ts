/**
 * What is counted of requests, by listener and by route: how many, what they were answered with, how they ended.
 * Names are those of the configuration, so that nothing a client sends makes another counter.
 */
import type { RequestEnding } from '../../core/downstream/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import type { HttpProblem } from '../../core/wire/index.ts';

/** Classes of status by their first digit; 0: the client got none. */
export const statusClasses = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

export class Traffic {
  readonly byClass: number[] = statusClasses.map(() => 0);
  readonly endings = new Map<RequestEnding, number>();
  /** What was no request, by the name of its problem. */
  readonly refused = new Map<string, number>();
  receivedBytes = 0;
  sentBytes = 0;

  get requests(): number {
    return this.byClass.reduce((sum, count) => sum + count, 0);
  }

  ended({ status, receivedBytes, sentBytes }: Exchange, ending: RequestEnding): void {
    this.byClass[(status / 100) | 0]!++;
    this.receivedBytes += receivedBytes;
    this.sentBytes += sentBytes;
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
  }

  refusedBy({ name }: HttpProblem): void {
    this.refused.set(name, (this.refused.get(name) ?? 0) + 1);
  }
}

/**
 * One for each name of the configuration, made when it is needed first. What ends later than its listener or route
 * was removed is counted where nobody looks, so that no row comes back.
 */
export class TrafficTable {
  private readonly rows = new Map<string, Traffic>();
  private names: ReadonlySet<string> = new Set();
  private readonly nobodys = new Traffic();

  of(name: string): Traffic {
    let row = this.rows.get(name);
    if (row === undefined) {
      if (!this.names.has(name)) return this.nobodys;
      row = new Traffic();
      this.rows.set(name, row);
    }
    return row;
  }

  /** These names have rows from now on; all others are forgotten. */
  keep(names: ReadonlySet<string>): void {
    this.names = names;
    for (const name of this.rows.keys()) if (!names.has(name)) this.rows.delete(name);
  }

  entries(): Iterable<readonly [string, Traffic]> {
    return this.rows;
  }
}
