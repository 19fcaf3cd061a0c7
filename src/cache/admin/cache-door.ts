/** What operators can ask of a running cache, whoever carries it out. */
import type { AskedRequest, Explanation } from '../explain/index.ts';
import type { PurgeAsked, PurgeOutcome, Purging } from '../purge/index.ts';

export interface ExplainAsked extends AskedRequest {
  /** Undefined: every route that has a cache. */
  readonly route: string | undefined;
}

export interface DiskShown {
  readonly state: string;
  readonly objects: number;
  readonly bytes: number;
  readonly bytesMax: number;
}

export interface CacheStatus {
  /** Requests by how they were handled. */
  readonly requests: Readonly<Record<string, number>>;
  readonly fetches: number;
  readonly stored: number;
  /** Responses that were not stored, by reason. */
  readonly notStored: Readonly<Record<string, number>>;
  readonly memory: {
    readonly objects: number;
    readonly bytes: number;
    readonly bytesMax: number;
    readonly evictions: number;
  };
  /** Null: there is no tier on a disk. */
  readonly disk: DiskShown | null;
  readonly purges: {
    /** Sequence of the last one. */
    readonly seq: number;
    /** What they name is being taken out of memory. */
    readonly sweeping: boolean;
    /** What the ledger takes of memory, about. */
    readonly bytes: number;
  };
  readonly routes: readonly {
    readonly name: string;
    readonly rule: string;
    /** Keys under which something is known. */
    readonly resources: number;
  }[];
}

export interface CacheDoor {
  /** Resolves when nothing that was asked for before and is named is served any more. */
  purge(asked: readonly PurgeAsked[], purging: Purging): Promise<PurgeOutcome>;
  /** One for each route; a text says what is wrong with the request. */
  explain(asked: ExplainAsked): Promise<readonly Explanation[] | string>;
  status(): CacheStatus;
}
