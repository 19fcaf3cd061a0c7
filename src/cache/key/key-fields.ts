/**
 * The settings of a key: what of a request decides which stored response is meant. They stand within each rule of
 * the section, as a group.
 */
import { type Conflict, flag, list, text, type ValuesOf } from '../../core/config/index.ts';
import { TOKEN } from '../../core/wire/index.ts';

const reloadable = true;
/** Names of one kind that a rule may have. */
const NAMES_MAX = 64;

const names = (about: string) =>
  list(text({ default: '', about, max: 128 }), { default: [], about, reloadable, max: NAMES_MAX });

export const keyFields = {
  queryOnly: names(
    'Parameters of the query that belong to the key, `*` for any text; without any all do.',
  ),
  queryIgnore: names(
    'Parameters that do not belong to the key, such as `utm_*`; `*` for the whole query.',
  ),
  querySort: flag({
    default: false,
    about: 'Whether the order of parameters with different names says nothing.',
    reloadable,
  }),
  headers: names('Request fields that belong to the key.'),
  cookies: names('Cookies that belong to the key.'),
  device: flag({
    default: false,
    about: 'Whether mobile, tablet and desktop have responses of their own.',
    reloadable,
  }),
  ignoreCase: flag({
    default: false,
    about: 'Whether small and capital letters of the path are the same.',
    reloadable,
  }),
  equivalent: flag({
    default: false,
    about:
      'Whether dot-segments, repeated slashes, empty parameters and an empty query say nothing.',
    change: 'When the servers answer such URLs alike.',
    reloadable,
  }),
};

export type KeyRule = ValuesOf<typeof keyFields>;

/** RFC 9110 section 4.2.3 and no more: what every rule begins with. */
export const DEFAULT_KEY_RULE: KeyRule = {
  queryOnly: [],
  queryIgnore: [],
  querySort: false,
  headers: [],
  cookies: [],
  device: false,
  ignoreCase: false,
  equivalent: false,
};

/** What does not go together in a rule; keys are those of its group. */
export function keyConflicts({ headers, cookies }: KeyRule): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const name of headers) {
    if (!isToken(name))
      conflicts.push({ key: 'headers', says: `has ${shown(name)}, no field name` });
    else if (name.toLowerCase() === 'cookie') {
      conflicts.push({ key: 'headers', says: 'has cookie; name single ones in cookies' });
    }
  }
  for (const name of cookies) {
    if (!isToken(name)) {
      conflicts.push({ key: 'cookies', says: `has ${shown(name)}, no name of a cookie` });
    }
  }
  return conflicts;
}

function isToken(name: string): boolean {
  return name !== '' && [...name].every((letter) => TOKEN[letter.charCodeAt(0)] === 1);
}

function shown(name: string): string {
  return JSON.stringify(name);
}
