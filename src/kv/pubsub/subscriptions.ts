/** What one client listens to. */
export class Subscriptions {
  /** Names and patterns, bytes as latin1. */
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  readonly shards = new Set<string>();

  /** All of them; a RESP2 client with any may only use the commands of subscribers. */
  get count(): number {
    return this.channels.size + this.patterns.size + this.shards.size;
  }

  /** Channels and patterns, the number that SUBSCRIBE and PSUBSCRIBE answer. */
  get globalCount(): number {
    return this.channels.size + this.patterns.size;
  }
}
