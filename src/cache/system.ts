/**
 * The cache as a system of the process: what it holds of stored responses, and the stage that routes name.
 *
 * Invariant: a rule that changes holds from the next request on; what is stored stays.
 */
import type { Operation, SystemState, SystemStatus } from '../core/base/index.ts';
import type { Prepared } from '../core/config/index.ts';
import {
  type Exchange,
  type Handler,
  isHttps,
  type StageMaker,
  type Stages,
} from '../core/http/index.ts';
import type { Logger, MetricSpec, Metrics } from '../core/observe/index.ts';
import type { Clock, Disk, Random, Threads } from '../core/runtime/index.ts';
import { MethodId } from '../core/wire/index.ts';
import { CacheAdmin, cacheOperations, type DiskShown } from './admin/index.ts';
import { Background } from './background.ts';
import { CodingWork, Compressor } from './compression/index.ts';
import type { CacheSettings, RuleSettings } from './config/config.ts';
import { ExplainedSink } from './explain/index.ts';
import { cacheMetrics } from './metrics.ts';
import { type ObjectStats, ObjectStore } from './objects/object-store.ts';
import type { SleepingResponse } from './objects/sleeping-response.ts';
import { StoredResponse } from './objects/stored-response.ts';
import {
  ledgerLimitsFor,
  type PurgeAsked,
  type PurgeCarrier,
  PurgeLedger,
  Purger,
  PurgeSweeper,
  type Purging,
  purgeHandler,
} from './purge/index.ts';
import { DiskTier } from './ssd/index.ts';
import { CacheStage } from './stage/cache-stage.ts';
import { Counts } from './stage/counts.ts';
import { type CacheRule, DEFAULT_RULE, ruleOf } from './stage/rule.ts';
import type { RuleRef, StageContext } from './stage/stage-parts.ts';
import { makeStale } from './stage/stored-facts.ts';
import { DiskShelf, keptOf, queuedBytesMax } from './tiers/disk-shelf.ts';

export interface CacheContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly threads: Threads;
  readonly disk: Disk;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly stages: Stages;
}

export class Cache implements StageMaker {
  readonly name = 'cache';
  readonly counts: Counts = new Counts();
  readonly ledger: PurgeLedger;
  readonly objects: ObjectStore;
  readonly codings: CodingWork;
  private readonly compressor: Compressor;
  private settings: CacheSettings;
  private readonly context: CacheContext;
  readonly purger: Purger;
  /** Routes that have a cache, with their rules. */
  readonly routes: Map<string, RuleRef> = new Map();
  private shelf: DiskShelf | null = null;
  private readonly sweeping: Background;
  private readonly resting: Background;
  private readonly answersPurge: (exchange: Exchange) => boolean;
  private readonly rules = new Map<string, RuleRef>();
  private readonly ownMetrics: readonly MetricSpec[];
  private state: SystemState = 'idle';

  constructor(settings: CacheSettings, context: CacheContext) {
    this.settings = settings;
    this.context = context;
    this.ledger = new PurgeLedger(ledgerLimitsFor(settings.memoryBytes));
    this.objects = new ObjectStore({
      bytesMax: settings.memoryBytes,
      hashSeed: context.random.u32(),
      wallMs: () => context.clock.wallMs(),
      onLeaving: (stored, evicted) => this.onLeaving(stored, evicted),
    });
    this.objects.memory.othersBytes = () => this.ledger.bytes;
    this.compressor = new Compressor(context, settings.compressor);
    this.codings = new CodingWork(this.compressor, this.objects, context.clock);
    this.ownMetrics = cacheMetrics(this);
    this.setRules(settings.rules);
    this.sweeping = this.sweepingOf();
    this.resting = new Background(() => this.objects.rest(), context.clock);
    this.objects.onCrowded = () => this.resting.wake();
    this.purger = this.purgerOf();
    this.answersPurge = purgeHandler({
      ...{ purger: this.purger, clock: context.clock, log: context.log },
      settings: () => this.settings.purge,
    });
  }

  async start(): Promise<void> {
    if (this.settings.disk.sizeBytes > 0) this.shelf = await this.openShelf();
    this.context.metrics.add(this.ownMetrics);
    this.context.stages.offer('cache', this);
    this.state = 'ready';
  }

  async drain(): Promise<void> {
    this.state = 'draining';
    await this.shelf?.keepAll();
  }

  async stop(): Promise<void> {
    this.context.stages.withdraw('cache');
    this.sweeping.stop();
    this.resting.stop();
    this.context.metrics.remove(this.ownMetrics);
    await this.compressor.stop();
    const { shelf } = this;
    this.shelf = null;
    this.objects.clear();
    await shelf?.close();
    this.state = 'stopped';
  }

  status(): SystemStatus {
    const { hits, misses, collapsed, validations } = this.counts;
    const asked = hits + misses + collapsed + validations;
    const { objects, bytes } = this.objectStats;
    return {
      state: this.state,
      listening: [],
      facts: {
        objects,
        memoryBytes: bytes,
        hits,
        hitRatio: asked === 0 ? 0 : Math.round((hits / asked) * 1000) / 1000,
      },
    };
  }

  async prepare(next: CacheSettings): Promise<Prepared> {
    return {
      commit: () => {
        this.settings = next;
        this.setRules(next.rules);
      },
      abort: () => {},
    };
  }

  make(rule: string, route: string, next: Handler): Handler | undefined {
    const rules = this.rules.get(rule);
    if (rules === undefined) return undefined;
    const stage = new CacheStage({
      context: this.stageContext(),
      space: this.objects.space(route),
      ...{ rules, next },
    });
    this.routes.set(route, rules);
    return (exchange) => {
      if (exchange.request.method === MethodId.purge && this.answersPurge(exchange)) return;
      if (rules.current.explain) this.explainIn(exchange, route, rules.current);
      stage.handle(exchange);
    };
  }

  operations(): readonly Operation[] {
    return cacheOperations(this.admin());
  }

  // For a network of caches.

  /**
   * Until `wallMs` all purges of the network are known here; behind it what is stored is validated for each request.
   * Infinity, as at the start: there is no network, or nobody has said so yet.
   */
  trustUntil(wallMs: number): void {
    this.ledger.completeUntilMs = wallMs;
  }

  /** Who carries purges out from now on; null: they are for this cache alone. */
  carryPurgesBy(carrier: PurgeCarrier | null): void {
    this.purger.carrier = carrier;
  }

  /**
   * Carries out what the network has decided on, in memory before this returns.
   * @returns when it outlives the process. Rejects when it could not be written.
   */
  applyPurges(asked: readonly PurgeAsked[], purging: Purging): Promise<void> {
    return this.purger.apply(asked, purging);
  }

  /** Responses outlive the process, and so do purges. */
  get outlivesProcess(): boolean {
    return this.shelf !== null;
  }

  get objectStats(): ObjectStats {
    return this.objects.stats;
  }

  get memoryBytesMax(): number {
    return this.settings.memoryBytes;
  }

  private admin(): CacheAdmin {
    const { objects, ledger, counts, purger, routes, sweeping, context } = this;
    return new CacheAdmin({
      ...{ objects, ledger, counts, purger, routes },
      memoryBytesMax: this.memoryBytesMax,
      isSweeping: sweeping.isRunning,
      wallMs: () => context.clock.wallMs(),
      disk: () => this.diskShown(),
      isOnDisk: (route, key) => this.shelf?.has(objects.space(route), key) === true,
      peek: async (route, key, isWanted) =>
        (await this.shelf?.peek(objects.space(route), key, isWanted)) ?? null,
    });
  }

  /** Has the response say how it came about. */
  private explainIn(exchange: Exchange, route: string, rule: CacheRule): void {
    const { request } = exchange;
    const encrypted = isHttps(exchange);
    const explanation = this.admin().explainOn({ route, rule, request, encrypted });
    exchange.sink = new ExplainedSink(exchange.sink, explanation);
  }

  private purgerOf(): Purger {
    const { clock, log } = this.context;
    return new Purger({
      ...{ ledger: this.ledger, clock, log },
      settings: () => this.settings.purge,
      makers: () => [...this.rules.values()].map(({ current }) => current.keys),
      keep: async (purge, seq) => this.shelf?.keepPurge(purge, seq),
      onPurged: () => this.sweeping.wake(),
    });
  }

  private sweepingOf(): Background {
    const { objects, context } = this;
    const awake = (entry: StoredResponse | SleepingResponse): StoredResponse =>
      entry instanceof StoredResponse ? entry : objects.wakeResponse(entry);
    const sweeper = new PurgeSweeper<StoredResponse | SleepingResponse>(this.ledger, {
      entries: () => objects.swept(),
      remove: (entry) => objects.remove(awake(entry)),
      invalidate: (entry) => {
        const stored = awake(entry);
        makeStale(stored, context.clock.wallMs());
        stored.seq = this.ledger.seq;
      },
    });
    return new Background(() => sweeper.step(), context.clock);
  }

  /** @throws DiskTierError */
  private async openShelf(): Promise<DiskShelf> {
    const { objects, ledger, context, settings } = this;
    const { clock, random, disk, dataFolder, log } = context;
    const wallMs = (): number => clock.wallMs();
    const tier = await DiskTier.open({
      ...{ disk, clock, random },
      folder: settings.disk.path ?? dataFolder,
      bytesMax: settings.disk.sizeBytes,
      queuedBytesMax: queuedBytesMax(objects.memory.bytesMax),
      keep: (record) => keptOf(record, ledger, wallMs()),
      onState: (state, failure) => {
        if (failure === null) log.info('the disk of the cache', { state });
        else log.error('the disk of the cache', { state, error: failure });
      },
      onDamage: (damage) => {
        if (damage.what === 'version') {
          log.warn('what another version has left on the disk of the cache was removed', {
            file: damage.file,
          });
        } else log.warn('something on the disk of the cache was dropped', { ...damage });
      },
    });
    const shelf = new DiskShelf({ tier, objects, ledger, wallMs });
    shelf.restore();
    return shelf;
  }

  private diskShown(): DiskShown | null {
    const { shelf, settings } = this;
    if (shelf === null) return null;
    const { state, records, bytes } = shelf.stats();
    return { state, objects: records, bytes, bytesMax: settings.disk.sizeBytes };
  }

  private onLeaving(stored: StoredResponse, evicted: boolean): void {
    this.ledger.release(stored.tags);
    if (evicted) this.shelf?.keep(stored);
    else this.shelf?.forget(stored);
  }

  private stageContext(): StageContext {
    const { objects, ledger, counts, codings, context } = this;
    return {
      ...{ objects, ledger, counts, codings },
      random: context.random,
      shelf: () => this.shelf,
      wallMs: () => context.clock.wallMs(),
      objectBytesMax: () => this.settings.objectMaxBytes,
    };
  }

  private setRules(rules: readonly RuleSettings[]): void {
    const all = rules.some(({ name }) => name === 'default') ? rules : [DEFAULT_RULE, ...rules];
    for (const settings of all) {
      const known = this.rules.get(settings.name);
      if (known === undefined) this.rules.set(settings.name, { current: ruleOf(settings) });
      else known.current = ruleOf(settings);
    }
    const names = new Set(all.map(({ name }) => name));
    for (const name of this.rules.keys()) if (!names.has(name)) this.rules.delete(name);
  }
}

/** Makes the cache; `start` brings it up. */
export function createCache(settings: CacheSettings, context: CacheContext): Cache {
  return new Cache(settings, context);
}
