/**
 * Compares source and target while writes go on. Each batch of keys is read at the source together with
 * its replication offset, in one transaction, and at the target exactly at that offset of the stream, so
 * that a difference is one and not a command on its way.
 *
 * A key that differs is looked at again, COMPARE_ROUNDS times, before it counts.
 */
import type { Clock } from '../../core/runtime/index.ts';
import { isFault, type Reply } from '../../core/wire/index.ts';
import { readFunctionDump } from '../rdb/index.ts';
import {
  type ComparisonReport,
  ComparisonTally,
  type Difference,
  differenceOf,
} from './comparison.ts';
import { ImportError } from './errors.ts';
import type { ImportTarget } from './import-target.ts';
import {
  COMPARE_BATCH_KEYS,
  COMPARE_ROUND_WAIT_MS,
  COMPARE_ROUNDS,
  IN_FLIGHT_BYTES_MAX,
  SAMPLE_KEYS,
} from './limits.ts';
import { type LiveImport, offsetOf } from './live-import.ts';
import type { RespPipe } from './resp-pipe.ts';

export interface LiveComparisonOptions {
  readonly live: LiveImport;
  /** A connection to the target for questions beside the stream. */
  readonly inspect: RespPipe;
  readonly clock: Clock;
  /** Every key, or `SAMPLE_KEYS` of each database. */
  readonly all: boolean;
  /** Called after each batch with the keys compared so far. */
  readonly onProgress?: (compared: number) => void;
}

interface Sizes {
  readonly source: number;
  readonly target: number;
}

interface SourceView {
  readonly payloads: readonly Reply[];
  readonly expiries: readonly Reply[] | null;
  readonly size: number;
  readonly nowMs: number;
}

export class LiveComparison {
  private readonly live: LiveImport;
  private readonly target: ImportTarget;
  private readonly options: LiveComparisonOptions;
  private compared = 0;
  private batchKeys = COMPARE_BATCH_KEYS;
  private knowsExpiry = false;
  private sizes: Sizes = { source: 0, target: 0 };

  constructor(options: LiveComparisonOptions) {
    this.options = options;
    this.live = options.live;
    this.target = options.live.target;
  }

  /** @throws ImportError when a side is lost or does not answer what is asked. */
  async run(): Promise<ComparisonReport> {
    const tally = new ComparisonTally();
    this.knowsExpiry = !isFault(await (await this.live.control()).ask('PEXPIRETIME', 'k'));
    for (const db of await this.databases()) await this.compareDatabase(db, tally);
    tally.functions(await this.functionsAreSame());
    return tally.report();
  }

  /** Databases that hold a key at either side. */
  private async databases(): Promise<number[]> {
    const found = new Set<number>();
    const infos = [
      await this.live.asked('INFO', 'keyspace'),
      await this.options.inspect.must('not-permitted', 'INFO', 'keyspace'),
    ];
    for (const info of infos) {
      for (const [, db] of String(info).matchAll(/^db(\d+):/gm)) found.add(Number(db));
    }
    return [...found].sort((a, b) => a - b);
  }

  private async compareDatabase(db: number, tally: ComparisonTally): Promise<void> {
    const before = this.compared;
    await this.compareKeys(db, []);
    const chosen = this.chooser(Math.max(this.sizes.source, this.sizes.target));
    let differing: Difference[] = [];
    const look = async (keys: readonly Buffer[]): Promise<void> => {
      for (const some of batches(keys, () => this.batchKeys)) {
        differing.push(...(await this.compareKeys(db, some)));
        this.compared += some.length;
        this.options.onProgress?.(this.compared);
      }
    };
    await this.scan(await this.live.control(), db, async (keys) => look(keys.filter(chosen)));
    await this.scan(this.options.inspect, db, async (keys) => {
      const candidates = keys.filter(chosen);
      const there = await Promise.all(candidates.map((key) => this.live.asked('EXISTS', key)));
      await look(candidates.filter((_, i) => there[i] === 0));
    });
    await this.compareKeys(db, []);
    for (let round = 0; round < COMPARE_ROUNDS && this.unsettled(differing); round++) {
      await this.wait();
      const keys = differing.map(({ key }) => key);
      differing = [];
      for (const some of batches(keys, () => this.batchKeys)) {
        differing.push(...(await this.compareKeys(db, some)));
      }
      await this.compareKeys(db, []);
    }
    const { source: sourceKeys, target: targetKeys } = this.sizes;
    tally.database({ db, sourceKeys, targetKeys, compared: this.compared - before }, differing);
  }

  private unsettled(differing: readonly Difference[]): boolean {
    return differing.length > 0 || this.sizes.source !== this.sizes.target;
  }

  /** Says of a key whether it is compared; always the same of the same key. */
  private chooser(keys: number): (key: Buffer) => boolean {
    if (this.options.all || keys <= SAMPLE_KEYS) return () => true;
    const limit = (SAMPLE_KEYS / keys) * 2 ** 32;
    return (key) => hashOf(key) < limit;
  }

  private async scan(
    pipe: RespPipe,
    db: number,
    each: (keys: readonly Buffer[]) => Promise<void>,
  ): Promise<void> {
    let cursor = '0';
    do {
      // The connection is in another database between two batches.
      const [, reply] = await Promise.all([
        pipe.must('not-permitted', 'SELECT', db),
        pipe.must('not-permitted', 'SCAN', cursor, 'COUNT', 1000),
      ]);
      const [next, keys] = reply as readonly [Buffer, readonly Buffer[]];
      cursor = next.toString();
      if (keys.length > 0) await each(keys);
    } while (cursor !== '0');
  }

  /** Compares these keys, and the sizes of the database, at one point of the stream. */
  private async compareKeys(db: number, keys: readonly Buffer[]): Promise<Difference[]> {
    const differing: Difference[] = [];
    const { live, target } = this;
    await live.atOnePoint(
      () => this.readSource(db, keys),
      async (source) => {
        const dumps = keys.map((key) => ['DUMP', key]);
        const expiries = this.knowsExpiry ? keys.map((key) => ['PEXPIRETIME', key]) : [];
        const replies = await target.askBetween(db, [...dumps, ...expiries, ['DBSIZE']]);
        let bytes = 0;
        for (const [i, key] of keys.entries()) {
          const payload = source.payloads[i] ?? null;
          if (Buffer.isBuffer(payload)) bytes += payload.length;
          const kind = differenceOf(
            { payload, expiry: source.expiries?.[i] ?? null },
            { payload: replies[i] ?? null, expiry: expiryOf(replies[keys.length + i]) },
            source.nowMs,
          );
          if (kind !== null) differing.push({ db, key, kind });
        }
        this.sizes = { source: source.size, target: Number(replies.at(-1)) };
        this.fitBatch(bytes, keys.length);
      },
    );
    return differing;
  }

  private async readSource(
    db: number,
    keys: readonly Buffer[],
  ): Promise<{ value: SourceView; offset: number }> {
    const control = await this.live.control();
    const ignore = (): void => {};
    control.request(['MULTI'], ignore);
    control.request(['SELECT', db], ignore);
    for (const key of keys) control.request(['DUMP', key], ignore);
    if (this.knowsExpiry) for (const key of keys) control.request(['PEXPIRETIME', key], ignore);
    control.request(['TIME'], ignore);
    control.request(['DBSIZE'], ignore);
    control.request(['INFO', 'replication'], ignore);
    const replies = (await control.must('not-permitted', 'EXEC')) as readonly Reply[];
    const info = replies.at(-1);
    if (!Buffer.isBuffer(info)) throw new ImportError('not-permitted', 'INFO in a transaction');
    const payloads = replies.slice(1, 1 + keys.length);
    const expiries = this.knowsExpiry ? replies.slice(1 + keys.length, 1 + 2 * keys.length) : null;
    const nowMs = timeOf(replies.at(-3));
    const value = { payloads, expiries, size: Number(replies.at(-2)), nowMs };
    return { value, offset: offsetOf(info.toString()) };
  }

  /** A batch holds its values in memory: where they are large it has fewer. */
  private fitBatch(bytes: number, keys: number): void {
    if (keys === 0) return;
    const fitting = Math.floor((keys * IN_FLIGHT_BYTES_MAX) / Math.max(bytes, 1));
    this.batchKeys = Math.max(1, Math.min(COMPARE_BATCH_KEYS, fitting, this.batchKeys * 2));
  }

  private async functionsAreSame(): Promise<boolean> {
    const source = await (await this.live.control()).ask('FUNCTION', 'DUMP');
    // Before 7.0 there were none.
    if (isFault(source)) return true;
    const target = await this.options.inspect.must('not-permitted', 'FUNCTION', 'DUMP');
    return librariesOf(source) === librariesOf(target);
  }

  private wait(): Promise<void> {
    const { clock } = this.options;
    return new Promise((resolve) => {
      clock.setTimer(COMPARE_ROUND_WAIT_MS, resolve);
    });
  }
}

function* batches<T>(items: readonly T[], size: () => number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; ) {
    const some = items.slice(at, at + size());
    at += some.length;
    yield some;
  }
}

function expiryOf(reply: Reply | undefined): Reply {
  return typeof reply === 'number' ? reply : null;
}

/** Unix ms of an answer of TIME; 0 where there is none. */
function timeOf(reply: Reply | undefined): number {
  if (!Array.isArray(reply)) return 0;
  const [seconds, micros] = reply as readonly Reply[];
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

function librariesOf(payload: Reply): string {
  const texts = Buffer.isBuffer(payload) ? readFunctionDump(payload) : 'bad-format';
  if (!Array.isArray(texts)) throw new ImportError('not-permitted', 'FUNCTION DUMP');
  return JSON.stringify(texts.map((text) => text.toString('latin1')).sort());
}

/** FNV-1a, finished so that its high bits depend on all of the key. */
function hashOf(key: Buffer): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
