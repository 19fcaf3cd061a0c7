/**
 * Lua statements as JavaScript statements.
 *
 * Promise: every turn of a loop counts a step; a loop body is a JavaScript block, so that closures
 * made in it have their own variables; assignments evaluate everything before they store anything.
 */
import type { Assignable, Expr, LocalVar, Stat } from './ast.ts';
import { describe, type FunctionContext, isMulti, knownType, mark, quote, WEIGHT } from './emit.ts';
import { condition, expression, list, results } from './emit-expr.ts';
import { emitFunction } from './emit-function.ts';

/** The statements of a block, without braces. */
export function block(c: FunctionContext, stats: Stat[]): string {
  let text = '';
  for (const stat of stats) {
    c.temps = 0;
    text += statement(c, stat);
  }
  return text;
}

function statement(c: FunctionContext, s: Stat): string {
  switch (s.t) {
    case 'local':
      return localStatement(c, s.vars, s.values);
    case 'localfunction': {
      const text = emitFunction(c, s.body, s.v);
      return s.v.assigned ? `let ${s.v.js};${s.v.js}=${text};` : `const ${s.v.js}=${text};`;
    }
    case 'assign':
      return assignment(c, s);
    case 'callstat':
      return `${results(c, s.call)};`;
    case 'do':
      return `{${block(c, s.body)}}`;
    case 'while':
      return `while(${condition(c, s.condition)}){${c.chunk.step}${block(c, s.body)}}`;
    case 'repeat':
      return repeat(c, s.body, s.condition);
    case 'if': {
      const clauses = s.clauses.map(
        (clause) => `if(${condition(c, clause.condition)}){${block(c, clause.body)}}`,
      );
      const otherwise = s.otherwise ? `else{${block(c, s.otherwise)}}` : '';
      return clauses.join('else ') + otherwise;
    }
    case 'fornum':
      return numericFor(c, s);
    case 'forin':
      return genericFor(c, s);
    case 'return':
      return returnStatement(c, s.values);
    case 'break':
      return 'break;';
  }
}

function repeat(c: FunctionContext, body: Stat[], until: Expr): string {
  const text = block(c, body);
  const last = body[body.length - 1]?.t;
  // Behind `return` or `break` the condition is never reached.
  if (last === 'return' || last === 'break') return `for(;;){${c.chunk.step}${text}}`;
  c.temps = 0;
  return `for(;;){${c.chunk.step}${text}if(${condition(c, until)})break;}`;
}

function keyword(v: LocalVar): string {
  return v.assigned ? 'let' : 'const';
}

function localStatement(c: FunctionContext, vars: LocalVar[], values: Expr[]): string {
  if (vars.length === 1 && values.length === 1) {
    const v = vars[0] as LocalVar;
    return `${keyword(v)} ${v.js}=${expression(c, values[0] as Expr)};`;
  }
  const { before, refs } = adjusted(c, values, vars.length);
  return before + vars.map((v, i) => `${keyword(v)} ${v.js}=${refs[i]};`).join('');
}

/** Evaluates a list into exactly `count` temporaries. */
function adjusted(
  c: FunctionContext,
  values: Expr[],
  count: number,
): { before: string; refs: string[] } {
  let before = '';
  const refs: string[] = [];
  values.forEach((e, i) => {
    if (i === values.length - 1 && isMulti(e) && count > values.length) {
      const t = c.temp();
      before += `${t}=all(${results(c, e)});`;
      for (let k = 0; refs.length < count; k++) refs.push(`${t}[${k}]`);
    } else if (i >= count) before += `${expression(c, e)};`;
    else {
      const t = c.temp();
      before += `${t}=${expression(c, e)};`;
      refs.push(t);
    }
  });
  while (refs.length < count) refs.push('undefined');
  return { before, refs };
}

function assignment(c: FunctionContext, s: Extract<Stat, { t: 'assign' }>): string {
  const { targets, values, line } = s;
  if (targets.length === 1 && values.length === 1) {
    const target = targets[0] as Assignable;
    const value = values[0] as Expr;
    if (target.t !== 'index') return store(target, expression(c, value), line);
    const object = expression(c, target.object);
    const key = expression(c, target.key);
    return storeIndex({ target, object, key, value: expression(c, value), line });
  }
  // Objects and keys first, then all values, then the stores from right to left, as Lua does.
  let before = '';
  const places = targets.map((target) => {
    if (target.t !== 'index') return undefined;
    const object = c.temp();
    const key = c.temp();
    before += `${object}=${expression(c, target.object)};${key}=${expression(c, target.key)};`;
    return { object, key };
  });
  const { before: evaluate, refs } = adjusted(c, values, targets.length);
  let stores = '';
  for (let i = targets.length - 1; i >= 0; i--) {
    const target = targets[i] as Assignable;
    const place = places[i];
    const value = refs[i] as string;
    if (target.t !== 'index') stores += store(target, value, line);
    else if (place) stores += storeIndex({ target, ...place, value, line });
  }
  return before + evaluate + stores;
}

/** Stores into a variable. */
function store(target: Exclude<Assignable, { t: 'index' }>, value: string, line: number): string {
  if (target.t === 'local') return `${target.v.js}=${value};`;
  return `${mark(line)}setGlobal(G,${quote(target.name)},${value});`;
}

interface IndexStore {
  target: Extract<Assignable, { t: 'index' }>;
  object: string;
  key: string;
  value: string;
  line: number;
}

function storeIndex(s: IndexStore): string {
  const name = s.target.key.t === 'string' ? 'setIndexStr' : 'setIndex';
  const what = quote(describe(s.target.object));
  return `${mark(s.line)}${name}(${s.object},${s.key},${s.value},${what});`;
}

function numericFor(c: FunctionContext, s: Extract<Stat, { t: 'fornum' }>): string {
  const id = s.v.js;
  const bound = (e: Expr, what: string): string => {
    const value = expression(c, e);
    return knownType(e) === 'number' ? value : `${mark(s.line)}forNumber(${value},'${what}')`;
  };
  const start = bound(s.start, 'initial value');
  const limit = bound(s.limit, 'limit');
  const constantStep = s.step === undefined || s.step.t === 'number';
  const step = s.step === undefined ? '1' : bound(s.step, 'step');
  // The body may change or keep its own variable; the counter is not to notice.
  const separate = s.v.assigned || s.v.captured;
  const i = separate ? `i$${id}` : id;
  const head = `let ${i}=${start},l$${id}=${limit}${constantStep ? '' : `,s$${id}=${step}`}`;
  const by = constantStep ? step : `s$${id}`;
  let test = `${i}<=l$${id}`;
  if (!constantStep) test = `${by}>0?${test}:l$${id}<=${i}`;
  else if (s.step?.t === 'number' && !(s.step.value > 0)) test = `l$${id}<=${i}`;
  const own = separate ? `let ${id}=${i};` : '';
  const advance = by === '1' ? `${i}++` : `${i}+=${by}`;
  return `for(${head};${test};${advance}){${c.chunk.step}${own}${block(c, s.body)}}`;
}

/**
 * `pairs` and `ipairs` over a table walk by position, without calling anything; everything else
 * calls the iterator, as the manual says (§2.4.5).
 */
function genericFor(c: FunctionContext, s: Extract<Stat, { t: 'forin' }>): string {
  const id = (s.vars[0] as LocalVar).js;
  const { before, refs } = adjusted(c, s.values, 3);
  const [f, state, control, kind, at, r] = ['f', 's', 'c', 'k', 'p', 'r'].map((x) => `${x}$${id}`);
  const vars = s.vars;
  const names = vars.map((v) => v.js);
  const declared = `let ${names.join(',')};`;
  const walk = [`${state}.keyAt(${at})`, `${state}.valueAt(${at})`];
  const pairs = vars.map((v, i) => `${v.js}=${walk[i] ?? 'undefined'};`).join('');
  const item = `${state}.arr[${at}]`;
  const ipairs = vars.map((v, i) => `${v.js}=${[`${at}+1`, item][i] ?? 'undefined'};`).join('');
  const callee = `(typeof ${f}==='function'?${f}:callable(${f},''))`;
  const general = vars.map((v, i) => `${v.js}=${r}[${i}];`).join('');
  return (
    `{${before}const ${f}=${refs[0]},${state}=${refs[1]};let ${control}=${refs[2]},${at}=0;` +
    `const ${kind}=walkKind(${f},${state},${control});` +
    `for(;;){${c.chunk.step}${declared}` +
    `if(${kind}===1){${at}=${state}.nextPosition(${at});if(${at}<0)break;${pairs}${at}++;}` +
    `else if(${kind}===2){if(${item}===undefined)break;${ipairs}${at}++;}` +
    `else{const ${r}=all(${callee}${mark(s.line, '?')}(${state},${control}));${general}` +
    `if(${names[0]}===undefined)break;${control}=${names[0]};}` +
    `${block(c, s.body)}}}`
  );
}

/** A function's call of itself as its last act: a jump, so that it nests as little as in Lua. */
function selfCall(c: FunctionContext, e: Expr | undefined): string | undefined {
  if (c.self === undefined || e?.t !== 'call' || e.callee.t !== 'local') return undefined;
  if (e.callee.v !== c.self.v) return undefined;
  c.jumps = true;
  const { params } = c.self;
  const { before, refs } = adjusted(c, e.args, params.length);
  const stores = params.map((v, i) => `${v.js}=${refs[i]};`).join('');
  return `{${before}${stores}continue tail$;}`;
}

function returnStatement(c: FunctionContext, values: Expr[]): string {
  const jump = values.length === 1 ? selfCall(c, values[0]) : undefined;
  if (jump !== undefined) return jump;
  let value: string;
  if (values.length === 0) value = 'NOTHING';
  else if (values.length === 1) value = results(c, values[0] as Expr);
  else value = `[${list(c, values)}]`;
  if (!c.deep) return `return ${value};`;
  return `{const r$=${value};V.depth-=${WEIGHT};return r$;}`;
}
