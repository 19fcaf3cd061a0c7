/** What one client of HTTP may take and how long it may take it. Every limit has an ending reason or a problem. */
import { CHUNK_LIMITS, type ChunkLimits, HEAD_LIMITS, type HeadLimits } from '../../wire/index.ts';

/** Times are looked at once a second at most, so they end up to two seconds late; 0 is no limit, of each. */
export interface HttpLimits {
  readonly head: HeadLimits;
  readonly chunks: ChunkLimits;
  /** Body of one request, bytes. */
  readonly bodyBytes: number;
  /** From the first byte of a head, or from the accept, to its end, milliseconds. */
  readonly headMs: number;
  /** Between two requests, and without a byte of a tunnel that has ended on one side, milliseconds. */
  readonly idleMs: number;
  /** Without a byte of a body that is wanted, milliseconds. */
  readonly bodyStallMs: number;
  /** Without the client taking a byte of what waits for it, milliseconds. */
  readonly sendStallMs: number;
  /** From the head of a request to the end of its response, milliseconds. Tunnels have `tunnelIdleMs`. */
  readonly requestMs: number;
  /** Without a byte either way of a tunnel (WebSocket, CONNECT), milliseconds. */
  readonly tunnelIdleMs: number;
  /** Requests on one connection. */
  readonly requestsMax: number;
  /** Connections of one client at once: of an IPv4 address, of an IPv6 network of 64 bits. */
  readonly connectionsPerAddress: number;
}

export const HTTP_LIMITS: HttpLimits = {
  head: HEAD_LIMITS,
  chunks: CHUNK_LIMITS,
  bodyBytes: 0,
  headMs: 10_000,
  idleMs: 60_000,
  bodyStallMs: 30_000,
  sendStallMs: 30_000,
  requestMs: 0,
  tunnelIdleMs: 600_000,
  requestsMax: 0,
  connectionsPerAddress: 0,
};

/** A request's body that is not wanted is read to its end if no more is to come; else the connection ends, bytes. */
export const DISCARD_BYTES_MAX = 65_536;
/** Bytes that wait for a client beyond which its next request is not begun. */
export const PIPELINE_BYTES_MAX = 65_536;
