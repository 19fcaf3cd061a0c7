/**
 * The secret by which all PoPs resume each other's TLS sessions (`TlsOptions.sessionSecret`), another one each day.
 *
 * It follows from the secret that the PoPs have in common and from the day (UTC), so they agree without a message.
 * Of two days only one secret is in use, since Node takes one key for tickets: a session of the day before shakes
 * hands anew, once, and is not refused; the same where the clocks of two PoPs are on either side of midnight.
 */
import { hkdfSync } from 'node:crypto';
import type { Clock, Timer } from '../../core/runtime/index.ts';

const DAY_MS = 24 * 3_600_000;
/** The clock of people may be set, so the day is looked at again before it should be over. */
const LOOK_MS_MAX = 3_600_000;
const SECRET_BYTES = 32;

export interface SessionSecretsOptions {
  readonly clock: Clock;
  /** What all PoPs know and nobody guesses. */
  readonly secret: string;
  /** Another day has begun: listeners take this from now on. */
  onChange(sessionSecret: Buffer): void;
}

export class SessionSecrets {
  private readonly options: SessionSecretsOptions;
  private day: number;
  private timer: Timer | undefined;

  constructor(options: SessionSecretsOptions) {
    this.options = options;
    this.day = dayOf(options.clock.wallMs());
    this.wait();
  }

  /** That of today. */
  get current(): Buffer {
    return sessionSecretOf(this.options.secret, this.day);
  }

  stop(): void {
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  private wait(): void {
    const { clock } = this.options;
    const leftMs = DAY_MS - (clock.wallMs() % DAY_MS);
    this.timer = clock.setTimer(Math.min(LOOK_MS_MAX, leftMs), () => {
      const day = dayOf(clock.wallMs());
      this.wait();
      if (day === this.day) return;
      this.day = day;
      this.options.onChange(this.current);
    });
    this.timer.unref();
  }
}

/** @param day days since 1970-01-01 UTC. */
export function sessionSecretOf(secret: string, day: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `plinth edge sessions ${day}`, SECRET_BYTES));
}

function dayOf(wallMs: number): number {
  return Math.floor(wallMs / DAY_MS);
}
