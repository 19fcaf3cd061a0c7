/**
 * Lua 5.1 source to syntax tree, in one pass, names resolved on the way.
 *
 * Promise: accepts the language of the Lua 5.1 manual (§2, §8) and refuses everything else with
 * Lua's own sentence and line. Nesting is bounded, so that no source can exhaust the stack.
 */
import type { Assignable, Expr, FunctionBody, FunctionScope, LocalVar, Stat } from './ast.ts';
import type { LuaSyntaxError } from './errors.ts';
import { Lexer } from './lexer.ts';
import { parseExpression } from './parser-expr.ts';

/** LUAI_MAXCCALLS: how deep blocks and expressions may nest. */
const LEVELS_MAX = 200;
/** LUAI_MAXVARS: local variables of one function that live at one time. */
const LOCALS_MAX = 200;

export class Parser {
  readonly lex: Lexer;
  /** Names in scope, innermost last; a function's own start at `functionStart`. */
  private readonly names: LocalVar[] = [];
  private functionStart = 0;
  private scopeNow: FunctionScope;
  private loops = 0;
  private levels = 0;
  private count = 0;

  constructor(source: string, chunkName: string) {
    this.lex = new Lexer(source, chunkName);
    this.scopeNow = newScope(undefined, true);
  }

  get scope(): FunctionScope {
    return this.scopeNow;
  }

  /** The whole source as a vararg function without parameters. */
  parseChunk(): FunctionBody {
    const body = this.block();
    if (this.lex.kind !== 'end') throw this.expected('<eof>');
    return { params: [], scope: this.scopeNow, body, line: 0 };
  }

  /** Runs `parse` one level deeper. */
  nested<T>(parse: () => T): T {
    if (++this.levels > LEVELS_MAX) throw this.lex.plainError('chunk has too many syntax levels');
    const result = parse();
    this.levels--;
    return result;
  }

  expected(word: string): LuaSyntaxError {
    return this.lex.error(`'${word}' expected`);
  }

  accept(word: string): boolean {
    if (!this.lex.is(word)) return false;
    this.lex.next();
    return true;
  }

  expect(word: string): void {
    if (!this.accept(word)) throw this.expected(word);
  }

  /** Expects `word` that closes `opener` at `line`. */
  expectClose(word: string, opener: string, line: number): void {
    if (this.accept(word)) return;
    if (line === this.lex.line) throw this.expected(word);
    throw this.lex.error(`'${word}' expected (to close '${opener}' at line ${line})`);
  }

  name(): string {
    if (this.lex.kind !== 'name') throw this.expected('<name>');
    const name = this.lex.text;
    this.lex.next();
    return name;
  }

  declare(name: string): LocalVar {
    if (this.names.length - this.functionStart >= LOCALS_MAX) {
      throw this.lex.plainError(
        this.scopeNow.parent
          ? `function at line ${this.lex.line} has more than ${LOCALS_MAX} local variables`
          : `main function has more than ${LOCALS_MAX} local variables`,
      );
    }
    const local = this.newLocal(name);
    this.names.push(local);
    return local;
  }

  /** The variable a name means here. */
  resolve(name: string, line: number): Assignable {
    for (let i = this.names.length - 1; i >= 0; i--) {
      const v = this.names[i] as LocalVar;
      if (v.name !== name) continue;
      v.used = true;
      const upvalue = v.owner !== this.scopeNow;
      if (upvalue) v.captured = true;
      return { t: 'local', v, upvalue, line };
    }
    return { t: 'global', name, line };
  }

  /** Parameters and body of a function, from its `(` to its `end`. */
  functionBody(self: boolean, line: number): FunctionBody {
    const outer = this.scopeNow;
    const outerStart = this.functionStart;
    const outerLoops = this.loops;
    const mark = this.names.length;
    const scope = newScope(outer, false);
    this.scopeNow = scope;
    this.functionStart = mark;
    this.loops = 0;
    const params = self ? [this.declare('self')] : [];
    this.expect('(');
    if (!this.lex.is(')')) {
      do {
        if (this.accept('...')) {
          scope.vararg = true;
          break;
        }
        if (this.lex.kind !== 'name') throw this.lex.error("<name> or '...' expected");
        params.push(this.declare(this.name()));
      } while (this.accept(','));
    }
    this.expect(')');
    if (scope.vararg) scope.argTable = this.declare('arg');
    const body = this.nested(() => this.block());
    this.expectClose('end', 'function', line);
    this.names.length = mark;
    this.scopeNow = outer;
    this.functionStart = outerStart;
    this.loops = outerLoops;
    return { params, scope, body, line };
  }

  private newLocal(name: string): LocalVar {
    this.scopeNow.locals++;
    return {
      name,
      js: `${name}$${this.count++}`,
      owner: this.scopeNow,
      assigned: false,
      used: false,
      captured: false,
      known: undefined,
    };
  }

  private blockEnds(): boolean {
    const lex = this.lex;
    if (lex.kind === 'end') return true;
    if (lex.kind !== 'word') return false;
    const word = lex.text;
    return word === 'end' || word === 'else' || word === 'elseif' || word === 'until';
  }

  private block(): Stat[] {
    const mark = this.names.length;
    const stats = this.statements();
    this.names.length = mark;
    return stats;
  }

  private statements(): Stat[] {
    const stats: Stat[] = [];
    while (!this.blockEnds()) {
      const stat = this.nested(() => this.statement());
      stats.push(stat);
      this.accept(';');
      if (stat.t === 'return' || stat.t === 'break') break;
    }
    return stats;
  }

  private statement(): Stat {
    const lex = this.lex;
    const line = lex.line;
    if (lex.kind !== 'word') return this.expressionStatement();
    switch (lex.text) {
      case 'if':
        return this.ifStatement(line);
      case 'while': {
        lex.next();
        const condition = parseExpression(this);
        this.expect('do');
        const body = this.loopBlock();
        this.expectClose('end', 'while', line);
        return { t: 'while', condition, body };
      }
      case 'do': {
        lex.next();
        const body = this.block();
        this.expectClose('end', 'do', line);
        return { t: 'do', body };
      }
      case 'for':
        return this.forStatement(line);
      case 'repeat': {
        lex.next();
        // The condition sees the locals of the body.
        const mark = this.names.length;
        this.loops++;
        const body = this.statements();
        this.loops--;
        this.expectClose('until', 'repeat', line);
        const condition = parseExpression(this);
        this.names.length = mark;
        return { t: 'repeat', condition, body };
      }
      case 'function':
        return this.functionStatement(line);
      case 'local':
        lex.next();
        return this.accept('function') ? this.localFunction(line) : this.localStatement();
      case 'return': {
        lex.next();
        const values = this.blockEnds() || lex.is(';') ? [] : this.expressions();
        return { t: 'return', values };
      }
      case 'break':
        lex.next();
        if (this.loops === 0) throw lex.error('no loop to break');
        return { t: 'break' };
      default:
        return this.expressionStatement();
    }
  }

  private loopBlock(): Stat[] {
    this.loops++;
    const body = this.block();
    this.loops--;
    return body;
  }

  private ifStatement(line: number): Stat {
    const clauses: { condition: Expr; body: Stat[] }[] = [];
    let otherwise: Stat[] | undefined;
    do {
      this.lex.next();
      const condition = parseExpression(this);
      this.expect('then');
      clauses.push({ condition, body: this.block() });
    } while (this.lex.is('elseif'));
    if (this.accept('else')) otherwise = this.block();
    this.expectClose('end', 'if', line);
    return { t: 'if', clauses, otherwise };
  }

  private forStatement(line: number): Stat {
    this.lex.next();
    const names = [this.name()];
    if (this.accept('=')) {
      const start = parseExpression(this);
      this.expect(',');
      const limit = parseExpression(this);
      const step = this.accept(',') ? parseExpression(this) : undefined;
      const { vars, body } = this.forBody(names, line);
      const v = vars[0] as LocalVar;
      if (!v.assigned) v.known = 'number';
      return { t: 'fornum', v, start, limit, step, body, line };
    }
    if (!this.lex.is(',') && !this.lex.is('in')) throw this.lex.error("'=' or 'in' expected");
    while (this.accept(',')) names.push(this.name());
    this.expect('in');
    const values = this.expressions();
    return { t: 'forin', values, line, ...this.forBody(names, line) };
  }

  private forBody(names: string[], line: number): { vars: LocalVar[]; body: Stat[] } {
    this.expect('do');
    const mark = this.names.length;
    const vars = names.map((name) => this.declare(name));
    const body = this.loopBlock();
    this.expectClose('end', 'for', line);
    this.names.length = mark;
    return { vars, body };
  }

  private functionStatement(line: number): Stat {
    this.lex.next();
    let target = this.resolve(this.name(), line);
    let method = false;
    while (!method && (this.lex.is('.') || this.lex.is(':'))) {
      method = this.lex.is(':');
      this.lex.next();
      target = { t: 'index', object: target, key: { t: 'string', value: this.name() }, line };
    }
    if (target.t === 'local') target.v.assigned = true;
    const body = this.functionBody(method, line);
    return { t: 'assign', targets: [target], values: [{ t: 'function', body }], line };
  }

  private localFunction(line: number): Stat {
    // Declared before the body, so that it can call itself.
    const v = this.declare(this.name());
    return { t: 'localfunction', v, body: this.functionBody(false, line) };
  }

  private localStatement(): Stat {
    const names: string[] = [];
    do names.push(this.name());
    while (this.accept(','));
    const values = this.accept('=') ? this.expressions() : [];
    const vars = names.map((name) => this.declare(name));
    vars.forEach((v, i) => {
      const value = values[i];
      if (value?.t === 'number' || value?.t === 'string') v.known = value.t;
    });
    return { t: 'local', vars, values };
  }

  private expressions(): Expr[] {
    const list = [parseExpression(this)];
    while (this.accept(',')) list.push(parseExpression(this));
    return list;
  }

  private expressionStatement(): Stat {
    const targets: Expr[] = [parseExpression(this, 'prefix')];
    const head = targets[0] as Expr;
    if (head.t === 'call' || head.t === 'method') return { t: 'callstat', call: head };
    while (this.accept(',')) targets.push(parseExpression(this, 'prefix'));
    if (!targets.every(isAssignable)) throw this.lex.error('syntax error');
    this.expect('=');
    const values = this.expressions();
    for (const target of targets) if (target.t === 'local') target.v.assigned = true;
    return { t: 'assign', targets: targets as Assignable[], values, line: this.lex.lastLine };
  }
}

function isAssignable(e: Expr): e is Assignable {
  return e.t === 'local' || e.t === 'global' || e.t === 'index';
}

function newScope(parent: FunctionScope | undefined, vararg: boolean): FunctionScope {
  return { parent, vararg, usesVararg: false, argTable: undefined, calls: false, locals: 0 };
}
