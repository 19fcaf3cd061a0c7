/**
 * What the settings of a check say, read once: which statuses are well, and the bytes of the request.
 *
 * Invariant: nothing that a setting holds can end the line of the request that it stands in.
 */
import type { Conflict } from '../../core/config/index.ts';
import { HOST_BYTE, TOKEN } from '../../core/wire/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { consistsOf } from '../config/words.ts';

export type HealthSettings = PoolSettings['health'];

/** Statuses by their number: 1 where it is well. */
export type StatusSet = Uint8Array;

const STATUS_MIN = 100;
const STATUS_MAX = 599;

/** Reads `200,204,300-399`; undefined when it says something else. */
export function parseStatuses(text: string): StatusSet | undefined {
  const set = new Uint8Array(STATUS_MAX + 1);
  for (const part of text.split(',')) {
    const match = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first < STATUS_MIN || last > STATUS_MAX || first > last) return undefined;
    set.fill(1, first, last + 1);
  }
  return set;
}

/** What is wrong with the settings of a check; `at` is the pool's key, `pools.app`. */
export function healthConflicts(at: string, health: HealthSettings): Conflict[] {
  const { path, method, host, statuses } = health;
  const found: Conflict[] = [];
  const wrong = (key: string, says: string): void => {
    found.push({ key: `${at}.health.${key}`, says });
  };
  if (parseStatuses(statuses) === undefined) {
    wrong('statuses', `is ${JSON.stringify(statuses)}, wanted statuses such as 200,204,300-399`);
  }
  if (!/^\/[\x21-\x7e]*$/.test(path)) {
    wrong('path', `is ${JSON.stringify(path)}, wanted a path: / and visible ASCII characters`);
  }
  if (!consistsOf(method, TOKEN) || method === 'CONNECT') {
    wrong('method', `is ${JSON.stringify(method)}, wanted a method such as GET, but not CONNECT`);
  }
  if (host !== undefined && !isHost(host)) {
    wrong('host', `is ${JSON.stringify(host)}, wanted a host, with or without a port`);
  }
  if (health.port === 0) wrong('port', 'is 0, wanted one that can be dialled');
  return found;
}

/** The request of an HTTP check, whole. `authority` is its Host field. RFC 9112 section 3. */
export function checkRequest({ method, path }: HealthSettings, authority: string): Buffer {
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: plinth-check\r\n` +
      'Accept: */*\r\nConnection: close\r\n\r\n',
    'latin1',
  );
}

function isHost(text: string): boolean {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:]+)(?::\d{1,5})?$/.exec(text);
  if (match === null) return false;
  const host = match[1] as string;
  return host.startsWith('[') || consistsOf(host, HOST_BYTE);
}
