/** What the tables of settings and the rules between them share. */
import { type Conflict, list, text } from '../../core/config/index.ts';

/** Everything that running traffic can take is live. */
export const reloadable = true;

export const words = (about: string, change?: string) =>
  list(text({ default: '', about }), {
    default: [],
    about,
    reloadable,
    ...(change !== undefined && { change }),
  });

/** Whether a text is not empty and of the bytes that a table of the grammar has. */
export function consistsOf(text: string, bytes: Uint8Array): boolean {
  return text !== '' && [...text].every((letter) => bytes[letter.charCodeAt(0)] === 1);
}

export function noSuchPool(key: string, pool: string, pools: ReadonlySet<string>): Conflict[] {
  return pools.has(pool) ? [] : [{ key, says: `is ${pool}, and there is no such pool` }];
}
