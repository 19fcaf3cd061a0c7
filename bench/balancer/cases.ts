/** What of the balancer is measured beside nginx and HAProxy, and what it may cost (the targets of its specification). */
import type { Load } from './loads.ts';
import type { Door } from './proxies.ts';

/** Whom a target compares with: the cheaper of nginx and HAProxy, or one of them. */
export type Rival = 'best' | 'HAProxy';

export interface RateCase {
  /** For --only. */
  readonly name: string;
  readonly title: string;
  readonly door: Door;
  readonly load: Load;
  readonly rival: Rival;
  /** Processor time by request at most so many times the rival's; a request rate at least by its inverse. */
  readonly ratioMax: number;
}

const bulk = { rival: 'HAProxy', ratioMax: 0.75 } as const;

export const RATE_CASES: readonly RateCase[] = [
  {
    ...{ name: '1k', title: 'HTTP/1.1, 1 KiB', door: 'http', rival: 'best', ratioMax: 1 },
    load: { kind: 'wrk', body: 'one', connections: 50 },
  },
  {
    ...{ name: '64k', title: 'HTTP/1.1, 64 KiB', door: 'http', ...bulk },
    load: { kind: 'wrk', body: 'many', connections: 20 },
  },
  {
    ...{ name: '10m', title: 'HTTP/1.1, 10 MiB', door: 'http', ...bulk },
    load: { kind: 'wrk', body: 'bulk', connections: 2 },
  },
  {
    ...{ name: 'l4', title: 'TCP, 1 KiB', door: 'tcp', rival: 'best', ratioMax: 1.05 },
    load: { kind: 'wrk', body: 'one', connections: 50 },
  },
  {
    ...{ name: 'l4-bulk', title: 'TCP, 10 MiB', door: 'tcp', rival: 'best', ratioMax: 0.7 },
    load: { kind: 'wrk', body: 'bulk', connections: 2 },
  },
  {
    ...{ name: 'tls', title: 'TLS 1.3, 1 KiB', door: 'tls', rival: 'best', ratioMax: 0.9 },
    load: { kind: 'wrk', body: 'one', connections: 50 },
  },
  {
    ...{ name: 'handshakes', title: 'full TLS 1.3 handshakes', door: 'tls' },
    ...{ rival: 'best', ratioMax: 1.3, load: { kind: 'handshakes' } },
  },
  {
    ...{ name: 'h2', title: 'HTTP/2, 10 streams', door: 'http2', rival: 'best', ratioMax: 0.5 },
    load: { kind: 'h2load', connections: 10, streams: 10 },
  },
  {
    ...{ name: 'h2-one', title: 'HTTP/2, 1 stream', door: 'http2', rival: 'best', ratioMax: 1.1 },
    load: { kind: 'h2load', connections: 10, streams: 1 },
  },
];
