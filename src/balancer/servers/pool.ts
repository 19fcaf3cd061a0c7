/**
 * The servers of one pool, in levels by priority.
 *
 * The list of levels is immutable and swapped whole when members or weights change (`replace`); servers
 * that stay keep their object, and with it their counts and causes. A change of a server's causes changes
 * the candidates of the levels in place. Whoever derives something from a level is told by `onChange`.
 * Invariants: every server is in exactly one level; levels stand by ascending priority; names are unique.
 */
import { invariant } from '../../core/base/index.ts';
import { Level } from './level.ts';
import { divideAmongLevels, type LevelOptions, levelDefaults } from './level-shares.ts';
import { Server, type ServerSpec } from './server.ts';
import { type ServerCause, serverCauseTable } from './server-causes.ts';

export interface PoolEvents {
  /** `levels` is another list. */
  onLevels(levels: readonly Level[]): void;
  /** The candidates of this level are others. */
  onCandidates(level: Level): void;
}

export interface PoolChange {
  readonly added: readonly Server[];
  /** No longer of the pool; work may still be under way there. */
  readonly removed: readonly Server[];
}

export class Pool {
  levels: readonly Level[] = [];
  private options: LevelOptions;
  private readonly byName = new Map<string, Server>();
  private events: PoolEvents | undefined = undefined;
  /** Levels that wait for the end of `together`; undefined outside. */
  private waiting: Set<Level> | undefined = undefined;

  constructor(specs: readonly ServerSpec[], options: LevelOptions = levelDefaults) {
    this.options = options;
    this.replace(specs);
  }

  /** Who is told of changes from now on; it is told of the levels there are at once. */
  observe(events: PoolEvents): void {
    this.events = events;
    events.onLevels(this.levels);
  }

  get servers(): IterableIterator<Server> {
    return this.byName.values();
  }

  get size(): number {
    return this.byName.size;
  }

  find(name: string): Server | undefined {
    return this.byName.get(name);
  }

  /**
   * Takes a whole new list of servers. A server is the same one when its name is; it keeps what it has
   * learnt even when its address changed.
   */
  replace(specs: readonly ServerSpec[]): PoolChange {
    invariant(this.waiting === undefined, 'members do not change among changes made together');
    const wanted = new Set(specs.map(({ name }) => name));
    invariant(wanted.size === specs.length, 'the names of the servers of a pool are unique');
    const removed = [...this.byName.values()].filter(({ name }) => !wanted.has(name));
    for (const server of removed) {
      this.byName.delete(server.name);
      server.slot = -1;
      server.member = -1;
    }
    const added: Server[] = [];
    const members = specs.map((spec) => {
      const known = this.byName.get(spec.name);
      if (known !== undefined) return update(known, spec);
      const server = new Server(spec);
      added.push(server);
      return server;
    });
    // In the order of the new list, which is the order of turns.
    this.byName.clear();
    for (const server of members) this.byName.set(server.name, server);
    const priorities = [...new Set(members.map(({ priority }) => priority))].sort((a, b) => a - b);
    this.levels = priorities.map((priority, index) => {
      const ofLevel = members.filter((server) => server.priority === priority);
      return new Level(priority, index, ofLevel);
    });
    const panics = divideAmongLevels(this.levels, this.options);
    this.levels.forEach((level, i) => {
      level.gather(panics[i] === true);
    });
    this.events?.onLevels(this.levels);
    return { added, removed };
  }

  has(server: Server, cause: ServerCause): boolean {
    return (server.causes & serverCauseTable[cause].bit) !== 0;
  }

  /** Sets or takes away a cause; returns whether that changed anything. */
  set(server: Server, cause: ServerCause, on: boolean): boolean {
    const { bit } = serverCauseTable[cause];
    const causes = on ? server.causes | bit : server.causes & ~bit;
    if (causes === server.causes) return false;
    server.causes = causes;
    const level = this.levels[server.level];
    if (level?.members[server.member] === server) this.changed(level);
    return true;
  }

  /** Another share of healthy servers below which a level uses all of them. */
  setPanicShare(panicShare: number): void {
    this.options = { ...this.options, panicShare };
    this.regather(new Set());
  }

  /** Sets the part of its turns that a starting server takes, above 0 up to 1. */
  setShare(server: Server, share: number): void {
    server.share = share;
    const level = this.levels[server.level];
    if (level === undefined || server.slot === -1) return;
    if (this.waiting === undefined) level.gatherShares();
    else this.waiting.add(level);
  }

  /**
   * Makes many changes as one: candidates are gathered once, when `run` has returned, and are until then
   * those of before. Members stay the same meanwhile.
   */
  together(run: () => void): void {
    invariant(this.waiting === undefined, 'changes of a pool that are made together do not nest');
    this.waiting = new Set();
    try {
      run();
    } finally {
      const changed = this.waiting;
      this.waiting = undefined;
      if (changed.size > 0) this.regather(changed);
    }
  }

  private changed(level: Level): void {
    if (this.waiting === undefined) this.regather(new Set([level]));
    else this.waiting.add(level);
  }

  /** Causes have changed: the levels divide the work anew, and some have other candidates. */
  private regather(changed: ReadonlySet<Level>): void {
    for (const level of changed) level.count();
    const panics = divideAmongLevels(this.levels, this.options);
    this.levels.forEach((level, i) => {
      const panic = panics[i] === true;
      if (!changed.has(level) && level.panic === panic) return;
      level.gather(panic);
      this.events?.onCandidates(level);
    });
  }
}

function update(server: Server, spec: ServerSpec): Server {
  server.host = spec.host;
  server.port = spec.port;
  server.weight = spec.weight;
  server.priority = spec.priority;
  server.activeMax = spec.activeMax;
  // The breaker's part of `admits` is looked at again when the next work begins or ends.
  server.admits = server.active < spec.activeMax;
  return server;
}
