/**
 * Turns a seed into a sequence of commands for one round on empty databases.
 *
 * Promise: two servers that behave alike give like replies to every sequence from here, in
 * spite of clocks and chance inside of them; what cannot be compared is not generated
 * (XADD *, short times to live) or is made harmless (SPOP is followed by DEL).
 */
import { consumerFirst } from './consumer-first.ts';
import { type Family, families, waiting } from './families.ts';
import { dumpRestore, libraries, scriptBodies } from './grammar/scripts.ts';
import { Chance } from './random.ts';
import type { Step } from './round.ts';
import { slots } from './slots.ts';
import { spoil } from './spoil.ts';
import { expand } from './template.ts';
import { throughScript } from './through-script.ts';

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
    if (draw < 0.02) return this.transaction(connection);
    if (draw < 0.025) return this.watched(connection);
    if (draw < 0.03) return this.pops(connection);
    // 7.0, the reference, has no blocking commands in scripts; 7.2 runs them and does not wait.
    const args = this.command();
    const sent = draw < 0.055 ? throughScript(args) : args;
    return [...consumerFirst(connection, args), { connection, args: sent }];
  }

  private transaction(connection: 0 | 1): Step[] {
    const count = this.chance.between(0, 5);
    const inner = Array.from({ length: count }, () => this.inner());
    const end = this.chance.likely(0.9) ? 'EXEC' : 'DISCARD';
    const all = [['MULTI'], ...inner, [end]];
    if (this.chance.likely(0.05)) all.splice(1, 0, ['MULTI']);
    return all.flatMap((args) => single(connection, args));
  }

  /** Another connection writes between WATCH and MULTI. */
  private watched(connection: 0 | 1): Step[] {
    const other = connection === 0 ? 1 : 0;
    return [
      { connection, args: ['WATCH', ...this.fill('key'), ...this.fill('key')] },
      ...single(other, this.command()),
      ...single(other, this.command()),
      ...this.transaction(connection),
    ];
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
  private inner(): readonly string[] {
    if (this.chance.likely(0.1)) return this.line(waiting);
    const args = this.command();
    return /^(?:EXEC|DISCARD)$/i.test(args[0] ?? '') ? ['PING'] : args;
  }

  private command(): readonly string[] {
    let all = 0;
    for (const weight of this.weights.values()) all += weight;
    let left = this.chance.unit() * all;
    for (const [each, weight] of this.weights) {
      left -= weight;
      if (left >= 0) continue;
      const args = this.line(each);
      return this.sorts || !args[0]?.startsWith('SORT') ? spoil(args, this.chance) : ['PING'];
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

/** One command, behind what makes its consumers. */
function single(connection: 0 | 1, args: readonly string[]): Step[] {
  return [...consumerFirst(connection, args), { connection, args }];
}
