/**
 * A thread that runs the jobs of several workers, from the first one on until it has ended.
 *
 *     a worker asks ──▶ has a share in the thread ──▶ released: its jobs there end
 *                                                      └─ the last one: the thread ends
 */
import { InvariantError } from '../../base/index.ts';
import type { Thread, Threads } from '../../runtime/index.ts';
import { LsmError, type LsmErrorContext } from './errors.ts';
import type { PlainError, Work, WorkerAnswer } from './worker-main.ts';

interface Pending {
  readonly worker: number;
  resolve(answer: WorkerAnswer): void;
  reject(error: LsmError): void;
  onProgress?: ((doneBytes: number) => void) | undefined;
}

export class WorkerThread {
  /** It ends or has ended: nobody asks it any more. */
  isOver = false;
  private readonly thread: Thread;
  private readonly pending = new Map<number, Pending>();
  /** Those that have asked for something and were not released. */
  private readonly workers = new Set<number>();
  private lastId = 0;

  constructor(threads: Threads) {
    this.thread = threads.start(new URL('./worker-main.ts', import.meta.url), {
      onMessage: (message) => this.answer(message as WorkerAnswer),
      onEnd: (error) => this.ended(error),
    });
  }

  /** @throws LsmError. */
  ask(worker: number, work: Work, onProgress?: (doneBytes: number) => void): Promise<WorkerAnswer> {
    this.workers.add(worker);
    return new Promise((resolve, reject) => {
      this.post(work, { worker, resolve, reject, onProgress });
    });
  }

  /**
   * For a worker that asks for nothing more: what it waits for ends without a result, and nothing of it runs when
   * this resolves.
   */
  async release(worker: number): Promise<void> {
    if (!this.workers.delete(worker)) return;
    const dropped = this.takePending(worker);
    if (this.workers.size > 0) await this.end(worker);
    else {
      this.isOver = true;
      await this.thread.stop();
    }
    for (const { reject } of dropped) reject(new LsmError('closed'));
  }

  /** Resolves as well when the thread ends meanwhile. */
  private end(worker: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => resolve();
      this.post({ kind: 'end' }, { worker, resolve: done, reject: done });
    });
  }

  private post(work: Work, pending: Pending): void {
    const id = ++this.lastId;
    this.thread.keepAlive(true);
    this.pending.set(id, pending);
    this.thread.post({ id, worker: pending.worker, ...work });
  }

  private takePending(worker: number): Pending[] {
    const taken: Pending[] = [];
    for (const [id, pending] of this.pending) {
      if (pending.worker !== worker) continue;
      this.pending.delete(id);
      taken.push(pending);
    }
    return taken;
  }

  private answer(answer: WorkerAnswer): void {
    const pending = this.pending.get(answer.id);
    if (pending === undefined) return;
    if ('doneBytes' in answer) {
      pending.onProgress?.(answer.doneBytes);
      return;
    }
    this.pending.delete(answer.id);
    if (this.pending.size === 0) this.thread.keepAlive(false);
    if ('error' in answer) pending.reject(restoredError(answer.error));
    else pending.resolve(answer);
  }

  private ended(error: Error | null): void {
    this.isOver = true;
    this.workers.clear();
    // On its way out of a real thread it has lost its class.
    if (error?.name === InvariantError.name)
      throw new InvariantError(error.message, { cause: error });
    const detail = `its thread ended: ${error?.message ?? 'without a word'}`;
    for (const { reject } of this.pending.values()) reject(new LsmError('io', { detail }));
    this.pending.clear();
  }
}

export function restoredError({ code, file, offset, detail }: PlainError): LsmError {
  const context: LsmErrorContext = {
    ...(file === undefined ? {} : { file }),
    ...(offset === undefined ? {} : { offset }),
    ...(detail === undefined ? {} : { detail }),
  };
  return new LsmError(code, context);
}
