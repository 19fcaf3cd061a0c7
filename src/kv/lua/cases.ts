/**
 * Reads the case files in `cases/`: scripts with the output of a reference implementation.
 *
 *     ### name
 *     script
 *     --->
 *     what it prints
 *
 * The outputs of language and standard libraries are those of lua5.1, the rest those of a script
 * in redis-server 7.0. Only tests import this file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createLuaState, type LuaStateOptions, type LuaValue, toText } from './index.ts';

export interface LuaCase {
  name: string;
  script: string;
  prints: string;
}

const FOLDER = new URL('./cases/', import.meta.url);

/** Topics whose outputs come from redis-server; their chunks are called `user_script`. */
export const REDIS_TOPICS = ['bit', 'cjson', 'cmsgpack', 'errors-redis', 'random', 'struct'];

/** All topics, one file each. */
export function topics(): string[] {
  return readdirSync(FOLDER).map((file) => file.replace('.txt', ''));
}

/** The cases of one topic. */
export function readCases(topic: string): LuaCase[] {
  const text = readFileSync(new URL(`${topic}.txt`, FOLDER), 'latin1');
  return text
    .split(/^### /m)
    .slice(1)
    .map((block) => {
      const end = block.indexOf('\n');
      const [script, prints] = block.slice(end + 1).split('\n--->\n');
      return { name: block.slice(0, end), script: `${script}\n`, prints: prints ?? '' };
    });
}

const toHex = (text: LuaValue): string => Buffer.from(String(text), 'latin1').toString('hex');

/** Runs a script in a fresh state and gives what it printed; an uncaught error is printed too. */
export function printed(
  script: string,
  chunkName: string,
  options: Partial<LuaStateOptions> = {},
): string {
  const state = createLuaState({ memoryBytesMax: 64 << 20, randomSeed: 0, ...options });
  let output = '';
  const print = (...values: LuaValue[]): LuaValue[] => {
    output += `${values.map(toText).join('\t')}\n`;
    return [];
  };
  for (const [name, f] of Object.entries({ print, p: print, hex: toHex })) {
    state.globals.set(name, f);
  }
  state.compile(script, chunkName).run();
  return output;
}

/** A state for tests with the given globals. */
export function stateWith(
  globals: Record<string, LuaValue>,
  options: Partial<LuaStateOptions> = {},
): ReturnType<typeof createLuaState> {
  const state = createLuaState({ memoryBytesMax: 64 << 20, randomSeed: 0, ...options });
  for (const [name, value] of Object.entries(globals)) state.globals.set(name, value);
  return state;
}
