/** What a cache counts of requests; read by metrics and by status. */
export class Counts {
  hits = 0;
  hitBytes = 0;
  /** Responses taken from the disk into memory for a request. */
  diskHits = 0;
  /** Hits that were stale and are revalidated behind the client. */
  staleHits = 0;
  /** Hits that were fresh and fetched anew before they would be stale. */
  earlyRefreshes = 0;
  /** Stale responses served because the origin failed. */
  staleOnError = 0;
  misses = 0;
  /** Validations, and those that found the response still right. */
  validations = 0;
  validated = 0;
  /** Requests that got the response of another one's fetch. */
  collapsed = 0;
  /** Requests that the cache has nothing to do with. */
  passed = 0;
  /** Fetches begun, and bytes of bodies that came of them. */
  fetches = 0;
  fetchedBytes = 0;
  /** Responses stored, and those that could not be, by reason. */
  stored = 0;
  readonly refused: Map<string, number> = new Map();
  /** Requests for keys that are too long. */
  keysTooLong = 0;

  refuse(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }
}
