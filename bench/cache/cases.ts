/** What of the cache is measured beside its peers, and what a hit may cost (the targets of its specification). */
import { type Done, runH2load, runWrk } from '../http/loads.ts';
import { BODIES, type BodyName, type Door } from './caches.ts';

export interface HitCase {
  /** For --only. */
  readonly name: string;
  readonly title: string;
  readonly door: Door;
  readonly body: BodyName;
  readonly connections: number;
  /** Of HTTP/2; 0: HTTP/1.1. */
  readonly streams: number;
  /** Processor time by request at most so many times that of the cheapest peer; undefined: no target. */
  readonly ratioMax?: number;
}

export const HIT_CASES: readonly HitCase[] = [
  {
    ...{ name: '1k', title: 'HTTP/1.1, 1 KiB', door: 'http', body: 'one' },
    ...{ connections: 50, streams: 0, ratioMax: 0.9 },
  },
  {
    ...{ name: '16k', title: 'HTTP/1.1, 16 KiB', door: 'http', body: 'some' },
    ...{ connections: 50, streams: 0, ratioMax: 0.75 },
  },
  {
    ...{ name: '256k', title: 'HTTP/1.1, 256 KiB', door: 'http', body: 'many' },
    ...{ connections: 20, streams: 0 },
  },
  {
    ...{ name: 'tls', title: 'TLS 1.3, 1 KiB', door: 'tls', body: 'one' },
    ...{ connections: 50, streams: 0 },
  },
  {
    ...{ name: 'h2', title: 'HTTP/2, 10 streams, 1 KiB', door: 'http2', body: 'one' },
    ...{ connections: 10, streams: 10, ratioMax: 0.4 },
  },
];

export function load({ door, body, connections, streams }: HitCase) {
  return (port: number, seconds: number): Promise<Done> => {
    const url = `${door === 'tls' ? 'https' : 'http'}://127.0.0.1:${port}/${body}`;
    const asked = { url, bodyBytes: BODIES[body], seconds };
    return streams === 0 ? runWrk(asked, connections) : runH2load(asked, { connections, streams });
  };
}
