/**
 * The syntax tree of a Lua chunk, with names already resolved.
 *
 * Invariants: a `local` expression points at its variable; a name without one is `global`.
 * `line` is the line Lua itself reports when the operation fails.
 */

/** A local variable, a parameter or a loop variable. */
export interface LocalVar {
  readonly name: string;
  /** Unique in the chunk; also the JavaScript name. */
  readonly js: string;
  readonly owner: FunctionScope;
  /** Assigned after its declaration. */
  assigned: boolean;
  /** Named anywhere. */
  used: boolean;
  /** Used by an inner function. */
  captured: boolean;
  /** What the first value is known to be, when it is never assigned again. */
  known: 'number' | 'string' | undefined;
}

/** What the parser learns about one function body. */
export interface FunctionScope {
  readonly parent: FunctionScope | undefined;
  vararg: boolean;
  usesVararg: boolean;
  /** The implicit table of Lua 5.0 style vararg functions, when the body names it. */
  argTable: LocalVar | undefined;
  /** The body can call something, and so can recurse. */
  calls: boolean;
  locals: number;
}

export interface FunctionBody {
  params: LocalVar[];
  scope: FunctionScope;
  body: Stat[];
  line: number;
}

export type BinaryOp =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '..'
  | '=='
  | '~='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'and'
  | 'or';

export type Assignable =
  | { t: 'local'; v: LocalVar; upvalue: boolean; line: number }
  | { t: 'global'; name: string; line: number }
  | { t: 'index'; object: Expr; key: Expr; line: number };

export type Call =
  | { t: 'call'; callee: Expr; args: Expr[]; line: number }
  | { t: 'method'; object: Expr; name: string; args: Expr[]; line: number };

export type TableField =
  | { t: 'item'; value: Expr }
  | { t: 'pair'; key: Expr; value: Expr; line: number };

export type Expr =
  | Assignable
  | Call
  | { t: 'nil' | 'true' | 'false' | 'vararg' }
  | { t: 'number'; value: number }
  | { t: 'string'; value: string }
  | { t: 'function'; body: FunctionBody }
  | { t: 'binary'; op: BinaryOp; left: Expr; right: Expr; line: number }
  | { t: 'unary'; op: '-' | 'not' | '#'; operand: Expr; line: number }
  | { t: 'paren'; inner: Expr }
  | { t: 'table'; fields: TableField[]; line: number };

export type Stat =
  | { t: 'local'; vars: LocalVar[]; values: Expr[] }
  | { t: 'localfunction'; v: LocalVar; body: FunctionBody }
  | { t: 'assign'; targets: Assignable[]; values: Expr[]; line: number }
  | { t: 'callstat'; call: Call }
  | { t: 'do'; body: Stat[] }
  | { t: 'while'; condition: Expr; body: Stat[] }
  | { t: 'repeat'; condition: Expr; body: Stat[] }
  | { t: 'if'; clauses: { condition: Expr; body: Stat[] }[]; otherwise: Stat[] | undefined }
  | {
      t: 'fornum';
      v: LocalVar;
      start: Expr;
      limit: Expr;
      step: Expr | undefined;
      body: Stat[];
      line: number;
    }
  | { t: 'forin'; vars: LocalVar[]; values: Expr[]; body: Stat[]; line: number }
  | { t: 'return'; values: Expr[] }
  | { t: 'break' };
