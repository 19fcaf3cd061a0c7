/**
 * What stands in the way of the engine's work, by where it comes from, and who waits behind it.
 *
 * What one part has overcome does not hide what another still meets.
 */
import type { LsmError } from './errors.ts';

/** The first one that has failed is told first. */
const SOURCES = ['log', 'manifest', 'flush', 'compaction'] as const;
export type FailureSource = (typeof SOURCES)[number];

export class Failures {
  private readonly failures = new Map<FailureSource, LsmError>();
  private readonly waiting = new Set<(source: FailureSource, failure: LsmError) => void>();
  private readonly onChange: (failure: LsmError | null) => void;
  private readonly onAny: () => void;

  /**
   * @param onChange what is told from now on: the worst that is left.
   * @param onAny a part has failed or has overcome it, whatever is told.
   */
  constructor(onChange: (failure: LsmError | null) => void, onAny: () => void) {
    this.onChange = onChange;
    this.onAny = onAny;
  }

  get first(): LsmError | null {
    return this.among(SOURCES);
  }

  among(sources: readonly FailureSource[]): LsmError | null {
    for (const source of sources) {
      const failure = this.failures.get(source);
      if (failure !== undefined) return failure;
    }
    return null;
  }

  /** @param failure null: it is overcome. */
  set(source: FailureSource, failure: LsmError | null): void {
    const before = this.first;
    const had = this.failures.has(source);
    if (failure === null) this.failures.delete(source);
    else this.failures.set(source, failure);
    if (had !== (failure !== null)) this.onAny();
    // The same again, at each new try, is not told again.
    if (this.first?.message !== before?.message) this.onChange(this.first);
    if (failure === null) return;
    for (const fail of [...this.waiting]) fail(source, failure);
  }

  /**
   * Waits for a piece of work, or for a failure that it would wait behind.
   * @throws LsmError the failure, also one that is there already.
   */
  async unless<T>(sources: readonly FailureSource[], work: Promise<T>): Promise<T> {
    const failure = this.among(sources);
    if (failure !== null) throw failure;
    const { promise, reject } = Promise.withResolvers<never>();
    const fail = (source: FailureSource, reason: LsmError): void => {
      if (sources.includes(source)) reject(reason);
    };
    this.waiting.add(fail);
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.waiting.delete(fail);
    }
  }
}
