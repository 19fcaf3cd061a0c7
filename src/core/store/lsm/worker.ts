/**
 * Runs the engine's jobs on a thread (worker-main.ts), which is started with the first one.
 */
import { InvariantError } from '../../base/index.ts';
import type { Thread, Threads } from '../../runtime/index.ts';
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
import { asBuffer, type WorkerAnswer, type WorkerRequest } from './worker-main.ts';

interface Pending {
  resolve(answer: WorkerAnswer): void;
  reject(error: LsmError): void;
  onProgress?: ((doneBytes: number) => void) | undefined;
}

/** A request but for its id. */
type Work = WorkerRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

export function createLsmWorker(threads: Threads): LsmWorker {
  return new ThreadWorker(threads);
}

class ThreadWorker implements LsmWorker {
  private readonly threads: Threads;
  private readonly pending = new Map<number, Pending>();
  private thread: Thread | undefined;
  private lastId = 0;
  private closed = false;

  constructor(threads: Threads) {
    this.threads = threads;
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
    const damage = answer.damage.map(({ code, ...context }) => new LsmError(code, given(context)));
    return { ...answer.verified, damage };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.thread?.stop();
  }

  private ask(work: Work, onProgress?: (doneBytes: number) => void): Promise<WorkerAnswer> {
    if (this.closed) return Promise.reject(new LsmError('closed'));
    this.thread ??= this.start();
    this.thread.keepAlive(true);
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject, onProgress });
      this.thread?.post({ id, ...work });
    });
  }

  private start(): Thread {
    return this.threads.start(new URL('./worker-main.ts', import.meta.url), {
      onMessage: (message) => this.answer(message as WorkerAnswer),
      onEnd: (error) => {
        this.thread = undefined;
        if (this.closed) {
          this.failAll(new LsmError('closed'));
          return;
        }
        if (error instanceof InvariantError) throw error;
        const detail = `its thread ended: ${error?.message ?? 'without a word'}`;
        this.failAll(new LsmError('io', { detail }));
      },
    });
  }

  private answer(answer: WorkerAnswer): void {
    const pending = this.pending.get(answer.id);
    if (pending === undefined) return;
    if ('doneBytes' in answer) {
      pending.onProgress?.(answer.doneBytes);
      return;
    }
    this.pending.delete(answer.id);
    if (this.pending.size === 0) this.thread?.keepAlive(false);
    if ('error' in answer) {
      const { code, ...context } = answer.error;
      pending.reject(new LsmError(code, given(context)));
    } else pending.resolve(answer);
  }

  private failAll(error: LsmError): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
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

/** The members that are there. */
function given(context: {
  file: string | undefined;
  offset: number | undefined;
  detail: string | undefined;
}): { file?: string; offset?: number; detail?: string } {
  const { file, offset, detail } = context;
  return {
    ...(file === undefined ? {} : { file }),
    ...(offset === undefined ? {} : { offset }),
    ...(detail === undefined ? {} : { detail }),
  };
}
