/**
 * Faults at random moments, one after the other, while clients write, read and remove files and keep the hashes of what was
 * acknowledged: processes are killed and stopped, racks are lost, bytes on disks are flipped.
 *
 * Always: no wrong byte is read, nothing acknowledged is lost, all becomes whole by itself. At the end: nothing is left of
 * what was removed.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { runHere } from '../../support/files/files-process.ts';
import { type Facts, FilesCluster, Writers } from './cluster.ts';

/** Two racks, so that each has a replica of each block. */
const RACKS = ['a', 'a', 'b', 'b'];
/** Files that are kept; more are removed, the oldest first. */
const KEPT = 60;
const WHOLE_MS = 60_000;
/** An order to delete that has no answer is waited for half a minute, and as long again before it is given anew. */
const GONE_MS = 150_000;

export interface FaultPlan {
  readonly seed: number;
  /** Whether another round is to come. */
  goesOn(rounds: number): boolean;
}

export interface FaultReport {
  rounds: number;
  written: number;
  /** Writes that were not acknowledged. */
  refused: number;
  read: number;
  /** Reads that gave no bytes, while processes were away. */
  unread: number;
  removed: number;
  readonly faults: Record<string, number>;
}

/** @throws AssertionError when something was lost or wrong. */
export async function runRandomFaults(plan: FaultPlan): Promise<FaultReport> {
  const cluster = await FilesCluster.start(RACKS, { 'files.cluster.nameless': '1s' });
  try {
    const run = new Run(cluster, plan.seed);
    while (plan.goesOn(run.report.rounds)) await run.round();
    await run.end();
    return run.report;
  } finally {
    await cluster.stop();
  }
}

/** Enough whole replicas of every block are there. */
export function isWhole(facts: Facts): boolean {
  const { lackingReplicas, missingBlocks, oneRackBlocks } = facts;
  const wrong = [lackingReplicas, missingBlocks, oneRackBlocks];
  return facts.safeMode === false && wrong.every((count) => count === 0);
}

/** Flips a bit in what the file has there, if it has. */
export function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  if (bytes.length <= at) return;
  bytes[at]! ^= 0x10;
  writeFileSync(path, bytes);
}

class Run {
  readonly report: FaultReport = {
    ...{ rounds: 0, written: 0, refused: 0, read: 0, unread: 0, removed: 0 },
    faults: {},
  };
  private readonly cluster: FilesCluster;
  private readonly numbers: Iterator<number>;
  /** Hashes of files by their paths, the oldest first. */
  private readonly files = new Map<string, string>();
  /** Of them those that may be gone: nobody knows how their removal ended. */
  private readonly doubtful = new Set<string>();

  constructor(cluster: FilesCluster, seed: number) {
    this.cluster = cluster;
    this.numbers = fc
      .sample(fc.infiniteStream(fc.nat(2 ** 31 - 1)), { seed, numRuns: 1 })[0]!
      [Symbol.iterator]();
  }

  private below(count: number): number {
    return this.numbers.next().value % count;
  }

  async round(): Promise<void> {
    const { cluster, report } = this;
    const faults = [
      () => this.nodeIsKilled(),
      () => this.nodeIsKilled(),
      () => this.nameIsKilled(),
      () => this.bothAreKilled(),
      () => this.nodeIsSilent(),
    ];
    const writers = new Writers(cluster, `round-${report.rounds}`, 2);
    const readers = new AbortController();
    const reading = this.readOn(readers.signal);
    try {
      await wait(this.below(1000));
      await faults[this.below(faults.length)]!();
      await wait(this.below(1000));
    } finally {
      readers.abort();
      await writers.stop();
      await reading;
    }
    for (const [path, hash] of writers.acknowledged) this.files.set(path, hash);
    report.written += writers.acknowledged.size;
    report.refused += writers.refused.length;
    await this.becomesWhole();
    await this.checkAll();
    if (this.below(3) === 0) await this.rackIsLost();
    if (this.below(3) === 0) await this.bytesAreFlipped();
    await this.removeSome(KEPT);
    report.rounds++;
  }

  /** Everything is removed, and nothing of it stays on the disks. */
  async end(): Promise<void> {
    const { cluster } = this;
    await this.becomesWhole();
    await this.checkAll();
    await this.becomesWell();
    await cluster.until(
      () => `all to be removed: ${[...this.files.keys()].join(' ')}`,
      async () => {
        await this.removeSome(0);
        return this.files.size === 0;
      },
      WHOLE_MS,
    );
    let left: string[] = [];
    await cluster.until(
      () => `the blocks to be gone: ${left.join(' ')}`,
      () => {
        left = cluster.nodes.flatMap((_, nth) =>
          cluster.blockFiles(nth).filter((path) => path.endsWith('.blk')),
        );
        return left.length === 0;
      },
      GONE_MS,
    );
  }

  /** Every replica is read: damage that nobody has met is found and made good. */
  private async becomesWell(): Promise<void> {
    const { address, tokenFile } = this.cluster.admin;
    const check = ['files', 'fsck', '--json', '--admin', address, '--token-file', tokenFile];
    let last = '';
    await this.cluster.until(
      () => `a check without problems: ${last}`,
      async () => {
        const { code, out, err } = await runHere(check);
        last = `${code} ${out.toString().slice(-2000)} ${err}`;
        return code === 0;
      },
      WHOLE_MS,
    );
  }

  private note(fault: string): void {
    this.report.faults[fault] = (this.report.faults[fault] ?? 0) + 1;
  }

  private async becomesWhole(): Promise<void> {
    await this.cluster.until(
      'all to be whole',
      (facts) => facts.nodesLive === 5 && isWhole(facts),
      WHOLE_MS,
    );
  }

  private async nodeIsKilled(): Promise<void> {
    this.note('DataNode killed');
    const nth = this.below(RACKS.length);
    await this.cluster.killNode(nth);
    await wait(this.below(5000));
    this.cluster.restartNode(nth);
    if (this.below(2) === 0) return;
    // Again, perhaps while it starts.
    await wait(this.below(2000));
    await this.cluster.killNode(nth);
    this.cluster.restartNode(nth);
  }

  private async nameIsKilled(): Promise<void> {
    this.note('NameNode killed');
    await this.cluster.killName();
    await wait(this.below(1500));
    await this.cluster.restartName();
    await this.cluster.until(
      'the end of safe mode',
      ({ safeMode }) => safeMode === false,
      WHOLE_MS,
    );
  }

  private async bothAreKilled(): Promise<void> {
    this.note('both killed');
    const nth = this.below(RACKS.length);
    await Promise.all([this.cluster.killNode(nth), this.cluster.killName()]);
    this.cluster.restartNode(nth);
    await this.cluster.restartName();
    await this.cluster.until(
      'the end of safe mode',
      ({ safeMode }) => safeMode === false,
      WHOLE_MS,
    );
  }

  private async nodeIsSilent(): Promise<void> {
    this.note('DataNode silent');
    const nth = this.below(RACKS.length);
    this.cluster.signalNode(nth, 'SIGSTOP');
    await wait(this.below(6000));
    this.cluster.signalNode(nth, 'SIGCONT');
  }

  /** What is whole can be read without any of the racks. */
  private async rackIsLost(): Promise<void> {
    this.note('rack lost');
    const first = 2 * this.below(2);
    for (const nth of [first, first + 1]) await this.cluster.killNode(nth);
    await this.checkAll();
    for (const nth of [first, first + 1]) this.cluster.restartNode(nth);
    await this.becomesWhole();
  }

  /** Of what is whole, on one node. */
  private async bytesAreFlipped(): Promise<void> {
    this.note('bytes flipped');
    const paths = this.cluster.blockFiles(this.below(RACKS.length));
    for (let left = Math.min(20, paths.length); left > 0; left--) {
      flip(paths[this.below(paths.length)]!, 100 + this.below(60_000));
    }
    await this.checkAll();
    // A rack that is lost next may have the only replicas without damage.
    await this.becomesWell();
    await this.becomesWhole();
    await this.checkAll();
  }

  private async readOn(signal: AbortSignal): Promise<void> {
    const { report } = this;
    while (!signal.aborted) {
      const paths = [...this.files.keys()].filter((path) => !this.doubtful.has(path));
      const path = paths[Math.floor(Math.random() * paths.length)];
      if (path === undefined) return;
      const met = await this.cluster.hashOf(path);
      if (met === this.files.get(path)) report.read++;
      else {
        assert.ok(met.length !== 64, `${path} is read and is another`);
        report.unread++;
      }
      await wait(20);
    }
  }

  private async checkAll(): Promise<void> {
    const { cluster } = this;
    const paths = [...this.files.keys()];
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
          const met = await cluster.hashOf(path);
          if (this.doubtful.has(path) && met.startsWith('404')) continue;
          assert.equal(
            met,
            this.files.get(path),
            `${path}\n${met.length === 64 ? '' : cluster.output()}`,
          );
        }
      }),
    );
  }

  /** The oldest ones, until so many are left. */
  private async removeSome(left: number): Promise<void> {
    for (const path of this.files.keys()) {
      if (this.files.size <= left) return;
      const removed = await this.cluster.remove(path);
      if (removed === undefined) {
        this.doubtful.add(path);
        continue;
      }
      assert.ok(removed || this.doubtful.has(path), `${path} is there to be removed`);
      this.files.delete(path);
      this.report.removed++;
    }
  }
}
