/**
 * Where a redirect leads: a text in which `{host}`, `{path}` and `{query}` stand for those of the request.
 *
 * Promises: the result is a field value, since all three consist of bytes that parsers let through; a
 * request cannot lead it to another host, because `{path}` begins with exactly one slash and `{query}` stands
 * behind a `?` only. A `?` with nothing behind it is left out.
 */
import type { RequestHead } from '../../core/wire/index.ts';
import { targetBytes } from './path-text.ts';

const NAMES = ['host', 'path', 'query'] as const;
type Name = (typeof NAMES)[number];

/** What stands between, and the names: `['https://', 'host', '/new', 'path']` at even and odd places. */
export type RedirectTarget = readonly string[];

/** Reads the text of the setting; a text says what is wrong, a list is the target. */
export function redirectTargetOf(text: string): RedirectTarget | string {
  const parts = text.split(/\{([^{}]*)\}/);
  const unknown = parts.find((part, i) => i % 2 === 1 && !NAMES.includes(part as Name));
  if (unknown !== undefined) return `has {${unknown}}; known are {host}, {path} and {query}`;
  if (!/^(https?:\/\/([^/?#{]|\{host\})|\/|\{path\})/i.test(text)) {
    return 'must begin with http:// or https:// and a host, / or {path}';
  }
  const question = text.indexOf('?');
  const query = text.indexOf('{query}');
  if (query !== -1 && (question === -1 || question > query)) return 'must have ? before {query}';
  if (text.lastIndexOf('{host}') > (/^https?:\/\/[^/?#]*/i.exec(text)?.[0].length ?? 0)) {
    return 'may have {host} only where a host stands';
  }
  if (/^\/\{path\}/.test(text)) return 'must not have / before {path}, which brings its own';
  return parts.map((part, i) => (i % 2 === 1 ? part : targetBytes(part).toString('latin1')));
}

/** The address for a request; undefined when it needs a host and the request names none. */
export function redirectFor(target: RedirectTarget, request: RequestHead): string | undefined {
  let address = '';
  for (let i = 0; i < target.length; i++) {
    const part = target[i]!;
    if (i % 2 === 0) address += part;
    else if (part === 'host') {
      if (request.hostLength === 0) return undefined;
      address += request.host();
    } else if (part === 'path') address += request.path().replace(/^\/+/, '/');
    else if (request.queryLength > 0) address += request.query();
    else if (address.endsWith('?')) address = address.slice(0, -1);
  }
  return address;
}
