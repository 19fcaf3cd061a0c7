/**
 * Lua expressions as JavaScript expressions.
 *
 * Promise: operands are evaluated left to right and once; numbers take a path without a call;
 * everything else goes through the functions of operations.ts, which know metamethods, coercions
 * and error texts. A call's value is cut to one by `expression` and kept whole by `results`.
 */
import type { Call, Expr, TableField } from './ast.ts';
import {
  calleeName,
  describe,
  type FunctionContext,
  isMulti,
  knownType,
  mark,
  numeral,
  quote,
} from './emit.ts';
import { emitFunction } from './emit-function.ts';

/** A value that may be named twice: `before` (if any) must run first. */
interface Operand {
  before: string;
  ref: string;
}

const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '^': 'pow',
};

/** Exactly one value. */
export function expression(c: FunctionContext, e: Expr): string {
  switch (e.t) {
    case 'nil':
      return 'undefined';
    case 'true':
    case 'false':
      return e.t;
    case 'number':
      return numeral(e.value);
    case 'string':
      return quote(e.value);
    case 'vararg':
      return 'va$[0]';
    case 'local':
      return e.v.js;
    case 'global':
      return `${mark(e.line)}getGlobal(G,${quote(e.name)})`;
    case 'index':
      return index(c, e.object, e.key, e.line);
    case 'paren':
      return expression(c, e.inner);
    case 'function':
      return emitFunction(c, e.body);
    case 'call':
    case 'method': {
      const t = c.temp();
      return `(isArray(${t}=${call(c, e)})?${t}[0]:${t})`;
    }
    case 'table':
      return table(c, e.fields, e.line);
    case 'unary':
      return unary(c, e.op, e.operand, e.line);
    case 'binary':
      return binary(c, e);
  }
}

/** All values of a call or of `...`; one value of anything else. */
export function results(c: FunctionContext, e: Expr): string {
  if (e.t === 'call' || e.t === 'method') return call(c, e);
  return e.t === 'vararg' ? 'va$' : expression(c, e);
}

/** A list of JavaScript arguments or array elements; the last expression may give several. */
export function list(c: FunctionContext, values: Expr[]): string {
  return values
    .map((e, i) => {
      if (i < values.length - 1 || !isMulti(e)) return expression(c, e);
      return e.t === 'vararg' ? '...va$' : `...all(${results(c, e)})`;
    })
    .join(',');
}

/** A JavaScript boolean: is the value neither nil nor false? */
export function condition(c: FunctionContext, e: Expr): string {
  if (e.t === 'paren') return condition(c, e.inner);
  if (e.t === 'true' || e.t === 'number' || e.t === 'string') return 'true';
  if (e.t === 'false' || e.t === 'nil') return 'false';
  if (e.t === 'unary' && e.op === 'not') return `!${condition(c, e.operand)}`;
  if (e.t === 'binary' && (e.op === 'and' || e.op === 'or')) {
    return `(${condition(c, e.left)}${e.op === 'and' ? '&&' : '||'}${condition(c, e.right)})`;
  }
  if (knownType(e) === 'boolean') return expression(c, e);
  const { before, ref } = operand(c, e);
  return `(${before}${ref}!==undefined&&${ref}!==false)`;
}

function operand(c: FunctionContext, e: Expr): Operand {
  if (e.t === 'paren') return operand(c, e.inner);
  if (e.t === 'local' || e.t === 'number' || e.t === 'string') {
    return { before: '', ref: expression(c, e) };
  }
  const t = c.temp();
  return { before: `${t}=${expression(c, e)},`, ref: t };
}

function index(c: FunctionContext, object: Expr, key: Expr, line: number): string {
  const name = key.t === 'string' ? 'indexStr' : 'index';
  const o = expression(c, object);
  const k = expression(c, key);
  return `${mark(line)}${name}(${o},${k},${quote(describe(object))})`;
}

/** The call itself, giving all its results. */
export function call(c: FunctionContext, e: Call): string {
  let before: string;
  let callee: string;
  let self = '';
  let name: string;
  const t = c.temp();
  if (e.t === 'method') {
    const object = c.temp();
    before = `${object}=${expression(c, e.object)},`;
    const found = `${mark(e.line)}indexStr(${object},${quote(e.name)},${quote(describe(e.object))})`;
    callee = `${t}=${found}`;
    self = object;
    name = e.name;
  } else {
    before = '';
    callee = e.callee.t === 'local' ? e.callee.v.js : `${t}=${expression(c, e.callee)}`;
    name = calleeName(e.callee);
  }
  const ref = e.t === 'call' && e.callee.t === 'local' ? e.callee.v.js : t;
  const what = quote(e.t === 'method' ? `method '${e.name}'` : describe(e.callee));
  const rest = list(c, e.args);
  const args = self && rest ? `${self},${rest}` : self || rest;
  const at = mark(e.line, name, e.t === 'method');
  if (c.chunk.resumable) {
    const target = ref === callee ? ref : `(${before}${callee})`;
    return `(${at}yield*${at}callSteps(${target},${what},[${args}]))`;
  }
  return `(${before}typeof(${callee})==='function'?${ref}:callable(${ref},${what}))${at}(${args})`;
}

function unary(c: FunctionContext, op: string, e: Expr, line: number): string {
  if (op === 'not') return `!${condition(c, e)}`;
  if (op === '#') return `${mark(line)}len(${expression(c, e)},${quote(describe(e))})`;
  if (knownType(e) === 'number') return `(-${expression(c, e)})`;
  const { before, ref } = operand(c, e);
  const slow = `${mark(line)}unm(${ref},${quote(describe(e))})`;
  return `(${before}typeof ${ref}==='number'?-${ref}:${slow})`;
}

function binary(c: FunctionContext, e: Extract<Expr, { t: 'binary' }>): string {
  switch (e.op) {
    case 'and':
    case 'or':
      return logical(c, e.op, e.left, e.right);
    case '..':
      return concat(c, e);
    case '==':
    case '~=':
      return equality(c, e.op, e.left, e.right, e.line);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(c, e.op, e.left, e.right, e.line);
    default:
      return arithmetic(c, e.op, e.left, e.right, e.line);
  }
}

function logical(c: FunctionContext, op: 'and' | 'or', left: Expr, right: Expr): string {
  if (knownType(left) === 'boolean') {
    const test = condition(c, left);
    const other = expression(c, right);
    return op === 'and' ? `(${test}?${other}:false)` : `(${test}?true:${other})`;
  }
  const { before, ref } = operand(c, left);
  const other = expression(c, right);
  const test = `${ref}===undefined||${ref}===false`;
  return op === 'and' ? `(${before}${test}?${ref}:${other})` : `(${before}${test}?${other}:${ref})`;
}

function bothNumbers(left: Expr, right: Expr, a: string, b: string): string {
  const tests: string[] = [];
  if (knownType(left) !== 'number') tests.push(`typeof ${a}==='number'`);
  if (knownType(right) !== 'number' && a !== b) tests.push(`typeof ${b}==='number'`);
  return tests.join('&&');
}

function arithmetic(c: FunctionContext, op: string, l: Expr, r: Expr, line: number): string {
  const a = operand(c, l);
  const b = operand(c, r);
  const js = op === '^' ? '**' : op;
  const fast = op === '%' ? `modulo(${a.ref},${b.ref})` : `${a.ref}${js}${b.ref}`;
  const tests = bothNumbers(l, r, a.ref, b.ref);
  if (tests === '') return `(${a.before}${b.before}${fast})`;
  const names = `${quote(describe(l))},${quote(describe(r))}`;
  const slow = `${mark(line)}${ARITHMETIC[op]}(${a.ref},${b.ref},${names})`;
  return `(${a.before}${b.before}${tests}?${fast}:${slow})`;
}

function comparison(c: FunctionContext, op: string, l: Expr, r: Expr, line: number): string {
  const a = operand(c, l);
  const b = operand(c, r);
  const fast = `${a.ref}${op}${b.ref}`;
  const tests = bothNumbers(l, r, a.ref, b.ref);
  if (tests === '') return `(${a.before}${b.before}${fast})`;
  const slow = {
    '<': `lessThan(${a.ref},${b.ref})`,
    '<=': `lessEqual(${a.ref},${b.ref})`,
    '>': `lessThan(${b.ref},${a.ref})`,
    '>=': `lessEqual(${b.ref},${a.ref})`,
  }[op];
  return `(${a.before}${b.before}${tests}?${fast}:${mark(line)}${slow})`;
}

function equality(c: FunctionContext, op: string, l: Expr, r: Expr, line: number): string {
  if (knownType(l) !== undefined || knownType(r) !== undefined) {
    return `(${expression(c, l)}${op === '==' ? '===' : '!=='}${expression(c, r)})`;
  }
  const a = operand(c, l);
  const b = operand(c, r);
  const slow = `typeof ${a.ref}==='object'&&${mark(line)}equals(${a.ref},${b.ref})`;
  const same = `(${a.before}${b.before}${a.ref}===${b.ref}||${slow})`;
  return op === '==' ? same : `!${same}`;
}

function concat(c: FunctionContext, e: Extract<Expr, { t: 'binary' }>): string {
  const parts: Expr[] = [];
  let rest: Expr = e;
  while (rest.t === 'binary' && rest.op === '..') {
    parts.push(rest.left);
    rest = rest.right;
  }
  parts.push(rest);
  const values = parts.map((part) => expression(c, part)).join(',');
  const names = parts.map((part) => quote(describe(part)));
  if (parts.length === 2) return `${mark(e.line)}concat(${values},${names.join(',')})`;
  return `${mark(e.line)}concatAll([${values}],[${names.join(',')}])`;
}

function table(c: FunctionContext, fields: TableField[], line: number): string {
  const items = fields.filter((f) => f.t === 'item').map((f) => f.value);
  const pairs = fields.filter((f) => f.t === 'pair');
  if (pairs.length === 0) {
    return items.length === 0 ? 'new LuaTable()' : `LuaTable.fromArray([${list(c, items)}])`;
  }
  const keys = pairs.map((f) => (f.key.t === 'string' ? f.key.value : undefined));
  // One shape serves all tables of this expression when its keys are plain and different. Items
  // and pairs that are mixed must still be evaluated in order, so only pure forms qualify.
  const distinct = new Set(keys).size === keys.length && !keys.includes(undefined);
  if (distinct && items.length === 0) {
    const names = keys.map((key) => quote(key as string)).join(',');
    const shape = c.chunk.constant(`sharedShape([${names}])`);
    const values = pairs.map((f) => expression(c, f.value)).join(',');
    return `LuaTable.fromShape([],${shape},[${values}])`;
  }
  const ordered: string[] = [];
  const last = fields[fields.length - 1];
  for (const f of fields) {
    if (f.t === 'pair') {
      ordered.push(`[${expression(c, f.key)},${expression(c, f.value)}]`);
    } else if (f === last && isMulti(f.value)) ordered.push(`...all(${results(c, f.value)})`);
    else ordered.push(expression(c, f.value));
  }
  return `${mark(line)}mixedTable([${ordered.join(',')}])`;
}
