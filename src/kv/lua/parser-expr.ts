/**
 * The expressions of Lua 5.1 (manual §2.5), by precedence climbing.
 *
 * Promise: parentheses that cut a multiple result to one value are kept as a node; operators and
 * calls carry the line that Lua reports for them.
 */
import type { BinaryOp, Expr, TableField } from './ast.ts';
import type { Parser } from './parser.ts';

/** Binding power of binary operators (left, right), as in Lua's own parser. */
const PRIORITY: Readonly<Record<BinaryOp, readonly [number, number]>> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
};
const UNARY_PRIORITY = 8;

/** Parses an expression; with `prefix` only a name or parentheses with what hangs on them. */
export function parseExpression(p: Parser, mode?: 'prefix'): Expr {
  return mode === 'prefix' ? suffixed(p) : subExpression(p, 0);
}

function binaryOperator(p: Parser): BinaryOp | undefined {
  if (p.lex.kind !== 'word') return undefined;
  return Object.hasOwn(PRIORITY, p.lex.text) ? (p.lex.text as BinaryOp) : undefined;
}

function subExpression(p: Parser, limit: number): Expr {
  return p.nested(() => {
    let left = unaryOrSimple(p);
    for (;;) {
      const op = binaryOperator(p);
      if (op === undefined) return left;
      const [leftPriority, rightPriority] = PRIORITY[op];
      if (leftPriority <= limit) return left;
      p.lex.next();
      const right = subExpression(p, rightPriority);
      left = { t: 'binary', op, left, right, line: p.lex.lastLine };
    }
  });
}

function unaryOrSimple(p: Parser): Expr {
  const lex = p.lex;
  if (lex.kind === 'word' && (lex.text === '-' || lex.text === 'not' || lex.text === '#')) {
    const op = lex.text;
    lex.next();
    const operand = subExpression(p, UNARY_PRIORITY);
    if (op === '-' && operand.t === 'number') return { t: 'number', value: -operand.value };
    return { t: 'unary', op, operand, line: lex.lastLine };
  }
  return simple(p);
}

function simple(p: Parser): Expr {
  const lex = p.lex;
  if (lex.kind === 'number') {
    const value = lex.value;
    lex.next();
    return { t: 'number', value };
  }
  if (lex.kind === 'string') {
    const value = lex.text;
    lex.next();
    return { t: 'string', value };
  }
  if (lex.kind !== 'word') return suffixed(p);
  switch (lex.text) {
    case 'nil':
    case 'true':
    case 'false': {
      const t = lex.text;
      lex.next();
      return { t };
    }
    case '...':
      if (!p.scope.vararg) throw lex.error("cannot use '...' outside a vararg function");
      p.scope.usesVararg = true;
      lex.next();
      return { t: 'vararg' };
    case '{':
      return table(p);
    case 'function': {
      const line = lex.line;
      lex.next();
      return { t: 'function', body: p.functionBody(false, line) };
    }
    default:
      return suffixed(p);
  }
}

function primary(p: Parser): Expr {
  const lex = p.lex;
  const line = lex.line;
  if (lex.kind === 'name') return p.resolve(p.name(), line);
  if (!lex.is('(')) throw lex.error('unexpected symbol');
  lex.next();
  const inner = parseExpression(p);
  p.expectClose(')', '(', line);
  return { t: 'paren', inner };
}

function suffixed(p: Parser): Expr {
  const lex = p.lex;
  let e = primary(p);
  for (;;) {
    const line = lex.line;
    if (lex.kind === 'string') {
      e = { t: 'call', callee: e, args: callArguments(p), line };
      continue;
    }
    if (lex.kind !== 'word') return e;
    switch (lex.text) {
      case '.':
        lex.next();
        e = { t: 'index', object: e, key: { t: 'string', value: p.name() }, line: lex.lastLine };
        break;
      case '[': {
        lex.next();
        const key = parseExpression(p);
        p.expect(']');
        e = { t: 'index', object: e, key, line: lex.lastLine };
        break;
      }
      case ':': {
        lex.next();
        const name = p.name();
        e = { t: 'method', object: e, name, args: callArguments(p), line };
        break;
      }
      case '(':
      case '{':
        e = { t: 'call', callee: e, args: callArguments(p), line };
        break;
      default:
        return e;
    }
  }
}

function callArguments(p: Parser): Expr[] {
  const lex = p.lex;
  const line = lex.line;
  p.scope.calls = true;
  if (lex.kind === 'string') {
    const value = lex.text;
    lex.next();
    return [{ t: 'string', value }];
  }
  if (lex.is('{')) return [table(p)];
  if (!lex.is('(')) throw lex.error('function arguments expected');
  if (line !== lex.lastLine) {
    throw lex.error('ambiguous syntax (function call x new statement)');
  }
  lex.next();
  const args: Expr[] = [];
  if (!lex.is(')')) {
    do args.push(parseExpression(p));
    while (p.accept(','));
  }
  p.expectClose(')', '(', line);
  return args;
}

function table(p: Parser): Expr {
  const lex = p.lex;
  const line = lex.line;
  lex.next();
  const fields: TableField[] = [];
  while (!lex.is('}')) {
    fields.push(field(p));
    if (!p.accept(',') && !p.accept(';')) break;
  }
  p.expectClose('}', '{', line);
  return { t: 'table', fields, line };
}

function field(p: Parser): TableField {
  const lex = p.lex;
  const line = lex.line;
  if (lex.is('[')) {
    lex.next();
    const key = parseExpression(p);
    p.expect(']');
    p.expect('=');
    return { t: 'pair', key, value: parseExpression(p), line };
  }
  if (lex.kind === 'name' && lex.followedByAssign()) {
    const key: Expr = { t: 'string', value: p.name() };
    lex.next();
    return { t: 'pair', key, value: parseExpression(p), line };
  }
  return { t: 'item', value: parseExpression(p) };
}
