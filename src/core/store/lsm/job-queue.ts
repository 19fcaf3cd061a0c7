/**
 * Long jobs of all workers of a thread: one after the other, in the order they came.
 *
 * When a worker ends, what it has waiting is dropped, and what it has under way is to end at its next step.
 */
export class JobQueue<J extends { readonly worker: number }> {
  private readonly perform: (job: J) => Promise<void>;
  private waiting: J[] = [];
  private running: J | undefined;
  private onEnded: (() => void) | undefined;

  /** @param perform never rejects, and looks at `isEnding` between two steps. */
  constructor(perform: (job: J) => Promise<void>) {
    this.perform = perform;
  }

  /** Nobody wants the job under way any more. */
  get isEnding(): boolean {
    return this.onEnded !== undefined;
  }

  add(job: J): void {
    this.waiting.push(job);
    if (this.running === undefined) void this.run();
  }

  /** A worker that asks for nothing more. @param done no job of it is under way any more. */
  end(worker: number, done: () => void): void {
    this.waiting = this.waiting.filter((job) => job.worker !== worker);
    if (this.running?.worker === worker) this.onEnded = done;
    else done();
  }

  private async run(): Promise<void> {
    for (let job = this.waiting.shift(); job !== undefined; job = this.waiting.shift()) {
      this.running = job;
      await this.perform(job);
      this.running = undefined;
      this.onEnded?.();
      this.onEnded = undefined;
    }
  }
}
