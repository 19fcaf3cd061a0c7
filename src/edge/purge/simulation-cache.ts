/**
 * A cache as a simulation needs it: memory, a disk that outlives the process with its log of purges, fetches that
 * others join, and doubt. The rules are those of src/cache, which has a simulation of its own.
 */
import type { SimRandom } from '../../core/runtime/sim/index.ts';
import type { Flaw } from './simulation-flaws.ts';

interface Stored {
  readonly version: number;
  /** Of purges here, when it was stored. */
  readonly seq: number;
}

interface Flight {
  readonly url: string;
  readonly seq: number;
  readonly joinable: boolean;
  readonly waiters: ((version: number) => void)[];
}

/** A purge in the ledger; no URL: all. */
interface Mark {
  readonly url: string | undefined;
  readonly seq: number;
}

export interface CacheWorld {
  readonly random: SimRandom;
  readonly flaw: Flaw | undefined;
  in(delayMs: number, run: () => void): void;
  /** The tier behind; `done` never comes when it has failed. */
  fetch(url: string, done: (version: number) => void): void;
  isInDoubt(): boolean;
}

/** What outlives the process. */
export interface CacheDisk {
  readonly stored: Map<string, Stored>;
  marks: Mark[];
}

export class SimCache {
  private readonly world: CacheWorld;
  private readonly memory = new Map<string, Stored>();
  private readonly flights: Flight[] = [];
  private readonly disk: CacheDisk | null;
  private readonly marks: Mark[];
  private seq: number;
  /** The process has ended: what is under way comes to nothing. */
  isGone = false;

  constructor(world: CacheWorld, disk: CacheDisk | null) {
    this.world = world;
    this.disk = disk;
    this.marks = disk === null ? [] : disk.marks.toSorted((a, b) => a.seq - b.seq);
    const seqs = [...this.marks, ...(disk?.stored.values() ?? [])].map(({ seq }) => seq);
    this.seq = Math.max(0, ...seqs);
  }

  /** @param done in memory it is when this returns; called when it is on the disk. */
  purge(urls: readonly (string | undefined)[], done: () => void): void {
    const marks = urls.map((url) => ({ url, seq: ++this.seq }));
    this.marks.push(...marks);
    const { disk } = this;
    if (disk === null) {
      done();
      return;
    }
    this.world.in(this.world.random.below(60), () => {
      if (this.isGone) return;
      disk.marks.push(...marks);
      done();
    });
  }

  ask(url: string, answer: (version: number) => void): void {
    if (this.isGone) return;
    const { flaw, random } = this.world;
    const isInDoubt = this.world.isInDoubt();
    const stored = this.find(url);
    if (stored !== undefined && (!isInDoubt || flaw === 'ignores-doubt')) {
      answer(stored.version);
      if (this.disk !== null && random.chance(0.3)) this.disk.stored.set(url, stored);
      return;
    }
    const isJoining = !isInDoubt || flaw === 'joins-in-doubt';
    const flight = isJoining ? this.flights.find((each) => this.mayJoin(each, url)) : undefined;
    if (flight === undefined) this.begin(url, !isInDoubt, answer);
    else flight.waiters.push(answer);
  }

  private find(url: string): Stored | undefined {
    for (const place of [this.memory, this.disk?.stored]) {
      const stored = place?.get(url);
      if (stored === undefined) continue;
      if (!this.isPurged(url, stored.seq)) return stored;
      place?.delete(url);
    }
    return undefined;
  }

  private mayJoin(flight: Flight, url: string): boolean {
    return flight.url === url && flight.joinable && !this.isPurged(url, flight.seq);
  }

  private begin(url: string, joinable: boolean, answer: (version: number) => void): void {
    const flight: Flight = { url, seq: this.seq, joinable, waiters: [answer] };
    this.flights.push(flight);
    const over = (): void => {
      const at = this.flights.indexOf(flight);
      if (at !== -1) this.flights.splice(at, 1);
    };
    this.world.in(500, over);
    this.world.fetch(url, (version) => {
      if (this.isGone || !this.flights.includes(flight)) return;
      over();
      if (!this.isPurged(url, flight.seq) || this.world.flaw === 'stores-purged') {
        this.memory.set(url, { version, seq: this.seq });
      }
      for (const each of flight.waiters) each(version);
    });
  }

  private isPurged(url: string, seq: number): boolean {
    for (let i = this.marks.length - 1; i >= 0; i--) {
      const mark = this.marks[i]!;
      if (mark.seq <= seq) return false;
      if (mark.url === undefined || mark.url === url) return true;
    }
    return false;
  }
}
