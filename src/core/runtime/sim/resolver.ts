/**
 * A name system that is a table. Answers come after `latencyMs` of the simulated clock and are those of the
 * moment the question was asked; a problem set for a name goes before its records.
 */
import type { Clock } from '../clock.ts';
import type {
  AddressFamily,
  AddressRecord,
  Names,
  Resolved,
  ResolveProblem,
  Resolver,
  ResolverOptions,
  ServiceRecord,
} from '../resolver.ts';

interface Entry {
  addresses: readonly AddressRecord[];
  services: readonly ServiceRecord[];
  ttlMs: number;
}

export class SimNames implements Names {
  /** How often each kind of question was asked, by `kind name`. */
  readonly asked = new Map<string, number>();
  latencyMs = 1;
  private readonly clock: Clock;
  private readonly entries = new Map<string, Entry>();
  private readonly problems = new Map<string, ResolveProblem>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The addresses of a name from now on; none: 'no-records'. */
  setAddresses(name: string, addresses: readonly string[], ttlMs: number): void {
    const entry = this.entryOf(name);
    entry.addresses = addresses.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    entry.ttlMs = ttlMs;
  }

  setServices(name: string, services: readonly ServiceRecord[]): void {
    this.entryOf(name).services = services;
  }

  /** Every question about the name meets this problem; null: no more. */
  setProblem(name: string, problem: ResolveProblem | null): void {
    if (problem === null) this.problems.delete(name);
    else this.problems.set(name, problem);
  }

  /** The name does not exist any more. */
  forget(name: string): void {
    this.entries.delete(name);
  }

  resolver(options: ResolverOptions): Resolver {
    let closed = false;
    const later = <R>(kind: string, name: string, find: (entry: Entry) => Resolved<R>) => {
      const key = `${kind} ${name}`;
      this.asked.set(key, (this.asked.get(key) ?? 0) + 1);
      const problem = this.problems.get(name);
      const entry = this.entries.get(name);
      const answer: Resolved<R> =
        problem !== undefined
          ? { ok: false, problem }
          : entry === undefined
            ? { ok: false, problem: 'no-such-name' }
            : find(entry);
      return new Promise<Resolved<R>>((resolve) => {
        this.clock.setTimer(this.latencyMs, () =>
          resolve(closed ? { ok: false, problem: 'cancelled' } : answer),
        );
      });
    };
    const ofFamily = (family: AddressFamily, ttlMs?: number) => (entry: Entry) =>
      answerOf(
        entry.addresses.filter((one) => family === 0 || one.family === family),
        ttlMs ?? entry.ttlMs,
      );
    return {
      addresses: (name, family) => later('address', name, ofFamily(family)),
      systemAddresses: (name, family) =>
        later('system', name, ofFamily(family, options.untoldTtlMs)),
      services: (name) =>
        later('service', name, (entry) => answerOf(entry.services, options.untoldTtlMs)),
      close() {
        closed = true;
      },
    };
  }

  private entryOf(name: string): Entry {
    let entry = this.entries.get(name);
    if (entry === undefined) {
      entry = { addresses: [], services: [], ttlMs: 0 };
      this.entries.set(name, entry);
    }
    return entry;
  }
}

function answerOf<R>(records: readonly R[], ttlMs: number): Resolved<R> {
  return records.length > 0 ? { ok: true, records, ttlMs } : { ok: false, problem: 'no-records' };
}
