/**
 * Random Lua 5.1 programs that end, print much and depend on nothing unspecified: no addresses,
 * no traversal order, no length of lists with holes, no NaN.
 */

const NAMES = ['a', 'b', 'c', 'd'];
const WORDS = [
  '""',
  '"x"',
  '"abc"',
  '"10"',
  '"0x1F"',
  '" 7 "',
  '"hello world"',
  '"a,b;c"',
  '"%d+"',
];
const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '-1',
  '10',
  '0.5',
  '2.5',
  '1e15',
  '123456789',
  '-7',
  '1/3',
  '2^53',
];
const PATTERNS = [
  '"%a+"',
  '"%d"',
  '"."',
  '"(%w)(%w)"',
  '"^%s*"',
  '"l+"',
  '"[^,]+"',
  '"()"',
  '"%w-"',
  '"o$"',
];
const BINARY = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '..',
  '==',
  '~=',
  '<',
  '<=',
  '>',
  '>=',
  'and',
  'or',
  '+',
  '-',
  '..',
];

export class LuaProgram {
  private state: number;
  private depth = 0;
  private loops = 0;
  private functions = 0;

  constructor(seed: number) {
    this.state = (seed * 2654435761) >>> 0 || 1;
  }

  text(): string {
    const head = `local a, b, c, d = ${this.expression()}, {1, 2, x = 3}, "str", 4\n`;
    return head + this.block(6) + this.print();
  }

  /** xorshift32. */
  private random(below: number): number {
    let x = this.state;
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state % below;
  }

  private pick(list: readonly string[]): string {
    return list[this.random(list.length)] as string;
  }

  private name(): string {
    return this.pick(NAMES);
  }

  private print(): string {
    return `print(show(a), show(b), show(c), show(d))\n`.replaceAll(
      /show\((\w)\)/g,
      '(type($1) == "table" or type($1) == "function") and type($1) or tostring($1)',
    );
  }

  private block(statements: number): string {
    this.depth++;
    let text = '';
    for (let i = 0; i < statements; i++) text += this.statement();
    this.depth--;
    return text;
  }

  private statement(): string {
    const simple = this.depth > 3;
    switch (this.random(simple ? 7 : 14)) {
      case 0:
        return `local ${this.name()} = ${this.expression()}\n`;
      case 1:
        return `${this.name()} = ${this.expression()}\n`;
      case 2:
        return `${this.name()}, ${this.name()} = ${this.expression()}, ${this.expression()}\n`.replace(
          /^(\w), \1 =/,
          '$1, _ =',
        );
      case 3:
        return `if type(b) == "table" then b[${this.key()}] = ${this.expression()} end\n`;
      case 4:
        return this.print();
      case 5:
        return `print(pcall(function() return ${this.scalar()} end))\n`;
      case 6:
        return `print(pcall(function(...) local a = ... ${this.assignIn()} return ${this.scalar()} end, ${this.expression()}))\n`;
      case 7:
        return `if ${this.expression()} then\n${this.block(2)}elseif ${this.expression()} then\n${this.block(1)}else\n${this.block(2)}end\n`;
      case 8: {
        const step = this.pick(['', ', 1', ', -1', ', 0.5', ', 2']);
        const v = this.name();
        return `for ${v} = ${this.random(4)}, ${this.random(5)}${step} do\n${this.block(2)}${this.maybeBreak()}end\n`;
      }
      case 9: {
        const n = `n${this.loops++}`;
        return `local ${n} = 0 while ${n} < ${this.random(4)} do ${n} = ${n} + 1\n${this.block(2)}${this.maybeBreak()}end\n`;
      }
      case 10: {
        const n = `n${this.loops++}`;
        return `local ${n} = 0 repeat ${n} = ${n} + 1 local r = ${n}\n${this.block(1)}until r > ${this.random(3)}\n`;
      }
      case 11:
        return `for i, v in ipairs({${this.expression()}, ${this.scalar()}, ${this.scalar()}}) do print(i, type(v)) ${this.maybeBreak()}end\n`.replace(
          /\{(.*)\}\) do/s,
          (_whole, items: string) => `{${items}}) do`,
        );
      case 12: {
        const f = `f${this.functions++}`;
        return `local function ${f}(a, ...)\n${this.block(2)}return ${this.scalar()}, select("#", ...), ...\nend\nprint(pcall(${f}, ${this.scalar()}, ${this.scalar()}, (${f} ~= nil)))\n`;
      }
      default:
        return `do local fs = {} for i = 1, 3 do local k = i * ${this.random(5)} fs[i] = function() k = k + 1 return k end end print(fs[1](), fs[1](), fs[3]()) end\n`;
    }
  }

  private assignIn(): string {
    return this.random(2) ? `${this.name()} = ${this.scalar()}` : '';
  }

  private maybeBreak(): string {
    return this.random(4) ? '' : `if ${this.expression()} then break end\n`;
  }

  private key(): string {
    return this.pick(['1', '"x"', '"y"', '#b + 1', '2.5', 'true', '-1']);
  }

  /** Any value. */
  private expression(): string {
    this.depth++;
    const text = this.depth > 7 ? this.leaf() : this.compound();
    this.depth--;
    return text;
  }

  /** A value that prints the same everywhere. */
  private scalar(): string {
    const e = this.expression();
    return `(function(v) if type(v) == "table" or type(v) == "function" then return type(v) elseif v ~= v then return "nan" end return v end)(${e})`;
  }

  private leaf(): string {
    switch (this.random(6)) {
      case 0:
        return this.pick(['nil', 'true', 'false']);
      case 1:
      case 2:
        return this.pick(NUMBERS);
      case 3:
        return this.pick(WORDS);
      default:
        return this.name();
    }
  }

  private compound(): string {
    switch (this.random(14)) {
      case 0:
      case 1:
      case 2:
        return this.leaf();
      case 3:
      case 4:
      case 5:
        return `(${this.expression()} ${this.pick(BINARY)} ${this.expression()})`;
      case 6:
        return `(${this.pick(['- ', 'not ', '#'])}${this.expression()})`;
      case 7:
        return `(type(b) == "table" and b[${this.key()}])`;
      case 8:
        return this.pick(['b.x', 'b.y', 'b[1]', 'c.x', 'a.y.z', 'd[1]']);
      case 9:
        return `{${this.leaf()}, ${this.leaf()}, k = ${this.leaf()}}`;
      case 10:
        return `tostring(tonumber(${this.expression()}))`;
      case 11:
        return this.stringCall();
      case 12:
        return `(select(${1 + this.random(2)}, pcall(function() return ${this.expression()} end)))`;
      default:
        return `math.${this.pick(['floor', 'abs', 'ceil'])}(${this.expression()})`;
    }
  }

  private stringCall(): string {
    const s = this.random(3) ? this.pick(WORDS) : this.name();
    switch (this.random(8)) {
      case 0:
        return `string.sub(${s}, ${this.random(5) - 2}, ${this.random(5) - 2})`;
      case 1:
        return `(string.gsub(${s}, ${this.pick(PATTERNS)}, ${this.pick(['"<%0>"', '"%%"', '""', '"%1"'])}))`;
      case 2:
        return `string.find(${s}, ${this.pick(PATTERNS)})`;
      case 3:
        return `string.match(${s}, ${this.pick(PATTERNS)}, ${this.random(3) + 1})`;
      case 4:
        return `string.format(${this.pick(['"%d"', '"%5.2f"', '"%s|"', '"%x"', '"%g"', '"%q"', '"%-6s|"', '"%05d"'])}, ${this.leaf()})`;
      case 5:
        return `string.rep(${s}, ${this.random(3)})`;
      case 6:
        return `(${s}):upper()`;
      default:
        return `string.byte(${s}, ${this.random(3) - 1})`;
    }
  }
}
