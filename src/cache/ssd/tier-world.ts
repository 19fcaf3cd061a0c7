/**
 * Test support: a tier on a simulated disk, small, so that segments fill and leave all the time.
 */
import assert from 'node:assert/strict';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { DiskTier } from './disk-tier.ts';
import type { Damage, DiskRecord, DiskTierOptions, PutAnswer, ReadProblem } from './types.ts';

export const FOLDER = '/data/cache';

export interface Content {
  readonly meta: Buffer;
  readonly body: Buffer;
  readonly sequence: number;
}

export interface PutResult {
  readonly answer: PutAnswer;
  /** Whether `done` was called, and what it said. */
  stored: boolean | null;
}

export class TierWorld {
  readonly random: ReturnType<typeof createSimRandom>;
  readonly clock = createSimClock();
  readonly disk: SimDisk;
  /** How often a look at the time shows that a while has passed: reads on the loop pass for slow. */
  slowness = 0.2;
  /** The disk was told to fail: a body that is not read is none. */
  mayFail = false;
  readonly damage: Damage[] = [];
  readonly states: string[] = [];
  readonly options: Partial<DiskTierOptions>;
  private opened: DiskTier | null = null;
  private skewMs = 0;

  constructor(seed: number, options: Partial<DiskTierOptions> = {}) {
    this.random = createSimRandom(seed);
    this.disk = new SimDisk(this.clock, this.random.fork());
    this.options = options;
    this.disk.mkdirSync('/data');
  }

  get tier(): DiskTier {
    assert.ok(this.opened !== null, 'the tier is open');
    return this.opened;
  }

  async open(extra: Partial<DiskTierOptions> = {}): Promise<DiskTier> {
    const { disk, clock, random } = this;
    this.opened = await this.settle(
      DiskTier.open({
        disk,
        clock: {
          ...clock,
          monotonicMs: () => {
            if (random.chance(this.slowness)) this.skewMs += 2;
            return clock.monotonicMs() + this.skewMs;
          },
        },
        random,
        folder: FOLDER,
        bytesMax: 512 * 1024,
        segmentBytes: 16 * 1024,
        onState: (state) => this.states.push(state),
        onDamage: (damage) => this.damage.push(damage),
        ...this.options,
        ...extra,
      }),
    );
    return this.opened;
  }

  async close(): Promise<void> {
    await this.settle(this.tier.close());
    this.opened = null;
  }

  async reopen(): Promise<DiskTier> {
    await this.close();
    return this.open();
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise);
  }

  /** Puts a record under the hash that belongs to a key; the body comes in pieces of odd sizes. */
  put(key: number, tag: number, content: Content): PutResult {
    const result: { answer: PutAnswer; stored: boolean | null } = { answer: 'full', stored: null };
    const cut = this.random.below(content.body.length + 1);
    result.answer = this.tier.put({
      ...hashOf(key),
      tag,
      sequence: content.sequence,
      meta: content.meta,
      body: [content.body.subarray(0, cut), content.body.subarray(cut)],
      done: (stored) => {
        assert.equal(result.stored, null, 'done is called once');
        result.stored = stored;
      },
    });
    return result;
  }

  flush(): Promise<void> {
    return this.settle(this.tier.flush());
  }

  find(key: number, tag?: number): Promise<DiskRecord | null> {
    const { hashLow, hashHigh } = hashOf(key);
    return this.settle(
      this.tier.find(hashLow, hashHigh, (record) => tag === undefined || record.tag === tag),
    );
  }

  /** What is given of a record at once; null: nothing is. */
  readNow(key: number, wanted?: number): (Content & { readonly tag: number }) | null {
    const { hashLow, hashHigh } = hashOf(key);
    const now = this.tier.findNow(
      hashLow,
      hashHigh,
      (record) => wanted === undefined || record.tag === wanted,
    );
    if (now === null) return null;
    const { buffer, metaStart, bodyStart, bodyBytes, sequence, tag } = now;
    const meta = Buffer.from(buffer.subarray(metaStart, bodyStart));
    const body = Buffer.from(buffer.subarray(bodyStart, bodyStart + bodyBytes));
    return { meta, body, sequence, tag };
  }

  /** The bytes of a body, or what ended its reading. */
  async body(
    record: DiskRecord,
    from = 0,
    to: number = record.bodyBytes,
  ): Promise<Buffer | ReadProblem> {
    const pieces: Buffer[] = [];
    let outcome: ReadProblem | null | undefined;
    this.tier.readBody(
      record,
      { from, to },
      {
        onPiece: (piece) => pieces.push(piece) > 0,
        onEnd: (problem) => {
          assert.equal(outcome, undefined, 'a reading ends once');
          outcome = problem;
        },
      },
    );
    if (outcome === undefined) await this.clock.runUntil(() => outcome !== undefined);
    return outcome ?? Buffer.concat(pieces);
  }

  /** Meta and body of what is found, null: nothing is. What is given at once is the same. */
  async read(key: number, tag?: number): Promise<Content | null> {
    const now = this.readNow(key, tag);
    const read = await this.readLater(key, tag);
    if (read !== null && now !== null) {
      const { meta, body, sequence } = now;
      assert.deepEqual({ meta, body, sequence }, read);
    }
    return read;
  }

  private async readLater(key: number, tag?: number): Promise<Content | null> {
    const record = await this.find(key, tag);
    if (record === null) return null;
    const body = await this.body(record);
    if (body === 'io' && this.mayFail) return null;
    assert.ok(Buffer.isBuffer(body), `a body that was found is read, not ${String(body)}`);
    return { meta: record.meta, body, sequence: record.sequence };
  }

  /** Bytes of all files of the tier. */
  usedBytes(): number {
    return this.files().reduce((sum, path) => sum + (this.disk.statSync(path)?.sizeBytes ?? 0), 0);
  }

  files(ending = ''): string[] {
    return this.disk
      .listSync(FOLDER)
      .filter((name) => name.endsWith(ending))
      .map((name) => `${FOLDER}/${name}`);
  }
}

export function hashOf(key: number): { hashLow: number; hashHigh: number } {
  // Few low words: chains are long, and equal low words tell nothing.
  return { hashLow: key % 7, hashHigh: key };
}

/** Content that tells what it is, so that a mix-up shows. */
export function contentOf(name: string, bodyBytes: number, sequence = 1): Content {
  const line = Buffer.from(`${name};`);
  return { meta: Buffer.from(name), body: Buffer.alloc(bodyBytes, line), sequence };
}
