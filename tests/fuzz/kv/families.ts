/** The families of commands that sequences are drawn from, with how often each is drawn. */
import { blocking, hashes, lists, sets } from './grammar/collections.ts';
import { keys } from './grammar/keys.ts';
import { connection, scripting } from './grammar/scripts.ts';
import { logLogs, places, sortedSets } from './grammar/sorted-sets.ts';
import { streams } from './grammar/streams.ts';
import { bitmaps, strings } from './grammar/strings.ts';
import { parseTemplate, type Template } from './template.ts';

type Line = { readonly weight: number; readonly template: Template };
/** `total` is the sum of the weights of its lines. */
export type Family = {
  readonly weight: number;
  readonly lines: readonly Line[];
  readonly total: number;
};

export const families: Readonly<Record<string, Family>> = {
  strings: family(14, strings),
  bitmaps: family(6, bitmaps),
  keys: family(14, keys),
  hashes: family(10, hashes),
  lists: family(11, lists),
  sets: family(10, sets),
  sortedSets: family(14, sortedSets),
  places: family(4, places),
  logLogs: family(3, logLogs),
  streams: family(13, streams),
  scripting: family(5, scripting),
  connection: family(2, connection),
};
/** Commands that wait where nothing is there: for the inside of transactions, where none does. */
export const waiting = family(1, blocking);

function family(weight: number, lines: readonly string[]): Family {
  const parsed = lines.map((line) => {
    const match = /^(\d+) (.*)$/s.exec(line);
    return {
      weight: match?.[1] === undefined ? 1 : Number(match[1]),
      template: parseTemplate(match?.[2] ?? line),
    };
  });
  return { weight, lines: parsed, total: parsed.reduce((sum, line) => sum + line.weight, 0) };
}
