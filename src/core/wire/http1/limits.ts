/** What one message of HTTP/1 may take. Every limit has its problem in ../http/problems.ts. */

/** Limits of a head. */
export interface HeadLimits {
  /** From the first byte of the start line to the empty line, both included, bytes. */
  readonly headBytes: number;
  /** Lines of fields. */
  readonly fieldsMax: number;
  /** The request target, bytes. */
  readonly targetBytes: number;
  /** Expectations other than 100-continue count for nothing; else they are refused. Default false. */
  readonly ignoresExpectations?: boolean;
}

/** Limits of what a chunked body has besides its data. */
export interface ChunkLimits {
  /** All chunk extensions of the body together, bytes. */
  readonly extensionBytes: number;
  /** The trailer section, bytes. */
  readonly trailerBytes: number;
  /** Lines of the trailer section. */
  readonly trailersMax: number;
}

/** As large as browsers and common servers need: nginx takes 4 x 8 KiB, HAProxy 16 KiB and 101 fields. */
export const HEAD_LIMITS: HeadLimits = {
  headBytes: 32 * 1024,
  fieldsMax: 128,
  targetBytes: 8 * 1024,
};

export const CHUNK_LIMITS: ChunkLimits = {
  extensionBytes: 4 * 1024,
  trailerBytes: 8 * 1024,
  trailersMax: 64,
};

/** Empty lines that may stand before a request line, RFC 9112 section 2.2. */
export const EMPTY_LINES_MAX = 4;
