/**
 * The first line of scripts and libraries: `#!lua flags=no-writes` and `#!lua name=mylib`.
 *
 * The line is cut off before the rest is compiled, its end is not: line numbers stay right.
 */
import { splitInline } from '../../core/wire/index.ts';
import { ReplyError } from '../errors.ts';
import { FLAG_NAMES, ScriptFlag } from './script-flags.ts';

export interface ScriptSource {
  /** What is left to compile (latin1). */
  readonly code: string;
  readonly flags: number;
}

export interface LibrarySource {
  readonly code: string;
  readonly name: string;
}

/** Reads the first line of a script. @throws ReplyError */
export function parseScript(source: string): ScriptSource {
  if (!source.startsWith('#!')) return { code: source, flags: ScriptFlag.compatible };
  const end = source.indexOf('\n');
  if (end < 0) throw new ReplyError('ERR Invalid script shebang');
  const words = wordsOf(source.slice(0, end));
  if (words === undefined || words.length === 0) {
    throw new ReplyError('ERR Invalid engine in script shebang');
  }
  const [engine, ...options] = words;
  if (engine !== '#!lua') {
    throw new ReplyError(`ERR Unexpected engine in script shebang: ${engine}`);
  }
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith('flags=')) {
      throw new ReplyError(`ERR Unknown lua shebang option: ${option}`);
    }
    for (const name of option.slice('flags='.length).split(',')) flags |= scriptFlag(name);
  }
  return { code: source.slice(end), flags };
}

function scriptFlag(name: string): number {
  if (name === '') return 0;
  const bit = FLAG_NAMES.get(name);
  if (bit === undefined) throw new ReplyError(`ERR Unexpected flag in script shebang: ${name}`);
  return bit;
}

/** Reads the first line of a library. @throws ReplyError */
export function parseLibrary(source: string): LibrarySource {
  if (!source.startsWith('#!')) throw new ReplyError('ERR Missing library metadata');
  const end = source.indexOf('\n');
  if (end < 0) throw new ReplyError('ERR Invalid library metadata');
  const words = wordsOf(source.slice(0, end));
  if (words === undefined || words.length === 0)
    throw new ReplyError('ERR Invalid library metadata');
  const [engine, ...options] = words as [string, ...string[]];
  let name: string | undefined;
  for (const option of options) {
    if (!option.startsWith('name=')) {
      throw new ReplyError(`ERR Invalid metadata value given: ${option}`);
    }
    if (name !== undefined) {
      throw new ReplyError('ERR Invalid metadata value, name argument was given multiple times');
    }
    name = option.slice('name='.length);
  }
  if (name === undefined) throw new ReplyError('ERR Library name was not given');
  verifyName(name);
  if (engine.slice(2).toLowerCase() !== 'lua') {
    throw new ReplyError(`ERR Engine '${engine.slice(2)}' not found`);
  }
  return { code: source.slice(end), name };
}

/** Whether a library or function may be called so. */
export function isName(name: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(name);
}

export const NAME_RULE =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long';

function verifyName(name: string): void {
  if (!isName(name)) throw new ReplyError(`ERR ${NAME_RULE}`);
}

function wordsOf(line: string): string[] | undefined {
  const bytes = Buffer.from(line, 'latin1');
  return splitInline(bytes, 0, bytes.length);
}
