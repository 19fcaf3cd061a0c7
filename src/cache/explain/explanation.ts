/** What is said of a request: how it would be handled now, and why. Seconds have fractions. */

export type ExplainedVerdict =
  /** Answered with what is stored. */
  | 'hit'
  /** The same, and fetched anew behind the client. */
  | 'hit-and-refresh'
  /** The origin is asked whether what is stored is still right. */
  | 'validate'
  /** Nothing is stored for it. */
  | 'miss'
  /** The cache has nothing to do with it. */
  | 'pass';

export interface ExplainedLifetime {
  readonly seconds: number;
  /** What decided, with its section: `max-age (RFC 9111 section 5.2.2.1)`. */
  readonly by: string;
}

/** RFC 9111 section 4.2.3; `current = initial + resident`. */
export interface ExplainedAge {
  /** By its Date; null without one. */
  readonly apparentSeconds: number | null;
  /** When it came: by its Date, or by its Age and the time of the fetch, whichever is more. */
  readonly initialSeconds: number;
  readonly residentSeconds: number;
  readonly currentSeconds: number;
}

export interface ExplainedResponse {
  readonly status: number;
  readonly tier: 'memory' | 'disk';
  readonly bodyBytes: number;
  /** The fields that it varies by, with what the request it was made for had; null: it had none. */
  readonly variesBy: readonly { readonly name: string; readonly value: string | null }[];
  /** A tag that shares its number with others has no name any more. */
  readonly tags: readonly string[];
  /** Cache-Control as it was stored, or the targeted field that goes before it. */
  readonly directives: string;
  readonly lifetime: ExplainedLifetime;
  readonly age: ExplainedAge;
  /** Of freshness; negative when it is stale. */
  readonly ttlSeconds: number;
  /** A purge or an unsafe request has made it stale, whatever its times say. */
  readonly invalidated: boolean;
  /** Whether it would be served now if the origin failed (RFC 5861 section 4). */
  readonly servedOnError: boolean;
  /** Sequence of purges up to which it has been compared with them. */
  readonly seq: number;
}

export interface ExplainedRefusal {
  readonly reason: string;
  readonly says: string;
  /** Requests do not wait for each other for so much longer, seconds. */
  readonly forSeconds: number;
}

export interface Explanation {
  readonly route: string;
  readonly rule: string;
  /** Empty: it would be too long. */
  readonly url: string;
  /** What the key has beside the URL. */
  readonly keyLines: readonly string[];
  readonly verdict: ExplainedVerdict;
  /** What decided, with its section. */
  readonly why: string;
  /** Responses stored for other requests to the same URL. */
  readonly otherVariants: number;
  readonly stored: ExplainedResponse | null;
  /** Why the last response was not stored; null: none that is known of. */
  readonly refused: ExplainedRefusal | null;
}
