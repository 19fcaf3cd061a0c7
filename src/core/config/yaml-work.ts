/**
 * Reading and editing YAML without holding up the loop: short texts are done at once, long ones in a thread.
 *
 * A file with a thousand servers takes 80 to 200 ms to be changed, in which nobody would be served. The thread is
 * started when it is needed and ended when it was not for a while.
 *
 * Invariants: what comes out is the same wherever it was done; a thread that cannot be had or that dies costs time,
 * never the change.
 */
import type { Clock, Thread, Threads, Timer } from '../runtime/index.ts';
import type { ConfigFile } from './config-source.ts';
import type { MapEdit } from './edit.ts';
import { editYaml, type YamlEdited } from './yaml-edit.ts';
import type { YamlDone, YamlJob } from './yaml-thread.ts';

/** Characters up to which a text is done at once: a few milliseconds. */
const AT_ONCE_MAX = 8 * 1024;
const IDLE_MS = 30_000;

/** A job but for its id. */
type Work = YamlJob extends infer J ? (J extends unknown ? Omit<J, 'id'> : never) : never;

export interface YamlWorld {
  readonly threads: Threads;
  readonly clock: Clock;
}

export class YamlWork {
  readonly #world: YamlWorld | undefined;
  readonly #waiting = new Map<number, (done: YamlDone | undefined) => void>();
  #thread: Thread | undefined;
  #timer: Timer | undefined;
  #lastId = 0;

  /** @param world absent: everything is done at once */
  constructor(world?: YamlWorld) {
    this.#world = world;
  }

  /** As `editYaml`. */
  async edit(text: string, edit: MapEdit, source: string): Promise<YamlEdited> {
    const done = await this.#inThread({ text, source, edit });
    return done !== undefined && 'edited' in done ? done.edited : editYaml(text, edit, source);
  }

  /** The file with what its text says, if that is long and right; else as it was, for whoever loads it to read. */
  async parsed(file: ConfigFile): Promise<ConfigFile> {
    if (file.raw !== undefined) return file;
    const done = await this.#inThread({ text: file.text, source: file.name });
    if (done === undefined || !('reading' in done) || !done.reading.ok) return file;
    return { ...file, raw: done.reading.value };
  }

  /** Undefined: it is to be done at once. */
  #inThread(work: Work): Promise<YamlDone | undefined> {
    const world = this.#world;
    if (world === undefined || work.text.length <= AT_ONCE_MAX) return Promise.resolve(undefined);
    if (this.#timer !== undefined) world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    try {
      this.#thread ??= this.#start(world);
    } catch {
      return Promise.resolve(undefined);
    }
    const thread = this.#thread;
    const id = ++this.#lastId;
    thread.keepAlive(true);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      thread.post({ id, ...work });
    });
  }

  #start(world: YamlWorld): Thread {
    const thread: Thread = world.threads.start(new URL('./yaml-thread.ts', import.meta.url), {
      onMessage: (message) => this.#answered(message as YamlDone, world),
      onEnd: () => {
        if (this.#thread !== thread) return;
        this.#thread = undefined;
        for (const resolve of this.#waiting.values()) resolve(undefined);
        this.#waiting.clear();
      },
    });
    return thread;
  }

  #answered(done: YamlDone, { clock }: YamlWorld): void {
    this.#waiting.get(done.id)?.(done);
    this.#waiting.delete(done.id);
    if (this.#waiting.size > 0) return;
    this.#thread?.keepAlive(false);
    this.#timer = clock.setTimer(IDLE_MS, () => {
      const thread = this.#thread;
      this.#thread = undefined;
      this.#timer = undefined;
      void thread?.stop();
    });
    this.#timer.unref();
  }
}
