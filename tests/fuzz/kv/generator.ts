/**
 * Turns a seed into a sequence of commands for one round on empty databases.
 *
 * Promise: two servers that behave alike give like replies to every sequence from here, in
 * spite of clocks and chance inside of them; what cannot be compared is not generated
 * (XADD *, short times to live) or is made harmless (SPOP is followed by DEL).
 */
import { blocking, hashes, lists, sets } from './grammar/collections.ts';
import { keys } from './grammar/keys.ts';
import { connection, dumpRestore, libraries, scriptBodies, scripting } from './grammar/scripts.ts';
import { logLogs, places, sortedSets } from './grammar/sorted-sets.ts';
import { streams } from './grammar/streams.ts';
import { bitmaps, strings } from './grammar/strings.ts';
import { Chance } from './random.ts';
import { oddFloats, oddNumbers, slots, values } from './slots.ts';
import { expand, parseTemplate, type Template } from './template.ts';

/** One command and the connection it goes over: 0 speaks RESP2, 1 speaks RESP3. */
export type Step = {
  readonly connection: 0 | 1;
  readonly args: readonly string[];
  /** Says nothing without the step behind it, and is kept or left out with it. */
  readonly leads?: true;
};

type Line = { readonly weight: number; readonly template: Template };
type Family = { readonly weight: number; readonly lines: readonly Line[]; readonly total: number };

const families: Readonly<Record<string, Family>> = {
  strings: family(14, strings),
  bitmaps: family(6, bitmaps),
  keys: family(14, keys),
  hashes: family(10, hashes),
  lists: family(11, lists),
  sets: family(10, sets),
  sortedSets: family(14, sortedSets),
  places: family(4, places),
  logLogs: family(3, logLogs),
  streams: family(13, streams),
  scripting: family(5, scripting),
  connection: family(2, connection),
};
const waiting = family(1, blocking);

/** Commands with a time among their arguments, and what would be over while the round runs. */
const timed = /^(?:P?EXPIRE|P?SETEX|SET|GETEX|RESTORE|EVAL|XCLAIM|XAUTOCLAIM|XPENDING)$/;
const soon = /^[1-9][0-9]{0,4}$/;

/** The script through which any command can be run. */
export const throughScript = 'return redis.call(unpack(ARGV))';

export class Generator {
  private readonly chance: Chance;
  private readonly weights: ReadonlyMap<Family, number>;
  private streamTime = 1;
  private depth = 0;
  private connection: 0 | 1 = 0;
  /** SORT changes the encoding of sorted sets in Redis: half of the rounds do without. */
  private readonly sorts: boolean;

  /** `only` names the families to draw from; all of them when absent. */
  constructor(seed: number, only?: readonly string[]) {
    this.chance = new Chance(seed);
    this.sorts = this.chance.likely(0.5);
    const wanted = Object.entries(families).filter(([name]) => only?.includes(name) ?? true);
    if (wanted.length === 0) throw new Error(`families are ${Object.keys(families).join(', ')}`);
    // Each round leans to some families, so that their collections grow past thresholds.
    const lean = (all: Family) => all.weight * this.chance.pick([0.3, 1, 1, 3]);
    this.weights = new Map(wanted.map(([, all]) => [all, lean(all)]));
  }

  /** Settings for both servers at the start of the round: small thresholds are met sooner. */
  settings(): readonly (readonly [string, string])[] {
    const size = this.chance.pick(['4', '8', '32', '128']);
    const bytes = this.chance.pick(['16', '64']);
    return [
      ['hash-max-listpack-entries', size],
      ['hash-max-listpack-value', bytes],
      ['zset-max-listpack-entries', size],
      ['zset-max-listpack-value', bytes],
      ['set-max-intset-entries', this.chance.pick(['4', '16', '512'])],
      ['list-max-listpack-size', this.chance.pick(['4', '-2'])],
      ['stream-node-max-entries', '100'],
    ];
  }

  /** The next steps, which belong together. */
  next(): Step[] {
    const draw = this.chance.unit();
    // Staying on one connection for a while lets many steps go out in one write.
    if (this.chance.likely(0.04)) this.connection = this.connection === 0 ? 1 : 0;
    const connection = this.connection;
    const on = (args: readonly string[]): Step => ({ connection, args });
    if (draw < 0.02) return this.transaction(connection);
    if (draw < 0.025) return this.watched(connection);
    if (draw < 0.03) return this.pops(connection);
    // 7.0, the reference, has no blocking commands in scripts; 7.2 runs them and does not wait.
    const args = this.command();
    const through = draw < 0.055 ? ['EVAL', throughScript, '0', ...args] : args;
    return [...consumerFirst(connection, args), on(through)];
  }

  private transaction(connection: 0 | 1): Step[] {
    const count = this.chance.between(0, 5);
    const inner = Array.from({ length: count }, () => this.inner());
    const end = this.chance.likely(0.9) ? 'EXEC' : 'DISCARD';
    const all = [['MULTI'], ...inner, [end]];
    if (this.chance.likely(0.05)) all.splice(1, 0, ['MULTI']);
    return all.flatMap((args) => [...consumerFirst(connection, args), { connection, args }]);
  }

  /** Another connection writes between WATCH and MULTI. */
  private watched(connection: 0 | 1): Step[] {
    const other = connection === 0 ? 1 : 0;
    return [
      { connection, args: ['WATCH', ...this.fill('key'), ...this.fill('key')] },
      ...this.alone(other),
      ...this.alone(other),
      ...this.transaction(connection),
    ];
  }

  private alone(connection: 0 | 1): Step[] {
    const args = this.command();
    return [...consumerFirst(connection, args), { connection, args }];
  }

  /** What SPOP leaves is chance: the key goes. */
  private pops(connection: 0 | 1): Step[] {
    const key = this.fill('tkey')[0] ?? '';
    const count = this.chance.likely(0.5) ? this.fill('count') : [];
    return [
      { connection, args: ['SPOP', key, ...count] },
      { connection, args: ['DEL', key] },
    ];
  }

  /** A time to live that does not overflow: Redis deletes the key then, Plinth refuses. */
  private restorable(): readonly string[] {
    const ttl = this.fill('pttl');
    return ttl[0] === '9223372036854775807' ? ['0'] : ttl;
  }

  /** A command for the inside of a transaction, where none waits. */
  private inner(): string[] {
    if (this.chance.likely(0.1)) return this.line(waiting);
    const args = this.command();
    return /^(?:EXEC|DISCARD)$/i.test(args[0] ?? '') ? ['PING'] : args;
  }

  private command(): string[] {
    let all = 0;
    for (const weight of this.weights.values()) all += weight;
    let left = this.chance.unit() * all;
    for (const [each, weight] of this.weights) {
      left -= weight;
      if (left >= 0) continue;
      const args = this.line(each);
      return this.sorts || !args[0]?.startsWith('SORT') ? this.spoil(args) : ['PING'];
    }
    return ['PING'];
  }

  private line(from: Family): string[] {
    let left = this.chance.unit() * from.total;
    for (const line of from.lines) {
      left -= line.weight;
      if (left < 0) return expand(line.template, this.chance, (name) => this.fill(name));
    }
    return ['PING'];
  }

  /** Now and then the command is made wrong, or written in another case. */
  private spoil(args: string[]): string[] {
    // Ranges by text are defined only where all scores are equal.
    if (args[0] === 'ZADD' && args[1]?.startsWith('lex')) return args;
    const draw = this.chance.unit();
    const at = this.chance.between(1, Math.max(1, args.length - 1));
    const odd = () => {
      const value = this.chance.pick(this.chance.pick([values, oddNumbers, oddFloats]));
      return timed.test(args[0] ?? '') && soon.test(value) ? '0' : value;
    };
    if (draw < 0.01) return args.length > 1 ? args.slice(0, -1) : args;
    if (draw < 0.02) return [...args, odd()];
    if (draw < 0.03) return args.map((arg, index) => (index === at ? odd() : arg));
    if (draw < 0.08) return args.map((arg, index) => (index === 0 ? arg.toLowerCase() : arg));
    if (draw < 0.11) return args.map((arg) => (/^[A-Z]{2,}$/.test(arg) ? arg.toLowerCase() : arg));
    return args;
  }

  private fill(name: string): readonly string[] {
    const slot = slots[name];
    if (slot !== undefined) return slot(this.chance);
    switch (name) {
      case 'newid': {
        if (this.chance.likely(0.25)) this.streamTime += 1;
        const sequence = this.chance.pick(['-*', '-*', '-*', '', '-1', '-5']);
        return [`${this.streamTime}${sequence}`];
      }
      case 'script':
        return [this.chance.pick(scriptBodies.bodies), '0', 'a', '10', ''];
      case 'keyedscript':
        return [
          this.chance.pick(scriptBodies.keyed),
          '1',
          ...this.fill('key'),
          ...this.fill('value'),
          ...this.fill('incr'),
        ];
      case 'body':
        return [this.chance.pick(scriptBodies.bodies)];
      case 'dumprestore':
        return [dumpRestore, '2', ...this.fill('key'), ...this.fill('key')];
      case 'ttl0':
        return this.chance.likely(0.6) ? ['0'] : this.restorable();
      case 'library':
        return [this.chance.pick(libraries)];
      case 'cmd': {
        if (this.depth > 0) return ['GET', 'a'];
        this.depth += 1;
        const args = this.command();
        this.depth -= 1;
        return args;
      }
      default:
        throw new Error(`the grammar has no slot ${name}`);
    }
  }
}

/**
 * Since 7.2 XREADGROUP, XCLAIM and XAUTOCLAIM make their consumer also when they give nothing.
 * Made beforehand it is there in 7.0, the reference, as well, and consumers can be compared.
 */
function consumerFirst(connection: 0 | 1, args: readonly string[]): Step[] {
  const words = args.map((arg) => arg.toUpperCase());
  const make = (key?: string, group?: string, consumer?: string): Step[] =>
    key === undefined || group === undefined || consumer === undefined
      ? []
      : [{ connection, args: ['XGROUP', 'CREATECONSUMER', key, group, consumer], leads: true }];
  if (words[0] === 'XCLAIM' || words[0] === 'XAUTOCLAIM') return make(args[1], args[2], args[3]);
  if (words[0] !== 'XREADGROUP' || words[1] !== 'GROUP') return [];
  const streams = args.slice(words.indexOf('STREAMS') + 1);
  const keys = streams.slice(0, Math.floor(streams.length / 2));
  return keys.flatMap((key) => make(key, args[2], args[3]));
}

function family(weight: number, lines: readonly string[]): Family {
  const parsed = lines.map((line) => {
    const match = /^(\d+) (.*)$/s.exec(line);
    return {
      weight: match?.[1] === undefined ? 1 : Number(match[1]),
      template: parseTemplate(match?.[2] ?? line),
    };
  });
  return { weight, lines: parsed, total: parsed.reduce((sum, line) => sum + line.weight, 0) };
}
