/**
 * The thread of the engine: takes jobs, answers with their reports (worker.ts is the other end).
 *
 * A flush runs at once, also between two steps of a compaction under way. Compactions and verifications
 * run one after the other, whichever worker they are of.
 */
import { InvariantError } from '../../base/index.ts';
import type { ThreadWorld } from '../../runtime/index.ts';
import { LsmError } from './errors.ts';
import { JobQueue } from './job-queue.ts';
import { compactTables, flushMemtable } from './rewrite.ts';
import { TableMemory } from './table-writer.ts';
import type { CompactionJob, FlushJob, JobReport, VerifyJob, VerifyReport } from './types.ts';
import { verifyTables } from './verify.ts';

/** What a worker asks for. `end`: its last request; answered when nothing of it runs any more. */
export type Work =
  | { readonly kind: 'flush'; readonly job: FlushJob }
  | { readonly kind: 'compact'; readonly job: CompactionJob }
  | { readonly kind: 'verify'; readonly job: VerifyJob }
  | { readonly kind: 'end' };

export type WorkerRequest = Work & {
  readonly id: number;
  /** Number of the worker that asks. */
  readonly worker: number;
};

type JobRequest = Exclude<WorkerRequest, { readonly kind: 'end' }>;

/** An `LsmError` as it crosses between threads. */
export interface PlainError {
  readonly code: LsmError['code'];
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly detail: string | undefined;
}

export type WorkerAnswer =
  | { readonly id: number; readonly report: JobReport }
  | {
      readonly id: number;
      readonly verified: Omit<VerifyReport, 'damage'>;
      readonly damage: readonly PlainError[];
    }
  | { readonly id: number; readonly doneBytes: number }
  | { readonly id: number; readonly ended: true }
  | { readonly id: number; readonly error: PlainError };

/** Never resolves; rejects with a broken invariant, which ends the process. */
export function run(world: ThreadWorld): Promise<void> {
  return new Promise((_resolve, reject) => serve(world, reject));
}

function serve(world: ThreadWorld, fail: (error: InvariantError) => void): void {
  const { disk, clock } = world;
  const post = (answer: WorkerAnswer) => world.post(answer);
  // A flush goes on between two steps of a compaction.
  const memory = { flush: new TableMemory(), compaction: new TableMemory() };

  const perform = async (request: JobRequest): Promise<void> => {
    const { id, kind, job } = request;
    try {
      if (kind === 'flush') post({ id, report: flushMemtable(disk, job, memory.flush) });
      else if (kind === 'compact') {
        const report = await compactTables(disk, restored(job), nextStep, memory.compaction);
        post({ id, report });
      } else {
        const progress = (doneBytes: number) => post({ id, doneBytes });
        const tables = job.tables.map(withBuffers);
        const report = await verifyTables(disk, { ...job, tables }, nextStep, progress);
        const { damage, ...verified } = report;
        post({ id, verified, damage: damage.map(plainError) });
      }
    } catch (error) {
      if (error instanceof InvariantError) {
        fail(error);
        return;
      }
      post({ id, error: plainError(LsmError.from(error, job.options.folder)) });
    }
  };

  const queue = new JobQueue(perform);
  const nextStep = () =>
    new Promise<void>((resolve, reject) => {
      clock.nextTurn(() => {
        if (queue.isEnding) reject(new LsmError('closed'));
        else resolve();
      });
    });

  world.onMessage((message) => {
    const request = message as WorkerRequest;
    const { id, worker, kind } = request;
    if (kind === 'flush') void perform(withRangeBuffers(request));
    else if (kind === 'end') queue.end(worker, () => post({ id, ended: true }));
    else queue.add(request);
  });
}

function plainError({ code, file, offset, detail }: LsmError): PlainError {
  return { code, file, offset, detail };
}

/** Buffers arrive as plain byte arrays. */
function withBuffers<T extends { readonly smallest: Uint8Array; readonly end: Uint8Array }>(
  range: T,
): T & { smallest: Buffer; end: Buffer } {
  return { ...range, smallest: asBuffer(range.smallest), end: asBuffer(range.end) };
}

function restored(job: CompactionJob): CompactionJob {
  return { ...job, inputs: job.inputs.map(withBuffers), below: job.below.map(withBuffers) };
}

function withRangeBuffers(request: JobRequest & { kind: 'flush' }): JobRequest {
  const rangeDeletes = request.job.rangeDeletes.map(({ from, to, sequence }) => {
    return { from: asBuffer(from), to: asBuffer(to), sequence };
  });
  return { ...request, job: { ...request.job, rangeDeletes } };
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
