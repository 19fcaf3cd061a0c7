/**
 * Requests to an authority, over the real network: cold, by node:https (docs/decisions/0003).
 *
 * Promise: https only (RFC 8555 section 6.1), its certificate checked against the authorities that are trusted;
 * bounded in time and bytes; no redirect is followed, none is known to the protocol.
 */
import { Agent, request } from 'node:https';
import type { Clock } from '../../core/runtime/index.ts';
import { AcmeError } from './acme-error.ts';
import { REQUEST_MS_MAX, RESPONSE_BYTES_MAX } from './limits.ts';

export interface DirectoryResponse {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** JSON parsed where it is JSON, else text. */
  readonly data: unknown;
}

export interface DirectoryRequest {
  readonly method: string;
  /** Sent as the JSON of a signed message. */
  readonly data?: unknown;
}

export interface DirectoryHttp {
  /** @throws AcmeError 'unreachable', 'malformed' */
  ask(url: string, request: DirectoryRequest): Promise<DirectoryResponse>;
  /** Connections that are kept are ended. */
  close(): void;
}

export interface DirectoryHttpOptions {
  readonly clock: Clock;
  /** Authorities in PEM that certify the directory; undefined: those that Node knows. */
  readonly ca: Buffer | undefined;
}

const USER_AGENT = 'plinth';
const SOCKETS_MAX = 4;

export function directoryHttp({ clock, ca }: DirectoryHttpOptions): DirectoryHttp {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: SOCKETS_MAX,
    ...(ca !== undefined && { ca }),
  });
  return {
    ask: (url, { method, data }) =>
      new Promise((resolve, reject) => {
        if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
          reject(new AcmeError('malformed', `${url} is no https: URL`));
          return;
        }
        const body = data === undefined ? undefined : JSON.stringify(data);
        const sent = request(url, {
          agent,
          method: method.toUpperCase(),
          headers: {
            'user-agent': USER_AGENT,
            ...(body !== undefined && {
              'content-type': 'application/jose+json',
              'content-length': Buffer.byteLength(body),
            }),
          },
        });
        const timer = clock.setTimer(REQUEST_MS_MAX, () =>
          sent.destroy(new Error(`no answer within ${REQUEST_MS_MAX} ms`)),
        );
        const fail = (cause: Error): void => {
          clock.clearTimer(timer);
          const { host } = new URL(url);
          reject(new AcmeError('unreachable', `${host}: ${sayingOf(cause)}`, { cause }));
        };
        sent.on('error', fail);
        sent.on('response', (response) => {
          const pieces: Buffer[] = [];
          let bytes = 0;
          response.on('error', fail);
          response.on('data', (piece: Buffer) => {
            bytes += piece.length;
            if (bytes <= RESPONSE_BYTES_MAX) pieces.push(piece);
            else sent.destroy(new Error(`an answer of more than ${RESPONSE_BYTES_MAX} bytes`));
          });
          response.on('end', () => {
            clock.clearTimer(timer);
            const { statusCode = 0, headers } = response;
            const text = Buffer.concat(pieces).toString();
            resolve({
              status: statusCode,
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
              ),
              data: dataOf(text, headers['content-type'] ?? ''),
            });
          });
        });
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Connecting to several addresses fails with one error for each. */
function sayingOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(String).join('; ');
  return error.message;
}

function dataOf(text: string, contentType: string): unknown {
  if (!/^application\/([a-z-]+\+)?json\b/i.test(contentType)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** How long a Retry-After wants (RFC 9110 section 10.2.3), milliseconds; undefined: it says nothing. */
export function retryAfterMsOf(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
