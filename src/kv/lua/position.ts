/**
 * Where in the Lua source an error happened.
 *
 * Promise: compiled code keeps no line numbers while it runs. When an error is made, the JavaScript
 * stack is read: frames of compiled chunks are known by their script name, and the column leads
 * to the site (line, name of the called function). Functions whose name starts with `native` call
 * back into Lua and stand for a C function of the reference implementation.
 */
import type { Site } from './emit.ts';

interface ChunkSites {
  chunkName: string;
  sites: Site[];
}

/** Script names of compiled chunks; the number makes them unique in the process. */
const SCRIPT_PREFIX = 'lua-chunk:';
const FRAMES_MAX = 60;

const chunks = new Map<string, WeakRef<ChunkSites>>();
const forgotten = new FinalizationRegistry<string>((script) => chunks.delete(script));
let count = 0;

/** A new script name, for `//# sourceURL`. */
export function newScriptName(): string {
  return `${SCRIPT_PREFIX}${++count}`;
}

/**
 * Makes a chunk's sites known. They live as long as the chunk's code holds the returned object.
 */
export function registerSites(script: string, chunkName: string, sites: Site[]): object {
  const entry: ChunkSites = { chunkName, sites };
  chunks.set(script, new WeakRef(entry));
  forgotten.register(entry, script);
  return entry;
}

/** A Lua-visible stack frame: compiled Lua code with its site, or a native function between. */
interface Frame {
  chunkName: string;
  site: Site;
}

function callSites(): NodeJS.CallSite[] {
  const limit = Error.stackTraceLimit;
  const prepare = Error.prepareStackTrace;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.prepareStackTrace = (_error, sites) => sites;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  Error.captureStackTrace(holder, callSites);
  const sites = holder.stack ?? [];
  Error.prepareStackTrace = prepare;
  Error.stackTraceLimit = limit;
  return sites;
}

/**
 * The frames Lua would see, innermost first; undefined stands for a native function that called
 * Lua. At most `wanted` frames are looked for.
 */
function frames(wanted: number): (Frame | undefined)[] {
  const found: (Frame | undefined)[] = [];
  for (const site of callSites()) {
    const script = site.getScriptNameOrSourceURL();
    if (script?.startsWith(SCRIPT_PREFIX)) found.push(frameOf(script, site.getColumnNumber() ?? 0));
    else if (site.getFunctionName()?.startsWith('native')) found.push(undefined);
    if (found.length === wanted) break;
  }
  return found;
}

function frameOf(script: string, column: number): Frame | undefined {
  const chunk = chunks.get(script)?.deref();
  if (chunk === undefined) return undefined;
  const { sites } = chunk;
  let low = 0;
  let high = sites.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sites[middle] as Site).offset <= column - 1) low = middle + 1;
    else high = middle;
  }
  const site = sites[low - 1];
  return site === undefined ? undefined : { chunkName: chunk.chunkName, site };
}

/**
 * Chunk and line of the innermost Lua function that ran when an error was made; undefined when no Lua
 * ran. Ask once, and before anybody has looked at the error's `stack`.
 */
export function positionOf(error: Error): { chunkName: string; line: number } | undefined {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_error, sites) => sites;
  const sites: unknown = error.stack;
  Error.prepareStackTrace = prepare;
  if (!Array.isArray(sites)) return undefined;
  for (const site of sites as NodeJS.CallSite[]) {
    const script = site.getScriptNameOrSourceURL();
    if (!script?.startsWith(SCRIPT_PREFIX)) continue;
    const frame = frameOf(script, site.getColumnNumber() ?? 0);
    return frame && { chunkName: frame.chunkName, line: frame.site.line };
  }
  return undefined;
}

/** `chunk:LINE: ` of the function at `level` (1: the one that called us), or an empty text. */
export function where(level: number): string {
  if (level <= 0) return '';
  const frame = frames(level)[level - 1];
  return frame === undefined ? '' : `${frame.chunkName}:${frame.site.line}: `;
}

/** Position, name and kind of the call that is being made. */
export function callingSite(): { position: string; name: string; method: boolean } {
  const frame = frames(1)[0];
  if (frame === undefined) return { position: '', name: '?', method: false };
  const { line, name, method } = frame.site;
  return { position: `${frame.chunkName}:${line}: `, name: name === '' ? '?' : name, method };
}
