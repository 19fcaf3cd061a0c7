/**
 * The command table as it runs: rows with their flags as bits, found by name in constant time.
 *
 * Benchmark: bench/kv.
 */
import { invariant } from '../../core/base/index.ts';
import { createHistogram, type Histogram } from '../../core/observe/index.ts';
import type { Args } from '../../core/wire/index.ts';
import type { CommandFlag, CommandSpec } from './spec.ts';

/** Flags the executor looks at, as bits of `Command.bits`. */
export const Bit = {
  write: 1 << 0,
  readonly: 1 << 1,
  denyoom: 1 << 2,
  noAuth: 1 << 3,
  noScript: 1 << 4,
  noMulti: 1 << 5,
  skipMonitor: 1 << 6,
  skipSlowlog: 1 << 7,
  pubsub: 1 << 8,
  loading: 1 << 9,
  allowBusy: 1 << 10,
  mayReplicate: 1 << 11,
  admin: 1 << 12,
  blocking: 1 << 13,
} as const;

const BIT_OF_FLAG: Partial<Record<CommandFlag, number>> = {
  write: Bit.write,
  readonly: Bit.readonly,
  denyoom: Bit.denyoom,
  no_auth: Bit.noAuth,
  noscript: Bit.noScript,
  no_multi: Bit.noMulti,
  skip_monitor: Bit.skipMonitor,
  skip_slowlog: Bit.skipSlowlog,
  pubsub: Bit.pubsub,
  loading: Bit.loading,
  allow_busy: Bit.allowBusy,
  may_replicate: Bit.mayReplicate,
  admin: Bit.admin,
  blocking: Bit.blocking,
};

/** One row at work: what it counts, and its subcommands. */
export class Command {
  readonly spec: CommandSpec;
  /** `config|get` for a subcommand. */
  readonly fullName: string;
  readonly bits: number;
  // Copies of what each call reads: rows are literals of many shapes, commands have one.
  readonly run: CommandSpec['run'];
  private readonly arity: number;
  /** Index of the argument that is the one key of every request, 0 when keys stand otherwise. */
  readonly singleKey: number;
  readonly parent: Command | undefined;
  readonly subcommands = new Map<string, Command>();
  /** Position in the table, for ACL bitmaps. */
  readonly id: number;
  /** Refused before they ran (arity, ACL, memory). */
  rejected = 0;
  /** Ended with an error reply. */
  failed = 0;
  /** Of every call, milliseconds; its count and sum are the number of calls and their time. */
  readonly latency: Histogram = createHistogram();

  constructor(spec: CommandSpec, id: number, parent: Command | undefined) {
    this.spec = spec;
    this.id = id;
    this.parent = parent;
    this.fullName = parent === undefined ? spec.name : `${parent.spec.name}|${spec.name}`;
    let bits = 0;
    for (const flag of spec.flags) bits |= BIT_OF_FLAG[flag] ?? 0;
    this.bits = bits;
    this.run = spec.run;
    this.arity = spec.arity;
    this.singleKey = singleKeyOf(spec);
  }

  /** Whether a request with `count` arguments has the right number of them. */
  arityFits(count: number): boolean {
    const { arity } = this;
    return arity >= 0 ? count === arity : count >= -arity;
  }
}

function singleKeyOf({ keys, keysOf }: CommandSpec): number {
  const only = keys?.[0];
  if (only === undefined || keys?.length !== 1 || keysOf !== undefined) return 0;
  const { begin, find, notKey } = only;
  if (notKey === true || typeof begin !== 'number') return 0;
  return find !== 'unknown' && 'last' in find && find.last === 0 ? begin : 0;
}

const LOOKUP_SIZE = 4096;

export class CommandTable {
  /** All commands, subcommands behind their containers, in table order. */
  readonly all: Command[] = [];
  private readonly byName = new Map<string, Command>();
  /**
   * Commands by a cheap hash of the name's bytes, in the next free slot where two names share one: a
   * look-up makes no string. There are more slots than names, so a free one ends each search.
   */
  private readonly lookup: (Command | undefined)[] = new Array(LOOKUP_SIZE).fill(undefined);
  private readonly lookupName: (Buffer | undefined)[] = new Array(LOOKUP_SIZE).fill(undefined);

  constructor(specs: readonly CommandSpec[]) {
    invariant(specs.length < LOOKUP_SIZE, 'more commands than slots to look them up');
    for (const spec of specs) {
      const command = new Command(spec, this.all.length, undefined);
      this.all.push(command);
      this.byName.set(spec.name, command);
      for (const sub of spec.subcommands ?? []) {
        const child = new Command(sub, this.all.length, command);
        this.all.push(child);
        command.subcommands.set(sub.name, child);
      }
      const name = Buffer.from(spec.name);
      let slot = nameHash(name, 0, name.length);
      while (this.lookup[slot] !== undefined) slot = (slot + 1) & (LOOKUP_SIZE - 1);
      this.lookup[slot] = command;
      this.lookupName[slot] = name;
    }
  }

  /** Commands without their subcommands. */
  top(): Iterable<Command> {
    return this.byName.values();
  }

  get topCount(): number {
    return this.byName.size;
  }

  /** A command by its name in lower case, `config|get` for a subcommand. */
  get(name: string): Command | undefined {
    const bar = name.indexOf('|');
    if (bar < 0) return this.byName.get(name);
    return this.byName.get(name.slice(0, bar))?.subcommands.get(name.slice(bar + 1));
  }

  /** The command that a request names, subcommands not resolved. */
  find(args: Args): Command | undefined {
    const start = args.start(0);
    const length = args.length(0);
    const { buf } = args;
    let slot = nameHash(buf, start, length);
    for (;;) {
      const name = this.lookupName[slot];
      if (name === undefined) return undefined;
      if (name.length === length && sameLetters(name, buf, start)) return this.lookup[slot];
      slot = (slot + 1) & (LOOKUP_SIZE - 1);
    }
  }

  /** The subcommand that a request to a container names; undefined when it has no such one. */
  resolve(command: Command, args: Args): Command | undefined {
    if (args.count < 2 || args.length(1) > 64) return undefined;
    return command.subcommands.get(args.text(1).toLowerCase());
  }
}

/** Letters only differ by bit 5 between the cases; other bytes of names do not matter to a hash. */
function nameHash(buf: Buffer, start: number, length: number): number {
  if (length === 0) return 0;
  const first = (buf[start] as number) | 32;
  const second = (buf[start + (length > 1 ? 1 : 0)] as number) | 32;
  const last = (buf[start + length - 1] as number) | 32;
  const middle = (buf[start + (length >> 1)] as number) | 32;
  return (
    (first * 31 + second * 137 + last * 521 + middle * 1009 + length * 2503) & (LOOKUP_SIZE - 1)
  );
}

function sameLetters(name: Buffer, buf: Buffer, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = buf[start + i] as number;
    const lower = byte >= 65 && byte <= 90 ? byte | 32 : byte;
    if (lower !== name[i]) return false;
  }
  return true;
}
