/** How one client wants to hear of changed keys (CLIENT TRACKING). */

export interface TrackingOptions {
  /** Id of the session that gets the messages instead; 0: the client itself. */
  readonly redirect: number;
  readonly broadcast: boolean;
  readonly optIn: boolean;
  readonly optOut: boolean;
  readonly noLoop: boolean;
}

export class Tracking {
  options: TrackingOptions;
  /** With broadcast: prefixes of the keys that matter, bytes as latin1. */
  readonly prefixes = new Set<string>();
  /** CLIENT CACHING was given: for the next command the mode is turned round. */
  caching = false;
  /** The session that messages went to is gone. */
  redirectBroken = false;

  constructor(options: TrackingOptions) {
    this.options = options;
  }

  /** Whether what the command at hand reads is remembered. */
  get remembers(): boolean {
    const { broadcast, optIn, optOut } = this.options;
    if (broadcast) return false;
    if (optIn) return this.caching;
    return !(optOut && this.caching);
  }
}
