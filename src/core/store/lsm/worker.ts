/**
 * Runs the engine's jobs on a thread (worker-main.ts), of its own or shared with other engines.
 *
 * The thread is started with the first job, and anew with the next one when it has ended.
 */
import type { Threads } from '../../runtime/index.ts';
import { LsmError } from './errors.ts';
import type {
  CompactionJob,
  FlushJob,
  JobReport,
  LsmWorker,
  TableMeta,
  VerifyJob,
  VerifyReport,
} from './types.ts';
import { asBuffer, type Work, type WorkerAnswer } from './worker-main.ts';
import { restoredError, WorkerThread } from './worker-thread.ts';

export interface LsmWorkers {
  /** A worker for one engine. */
  worker(): LsmWorker;
}

/** Workers that share a thread, which ends when all that had jobs for it are closed. */
export function createLsmWorkers(threads: Threads): LsmWorkers {
  const shared = new SharedThread(threads);
  let last = 0;
  return { worker: () => new ThreadWorker(shared, ++last) };
}

/** A worker with a thread of its own. */
export function createLsmWorker(threads: Threads): LsmWorker {
  return createLsmWorkers(threads).worker();
}

class SharedThread {
  private readonly threads: Threads;
  private thread: WorkerThread | undefined;

  constructor(threads: Threads) {
    this.threads = threads;
  }

  /** The thread at hand, or a new one. */
  get(): WorkerThread {
    if (this.thread === undefined || this.thread.isOver) {
      this.thread = new WorkerThread(this.threads);
    }
    return this.thread;
  }

  async release(worker: number): Promise<void> {
    await this.thread?.release(worker);
  }
}

class ThreadWorker implements LsmWorker {
  private readonly shared: SharedThread;
  private readonly number: number;
  private closing: Promise<void> | undefined;

  constructor(shared: SharedThread, number: number) {
    this.shared = shared;
    this.number = number;
  }

  async flush(job: FlushJob): Promise<JobReport> {
    return reportOf(await this.ask({ kind: 'flush', job }));
  }

  async compact(job: CompactionJob): Promise<JobReport> {
    return reportOf(await this.ask({ kind: 'compact', job }));
  }

  async verify(job: VerifyJob, onProgress: (doneBytes: number) => void): Promise<VerifyReport> {
    const answer = await this.ask({ kind: 'verify', job }, onProgress);
    if (!('verified' in answer)) throw new LsmError('io', { detail: 'the thread answered oddly' });
    return { ...answer.verified, damage: answer.damage.map(restoredError) };
  }

  close(): Promise<void> {
    this.closing ??= this.shared.release(this.number);
    return this.closing;
  }

  private async ask(work: Work, onProgress?: (doneBytes: number) => void): Promise<WorkerAnswer> {
    if (this.closing !== undefined) throw new LsmError('closed');
    return this.shared.get().ask(this.number, work, onProgress);
  }
}

function reportOf(answer: WorkerAnswer): JobReport {
  if (!('report' in answer)) throw new LsmError('io', { detail: 'the thread answered oddly' });
  return { ...answer.report, tables: answer.report.tables.map(restored) };
}

/** Buffers arrive as plain byte arrays. */
function restored(meta: TableMeta): TableMeta {
  return { ...meta, smallest: asBuffer(meta.smallest), end: asBuffer(meta.end) };
}
