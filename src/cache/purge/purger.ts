/**
 * Carries purges out, whoever asks for them: within the rate, in the ledger at once, in the log of the disk before
 * the answer, and told in the log of the process.
 *
 * Invariant: when `purge` has resolved with `ok`, nothing that was asked for before is served any more, also behind a
 * kill of the process.
 */
import type { Logger } from '../../core/observe/index.ts';
import { TokenBucket } from '../../core/resilience/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import type { KeyMaker } from '../key/index.ts';
import type { Purge } from './purge.ts';
import type { PurgeSettings } from './purge-fields.ts';
import type { PurgeLedger } from './purge-ledger.ts';
import { type PurgeAsked, planPurge } from './purge-plan.ts';

/** What can be asked for at once. */
export const ASKED_MAX = 256;
const ALL: Purge = { kind: 'all', value: '', soft: false };
/** Names that one line of the log has. */
const LOGGED_MAX = 16;

/** By the name of the problem: status, and what it is. */
export const purgeProblemTable = {
  'bad-purge': [400, 'What is to be purged is not named as it should be.'],
  'too-many': [400, 'Too much is to be purged at once.'],
  'too-often': [429, 'There are more purges than the settings allow.'],
  'not-durable': [507, 'The purge holds until the process ends, and could not be written.'],
  'id-taken': [409, 'Another purge has been asked for with this id.'],
  crowded: [503, 'Too many purges are under way in the network.'],
  'no-receipt': [504, 'It is not known whether the purge is carried out everywhere.'],
} as const;
export type PurgeProblem = keyof typeof purgeProblemTable;

/** Carries purges out in all caches of a network, this one among them, which it tells by `Purger.apply`. */
export interface PurgeCarrier {
  /** @param asked can be carried out here, and is within the rate. */
  carry(asked: readonly PurgeAsked[], purging: Purging): Promise<CarriedOutcome>;
}

export type CarriedOutcome =
  | {
      readonly ok: true;
      readonly seq: number;
      /** What the network says of it; shown to those who asked. */
      readonly receipt: object;
    }
  | {
      readonly ok: false;
      readonly problem: PurgeProblem;
      readonly detail: string;
    };

export type PurgeOutcome =
  | {
      readonly ok: true;
      /** Of the last of the purges. */
      readonly seq: number;
      /** Names that were written down: a URL has one for each form that rules give it. */
      readonly names: number;
      /** Responses in memory that the tags named; null when something else than tags was purged. */
      readonly responses: number | null;
      /** Of the network, if there is one; `seq` is the network's then. */
      readonly receipt?: object;
    }
  | {
      readonly ok: false;
      readonly problem: PurgeProblem;
      readonly detail: string;
      /** For `too-often`: when there is room again; Infinity: never for so many. */
      readonly waitMs: number;
    };

/** Who asks, for the log. */
export interface Purging {
  /** An address, or `admin`. */
  readonly who: string;
  /** `PURGE` or `admin`. */
  readonly by: string;
  /** Chosen by who asks: in a network a purge with the same one is the same purge, asked for again. */
  readonly id?: string | undefined;
}

/** What was asked for since the start; read by metrics. */
export class PurgeCounts {
  /** Purges carried out, a name of a request each. */
  purged = 0;
  /** Requests that were refused, by problem or by the right that was missing. */
  readonly refused: Map<string, number> = new Map();

  refuse(reason: string): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }
}

export interface PurgerOptions {
  readonly ledger: PurgeLedger;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asked for each purge, as settings are live. */
  settings(): PurgeSettings;
  /** Of all rules. */
  makers(): readonly KeyMaker[];
  /** Writes a purge where it outlives the process; rejects when it can not. */
  keep?(purge: Purge, seq: number): Promise<void>;
  /** There is something to sweep. */
  onPurged(): void;
}

export class Purger {
  readonly counts: PurgeCounts = new PurgeCounts();
  /** Null: there is no network, what is purged is purged here. */
  carrier: PurgeCarrier | null = null;
  private readonly options: PurgerOptions;
  private bucket: TokenBucket | null = null;
  private bucketOf: PurgeSettings | null = null;

  constructor(options: PurgerOptions) {
    this.options = options;
  }

  async purge(asked: readonly PurgeAsked[], purging: Purging): Promise<PurgeOutcome> {
    const no = (problem: PurgeProblem, detail: string, waitMs = 0): PurgeOutcome => {
      this.counts.refuse(problem);
      return { ok: false, problem, detail, waitMs };
    };
    if (asked.length === 0) return no('bad-purge', 'nothing is named');
    if (asked.length > ASKED_MAX) return no('too-many', `at most ${ASKED_MAX} at once`);
    const purges: Purge[] = [];
    for (const one of asked) {
      const planned = planPurge(one, this.options.makers());
      if (typeof planned === 'string') return no('bad-purge', planned);
      purges.push(...planned);
    }
    const waitMs = this.take(asked.length);
    if (waitMs > 0) {
      return no('too-often', 'wait, or allow more by cache.purge.per_second and burst', waitMs);
    }
    const names = purges.length;
    const { carrier } = this;
    if (carrier !== null) {
      const carried = await carrier.carry(asked, purging);
      if (!carried.ok) return no(carried.problem, carried.detail);
      return { ok: true, seq: carried.seq, names, responses: null, receipt: carried.receipt };
    }
    const { seq, responses, kept } = this.carryOut(asked, purges, purging);
    try {
      await kept;
    } catch (error) {
      return no('not-durable', error instanceof Error ? error.message : String(error));
    }
    return { ok: true, seq, names, responses };
  }

  /**
   * Carries out what the network has decided on: never refused, and done in memory when this returns. What has no name
   * here may be anything.
   * @returns when it outlives the process. Rejects when it could not be written.
   */
  apply(asked: readonly PurgeAsked[], purging: Purging): Promise<void> {
    const { makers } = this.options;
    const purges = asked.flatMap((one) => {
      const planned = planPurge(one, makers());
      return typeof planned === 'string' ? [ALL] : planned;
    });
    return this.carryOut(asked, purges, purging).kept.then(() => {});
  }

  private carryOut(
    asked: readonly PurgeAsked[],
    purges: readonly Purge[],
    { who, by }: Purging,
  ): { seq: number; responses: number | null; kept: Promise<unknown> } {
    const { ledger, log, keep, onPurged } = this.options;
    const responses = asked.every(({ kind }) => kind === 'tag')
      ? purges.reduce((sum, { value }) => sum + ledger.usesOfTag(value), 0)
      : null;
    // All of them at once: nothing is served in between that only some have named.
    this.counts.purged += asked.length;
    const seqs = purges.map((purge) => ledger.purge(purge));
    onPurged();
    const seq = seqs.at(-1) as number;
    log.info('purged', {
      who,
      by,
      what: asked.slice(0, LOGGED_MAX).map(({ kind, value, soft }) => ({ kind, value, soft })),
      asked: asked.length,
      names: purges.length,
      responses,
      seq,
    });
    const kept = Promise.all(purges.map((purge, i) => keep?.(purge, seqs[i] as number)));
    kept.catch((error: unknown) => {
      log.error('a purge could not be written to the disk', { seq, error });
    });
    return { seq, responses, kept };
  }

  /** Milliseconds to wait; 0: taken. */
  private take(count: number): number {
    const { clock } = this.options;
    const settings = this.options.settings();
    const nowMs = clock.monotonicMs();
    if (this.bucket === null || settings !== this.bucketOf) {
      const { burst, perSecond } = settings;
      this.bucket = new TokenBucket({ capacity: burst, perSecond, nowMs });
      this.bucketOf = settings;
    }
    return this.bucket.take(count, nowMs) ? 0 : Math.max(1, this.bucket.waitMs(count, nowMs));
  }
}
