/**
 * The errors of the admin door, one row each, answered as `application/problem+json` (RFC 9457).
 * The name is the end of the problem's type, `urn:plinth:problem:<name>`, and never changes its meaning.
 */
import type { Problem } from '../core/config/index.ts';
import type { Page } from './page.ts';

export const problemTable = {
  'no-such-page': { status: 404, title: 'There is no such page.' },
  'method-not-allowed': { status: 405, title: 'The page does not have this method.' },
  'wrong-host': { status: 421, title: 'This door answers to other names.' },
  'no-token': { status: 401, title: 'A token is needed.' },
  'wrong-token': { status: 401, title: 'The token is not the right one.' },
  closed: { status: 403, title: 'This door takes no token.' },
  'not-json': { status: 400, title: 'The body is no JSON text.' },
  'too-large': { status: 413, title: 'The body is too large.' },
  'wrong-media-type': { status: 415, title: 'The body has another form than the one taken here.' },
  stale: { status: 412, title: 'The configuration has changed meanwhile.' },
  'wrong-settings': { status: 422, title: 'The configuration would not be right.' },
  overridden: { status: 409, title: 'A setting is given outside the file.' },
  refused: { status: 409, title: 'A system cannot take the change.' },
  'file-changed': { status: 409, title: 'The configuration file was changed by another.' },
  'file-form': { status: 409, title: 'The configuration file cannot be edited.' },
  // RFC 4918 11.5: what is needed to do as asked cannot be stored.
  unsaved: { status: 507, title: 'The configuration file cannot be written.' },
  'not-open': { status: 503, title: 'The process is starting or stopping.' },
} as const;

export type ProblemName = keyof typeof problemTable;

interface More {
  /** Members beside those of RFC 9457. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a request that failed. `detail` is one sentence for people. */
export function problemPage(name: ProblemName, detail: string, more: More = {}): Page {
  const { status, title } = problemTable[name];
  return problemOf({ status, title, name, detail }, more);
}

/** The same for a problem whose row stands elsewhere. */
export function problemOf(
  { status, title, name, detail }: { status: number; title: string; name: string; detail: string },
  more: More = {},
): Page {
  const body = { type: `urn:plinth:problem:${name}`, title, status, detail, ...more.members };
  return {
    status,
    contentType: 'application/problem+json',
    body: `${JSON.stringify(body)}\n`,
    headers: more.headers ?? {},
  };
}

/** A mistake of a patch: where it stands in the patched document (RFC 6901), and what it is. */
export function settingProblem({ path, text }: Problem): {
  readonly pointer: string | undefined;
  readonly detail: string;
} {
  return { pointer: path === undefined ? undefined : pointerOf(path), detail: text };
}

function pointerOf(path: string): string {
  if (path === '') return '';
  return path
    .split('.')
    .map((each) => `/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
