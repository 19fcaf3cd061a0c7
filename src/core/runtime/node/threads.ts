/**
 * Threads of this process, by node:worker_threads.
 *
 * A thread inherits none of the process's options but those for profiles: preloaded modules (`--import`)
 * are not meant for it, `--input-type` forbids it to start, and `--unhandled-rejections` could hide errors.
 */
import { Worker } from 'node:worker_threads';
import type { Thread, ThreadEvents, Threads } from '../threads.ts';

const main = new URL('./thread-main.ts', import.meta.url);

export function createNodeThreads(): Threads {
  return { start: (module, events) => new NodeThread(module, events) };
}

class NodeThread implements Thread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #error: Error | null = null;
  #stopping = false;

  constructor(module: URL, events: ThreadEvents) {
    const worker = new Worker(main, {
      workerData: module.href,
      execArgv: profileOptions(process.execArgv),
    });
    this.#worker = worker;
    worker.on('message', (message: unknown) => {
      if (!this.#stopping) events.onMessage(message);
    });
    // The end may come before messages that were posted earlier; 'exit' comes behind them.
    worker.on('error', (error) => {
      this.#error ??= asError(error);
    });
    worker.on('messageerror', (error) => {
      this.#error ??= asError(error);
      void worker.terminate();
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        if (this.#stopping) events.onEnd(null);
        else events.onEnd(this.#error ?? new Error(`the thread ended itself with code ${code}`));
        resolve();
      });
    });
    // Behind the listeners, each of which would hold the process again.
    worker.unref();
  }

  post(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  keepAlive(on: boolean): void {
    if (on) this.#worker.ref();
    else this.#worker.unref();
  }

  async stop(): Promise<void> {
    // One that failed already, and is about to tell, ends with its error.
    this.#stopping ||= this.#error === null;
    await this.#worker.terminate();
    await this.#ended;
  }
}

/** Those options of a process that make its threads write profiles too, with their values. */
function profileOptions(execArgv: readonly string[]): string[] {
  return execArgv.filter((option, at) => {
    if (/^--(cpu|heap)-prof(-dir|-interval)?(=|$)/.test(option)) return true;
    return /^--(cpu|heap)-prof-(dir|interval)$/.test(execArgv[at - 1] ?? '');
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`the thread threw ${String(error)}`);
}
