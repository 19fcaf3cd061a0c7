/** The cache as operators see it: what they ask of it is looked up in what runs. */
import { Fields } from '../../core/wire/index.ts';
import {
  type Explanation,
  explain,
  type FoundResponse,
  readAsked,
  type ToExplain,
} from '../explain/index.ts';
import { TAGS_MAX } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import { variantOf } from '../policy/index.ts';
import {
  type PurgeAsked,
  type PurgeLedger,
  type PurgeOutcome,
  type Purger,
  type Purging,
  tagsOf,
} from '../purge/index.ts';
import { probeIndex } from '../ranges/index.ts';
import type { Counts } from '../stage/counts.ts';
import type { CacheRule } from '../stage/rule.ts';
import { sliceKey } from '../stage/slice-key.ts';
import type { RuleRef } from '../stage/stage-parts.ts';
import type { IsWanted, Peeked } from '../tiers/disk-shelf.ts';
import type { CacheDoor, CacheStatus, DiskShown, ExplainAsked } from './cache-door.ts';

/** What it needs of the cache. */
export interface Administered {
  readonly objects: ObjectStore;
  readonly ledger: PurgeLedger;
  readonly counts: Counts;
  readonly purger: Purger;
  /** Routes that have a cache, with their rules. */
  readonly routes: ReadonlyMap<string, RuleRef>;
  readonly memoryBytesMax: number;
  readonly isSweeping: boolean;
  wallMs(): number;
  disk(): DiskShown | null;
  /** Whether the disk may have something of a key. */
  isOnDisk(route: string, key: string): boolean;
  /** What the disk has for a request, but for its body. */
  peek(route: string, key: string, isWanted: IsWanted): Promise<Peeked | null>;
}

export class CacheAdmin implements CacheDoor {
  private readonly cache: Administered;

  constructor(cache: Administered) {
    this.cache = cache;
  }

  purge(asked: readonly PurgeAsked[], purging: Purging): Promise<PurgeOutcome> {
    return this.cache.purger.purge(asked, purging);
  }

  async explain(asked: ExplainAsked): Promise<readonly Explanation[] | string> {
    const read = readAsked(asked);
    if (!read.ok) return read.says;
    const { request, encrypted } = read;
    const explanations: Explanation[] = [];
    for (const [route, { current: rule }] of this.cache.routes) {
      if (asked.route !== undefined && asked.route !== route) continue;
      const on = { route, rule, request, encrypted };
      const key = this.keyOf(on);
      const isElsewhere = this.explainOn(on).stored === null && this.cache.isOnDisk(route, key);
      explanations.push(
        isElsewhere ? this.explainOn(on, await this.onDisk(on, key)) : this.explainOn(on),
      );
    }
    return explanations;
  }

  /** What would become of a request on a route. @param onDisk what the disk has; undefined: it was not asked. */
  explainOn(on: On, onDisk?: FoundResponse | null): Explanation {
    const { route, rule, request } = on;
    const { objects, ledger } = this.cache;
    const key = this.keyOf(on);
    const resource = objects.find(objects.space(route), key);
    let found: FoundResponse | null = null;
    let otherVariants = 0;
    for (let at = resource?.newest ?? null; at !== null; at = at.nextVariant) {
      const isMeant = variantOf(at.varyNames, request.fields, rule.normalisers) === at.variant;
      if (isMeant && found === null) found = foundOf(at, ledger);
      else otherVariants++;
    }
    const refused =
      resource === undefined || resource.pass === null || resource.passReason === ''
        ? undefined
        : { reason: resource.passReason, untilMs: resource.passUntilMs };
    const isOnDisk = found === null && onDisk === undefined && this.cache.isOnDisk(route, key);
    found ??= onDisk ?? null;
    const nowMs = this.cache.wallMs();
    const isInDoubt = nowMs >= ledger.completeUntilMs;
    return explain({ ...on, key, nowMs, found, otherVariants, refused, isOnDisk, isInDoubt });
  }

  /** Of what is looked for first: under a rule with slices that in which the request begins. */
  private keyOf({ route, rule, request, encrypted }: On): string {
    const key = rule.keys.keyOf(request, encrypted);
    if (rule.sliceBytes === 0 || key === '') return key;
    const { objects } = this.cache;
    const resource = objects.find(objects.space(route), key);
    const isWhole = resource !== undefined && (resource.newest ?? resource.pass) !== null;
    if (isWhole || this.cache.isOnDisk(route, key)) return key;
    return sliceKey(key, probeIndex(request.fields, rule.sliceBytes), rule.sliceBytes);
  }

  private async onDisk({ route, rule, request }: On, key: string): Promise<FoundResponse | null> {
    const record = await this.cache.peek(
      route,
      key,
      (names, variant) => variantOf(names, request.fields, rule.normalisers) === variant,
    );
    return record === null ? null : foundOnDisk(record, this.cache.ledger);
  }

  status(): CacheStatus {
    const { counts, objects, ledger, routes, memoryBytesMax } = this.cache;
    const { hits, collapsed, misses, validations, staleOnError, passed } = counts;
    const memory = objects.stats;
    return {
      requests: {
        hit: hits,
        collapsed,
        miss: misses,
        validation: validations,
        'stale on error': staleOnError,
        pass: passed,
      },
      fetches: counts.fetches,
      stored: counts.stored,
      notStored: Object.fromEntries(counts.refused),
      memory: {
        objects: memory.objects,
        bytes: memory.bytes,
        bytesMax: memoryBytesMax,
        evictions: memory.evictions,
      },
      disk: this.cache.disk(),
      purges: { seq: ledger.seq, sweeping: this.cache.isSweeping, bytes: ledger.bytes },
      routes: [...routes].map(([name, { current }]) => ({
        name,
        rule: current.name,
        resources: objects.space(name).size,
      })),
    };
  }
}

type On = Pick<ToExplain, 'route' | 'request'> & {
  readonly rule: CacheRule;
  readonly encrypted: boolean;
};

function foundOnDisk(
  { meta, fields, bodyBytes, sequence }: Peeked,
  ledger: PurgeLedger,
): FoundResponse {
  const names = tagsOf(fields, TAGS_MAX) ?? [];
  const ids = ledger.retainTags(names);
  const purged = ledger.verdictOn(meta.key, ids, sequence);
  ledger.release(ids);
  const { status, varyNames, variant, responseMs } = meta;
  const { initialAgeSeconds, lifetimeSeconds, invalidated } = meta;
  return {
    ...{ status, fields, bodyBytes, varyNames, variant, responseMs, seq: sequence, purged },
    ...{ initialAgeSeconds, lifetimeSeconds, invalidated },
    tier: 'disk',
    tags: names.map(textOfTag),
  };
}

function textOfTag(tag: string): string {
  return Buffer.from(tag, 'latin1').toString();
}

function foundOf(stored: StoredResponse, ledger: PurgeLedger): FoundResponse {
  // Its fields lie in memory that is not the heap's: they are read before anything else happens.
  const fields = new Fields();
  stored.readFields(fields);
  const { resource, status, bodyBytes, varyNames, variant, responseMs, seq } = stored;
  const { initialAgeSeconds, lifetimeSeconds, invalidated } = stored;
  return {
    ...{ status, fields, bodyBytes, varyNames, variant, responseMs, seq },
    ...{ initialAgeSeconds, lifetimeSeconds, invalidated },
    tier: 'memory',
    tags: (tagsOf(fields, TAGS_MAX) ?? []).map(textOfTag),
    purged: ledger.verdictOn(resource.key, stored.tags, seq),
  };
}
