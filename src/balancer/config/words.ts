/** A list of words, as several settings are. */
import { list, text } from '../../core/config/index.ts';

/** Everything that running traffic can take is live. */
export const reloadable = true;

export const words = (about: string, change?: string) =>
  list(text({ default: '', about }), {
    default: [],
    about,
    reloadable,
    ...(change !== undefined && { change }),
  });
