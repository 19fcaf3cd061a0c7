/**
 * A Lua function as a JavaScript function.
 *
 * Promise: every entry counts a step; a function that can call anything also counts its depth, in
 * proportion to its frame, so that deep recursion is a Lua error before it is a JavaScript one.
 */
import type { FunctionBody, LocalVar } from './ast.ts';
import { type ChunkContext, FunctionContext, WEIGHT } from './emit.ts';
import { block } from './emit-stat.ts';

/** Slots of a frame beside locals and temporaries: return address, context, arguments… */
const FRAME_SLOTS = 16;

/** Roughly what a closure with its variables takes. */
const CLOSURE_BYTES = 128;

/** A function expression. */
export function emitFunction(outer: FunctionContext, f: FunctionBody, self?: LocalVar): string {
  const c = new FunctionContext(outer.chunk, f.scope, f.scope.calls);
  // Closures must keep the parameters of their own call, so a captured one forbids the jump.
  const plain = !f.scope.vararg && !f.params.some((v) => v.captured);
  if (self && !self.assigned && plain && !outer.chunk.resumable)
    c.self = { v: self, params: f.params };
  return `(charge(${CLOSURE_BYTES}),${functionText(c, f)})`;
}

/** The chunk's own function. It is entered from the host only, so its depth needs no count. */
export function emitMain(chunk: ChunkContext, f: FunctionBody): string {
  return functionText(new FunctionContext(chunk, f.scope, false), f);
}

function functionText(c: FunctionContext, f: FunctionBody): string {
  const { chunk, deep } = c;
  const params = f.params.map((v) => v.js);
  const { scope } = f;
  const old = scope.argTable;
  const needsVararg = scope.usesVararg || old?.used === true;
  if (scope.vararg && needsVararg) params.push('...va$');
  let body = '';
  if (old?.used) body += `let ${old.js}=${scope.usesVararg ? 'undefined' : 'argTable(va$)'};`;
  body += block(c, f.body);
  const last = f.body[f.body.length - 1];
  if (last?.t !== 'return') body += `${deep ? `V.depth-=${WEIGHT};` : ''}return NOTHING;`;
  if (c.jumps) body = `tail$:for(;;){${chunk.step}${body}}`;
  const temps = Array.from({ length: c.tempsMax }, (_, i) => `$${i + 1}`).join(',');
  const declared = temps === '' ? '' : `let ${temps};`;
  const weight = String(FRAME_SLOTS + scope.locals + c.tempsMax);
  const enter = deep ? `if((V.depth+=${WEIGHT})>V.depthMax)throw stackOverflow();` : '';
  const text = `{${declared}${chunk.step}${enter}${body}}`.replaceAll(WEIGHT, weight);
  const head = `(${params.join(',')})`;
  return chunk.resumable ? `resumable(function*${head}${text})` : `(${head}=>${text})`;
}
