/**
 * What became of an exchange on its way through this process, for logs and for operators.
 *
 * Written by who listens and who balances; reset by who is told of the exchange's end, so that a pooled
 * exchange begins without it. Durations are milliseconds, NaN for a phase that was not reached.
 */
export class Journey {
  /** Names; empty when it did not come so far. */
  listener = '';
  pool = '';
  /** Servers that were tried. */
  attempts = 0;
  /** From the head of the request until the server of the last attempt was chosen. */
  queueMs: number = Number.NaN;
  /** Then until it had a connection, and then until the head of the response. */
  connectMs: number = Number.NaN;
  firstByteMs: number = Number.NaN;
  /** Name of the last attempt's failure; empty when there was none. */
  failure = '';

  reset(): void {
    this.listener = '';
    this.pool = '';
    this.attempts = 0;
    this.queueMs = Number.NaN;
    this.connectMs = Number.NaN;
    this.firstByteMs = Number.NaN;
    this.failure = '';
  }
}
