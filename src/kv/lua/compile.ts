/**
 * Lua source to a runnable chunk.
 *
 *     source → parser.ts → tree → emit-*.ts → JavaScript text → new Function → chunk
 *
 * Promise: the text given to `new Function` consists of our own words, `name$n` identifiers,
 * numerals and quoted strings; everything it can reach is in `RUNTIME`, its globals table and its
 * parameters, so Lua code never holds a JavaScript object that is not a Lua value.
 */
import { callSteps, resumable } from './coroutine.ts';
import { ChunkContext, stripMarks } from './emit.ts';
import { emitMain } from './emit-function.ts';
import { LuaSyntaxError } from './errors.ts';
import { walkKind } from './iteration.ts';
import * as operations from './operations.ts';
import { Parser } from './parser.ts';
import { newScriptName, registerSites } from './position.ts';
import { LuaTable, sharedShape } from './table.ts';
import { all, type LuaFunction, NOTHING, PAUSE } from './value.ts';
import { charge, isStackOverflow, stackOverflow, tick, vm } from './vm.ts';

const {
  add,
  sub,
  mul,
  div,
  mod,
  pow,
  unm,
  modulo,
  len,
  concat,
  concatAll,
  equals,
  lessThan,
  lessEqual,
  index,
  indexStr,
  getGlobal,
  setIndex,
  setIndexStr,
  setGlobal,
  mixedTable,
  argTable,
  forNumber,
  callable,
} = operations;

const RUNTIME = {
  LuaTable,
  sharedShape,
  NOTHING,
  PAUSE,
  all,
  isArray: Array.isArray,
  V: vm,
  tick,
  stackOverflow,
  resumable,
  callSteps,
  charge,
  add,
  sub,
  mul,
  div,
  mod,
  pow,
  unm,
  modulo,
  len,
  concat,
  concatAll,
  equals,
  lessThan,
  lessEqual,
  index,
  indexStr,
  getGlobal,
  setIndex,
  setIndexStr,
  setGlobal,
  mixedTable,
  argTable,
  walkKind,
  forNumber,
  callable,
};

const RUNTIME_NAMES = Object.keys(RUNTIME);

/** Declares what the code uses of the runtime; fewer names are less for V8 to parse. */
function head(code: string): string {
  const used = RUNTIME_NAMES.filter((name) => code.includes(name));
  return `"use strict";const {${used.join(',')}}=R;`;
}

export interface CompiledMain {
  main: LuaFunction;
  getEnvironment: () => LuaTable;
  setEnvironment: (globals: LuaTable) => void;
}

/**
 * Compiles a chunk. `chunkName` stands as it is in messages; `pausable`: its functions are generators.
 * @throws LuaSyntaxError
 */
export function compileChunk(
  source: string,
  chunkName: string,
  globals: LuaTable,
  pausable: boolean,
): CompiledMain {
  try {
    return build(source, chunkName, globals, pausable);
  } catch (error) {
    // Left-associative chains are not nested in Lua's sense but are in ours.
    if (!isStackOverflow(error)) throw error;
    throw new LuaSyntaxError(`${chunkName}:1: chunk has too many syntax levels`);
  }
}

function build(
  source: string,
  chunkName: string,
  globals: LuaTable,
  pausable: boolean,
): CompiledMain {
  const tree = new Parser(source, chunkName).parseChunk();
  const chunk = new ChunkContext(pausable || source.includes('coroutine'));
  const main = emitMain(chunk, tree);
  const constants = chunk.constants.map((code, i) => `const $K${i}=${code};`).join('');
  // Naming S inside `main` keeps the table of sites alive as long as the code.
  const marked =
    `${head(constants + main)}${constants}const main=${main.replace('{', '{S;')};` +
    'return{main,getEnvironment(){return G},setEnvironment(t){G=t}};';
  const { text, sites } = stripMarks(marked, 0);
  const script = newScriptName();
  const make = new Function('R', 'G', 'S', `${text}\n//# sourceURL=${script}`) as (
    runtime: typeof RUNTIME,
    globals: LuaTable,
    sites: object,
  ) => CompiledMain;
  return make(RUNTIME, globals, registerSites(script, chunkName, sites));
}
