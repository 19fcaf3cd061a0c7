/**
 * The store that is filled, and what it was given: snapshot first, then the commands of a stream in
 * their order, on one connection.
 *
 * Invariants: `appliedOffset` is an offset up to which the target has answered everything; a refusal of
 * the snapshot ends the import, one of the stream is counted unless it says that nothing can be written.
 */
import type { Network } from '../../core/runtime/index.ts';
import { type Arg, type Args, isFault, type Reply } from '../../core/wire/index.ts';
import { ImportError } from './errors.ts';
import { REFUSALS_KEPT } from './limits.ts';
import { type Endpoint, endpointName, openPipe, type RespPipe } from './resp-pipe.ts';

/** Refusals after which going on would only lose more. */
const FATAL = /^(OOM|MISCONF|READONLY|NOAUTH|NOPERM|LOADING|MASTERDOWN|CLUSTERDOWN|MOVED)\b/;

export interface TargetOptions {
  readonly dial: Network['dial'];
  readonly endpoint: Endpoint;
  /** Take a target that holds keys. */
  readonly replace: boolean;
}

export class ImportTarget {
  readonly pipe: RespPipe;
  readonly name: string;
  /** Commands of the stream that were given on. */
  commands = 0;
  appliedOffset = 0;
  /** Commands of the stream that the target refused, and the first of its words. */
  refused = 0;
  readonly refusals: string[] = [];
  /** Whether keys stay until the source removes them, as at a replica. */
  holdsExpired = false;
  /** Told once, when nothing can be written any more. */
  onFailed: (error: ImportError) => void = () => {};
  /** Told when `appliedOffset` has grown. */
  onApplied: () => void = () => {};
  /** How many databases the target has, as far as it says. */
  private databases = Number.POSITIVE_INFINITY;
  /** The database that the stream is in. */
  private streamDb = 0;
  /** Offsets of commands on their way; the last may grow by commands that are not given on. */
  private readonly sent: number[] = [];
  private failed = false;

  private constructor(pipe: RespPipe, name: string) {
    this.pipe = pipe;
    this.name = name;
    pipe.onLost = (error) => this.fail(error);
  }

  /** Connects and makes the target ready to be filled. @throws ImportError */
  static async open({ dial, endpoint, replace }: TargetOptions): Promise<ImportTarget> {
    const pipe = await openPipe({ dial, endpoint, lostCode: 'target-lost' });
    const target = new ImportTarget(pipe, endpointName(endpoint));
    try {
      if (!replace) await target.mustBeEmpty();
      target.databases = databasesOf(await pipe.ask('CONFIG', 'GET', 'databases'));
      target.holdsExpired = !isFault(await pipe.ask('CLIENT', 'IMPORT-SOURCE', 'ON'));
    } catch (error) {
      pipe.close();
      throw error;
    }
    return target;
  }

  private async mustBeEmpty(): Promise<void> {
    const info = await this.pipe.must('target-refused', 'INFO', 'keyspace');
    const counts = [...String(info).matchAll(/^db\d+:keys=(\d+)/gm)].map(([, keys]) =>
      Number(keys),
    );
    const keys = counts.reduce((sum, count) => sum + count, 0);
    if (keys > 0) throw new ImportError('target-not-empty', `${keys} keys at ${this.name}`);
  }

  /** One request of the snapshot. */
  readonly give = (args: readonly Arg[]): void => {
    if (args[0] === 'SELECT' && !this.hasDatabase(Number(args[1]))) return;
    if (this.failed) return;
    this.pipe.request(args, this.onSnapshotReply);
  };

  private readonly onSnapshotReply = (reply: Reply): void => {
    if (isFault(reply)) this.fail(new ImportError('target-refused', reply.error));
  };

  /**
   * The stream begins: at which offset and in which database. `done` is told when the target has
   * answered all of the snapshot.
   */
  beginStream(offset: number, db: number, done: () => void): void {
    this.streamDb = db;
    if (!this.hasDatabase(db)) return;
    this.sent.push(offset);
    this.pipe.request(['SELECT', db], (reply) => {
      this.onStreamReply(reply);
      done();
    });
  }

  /** One command of the stream. */
  forward(args: Args, raw: Buffer, endOffset: number): void {
    if (isOwn(args)) {
      this.skip(endOffset);
      return;
    }
    if (args.count === 2 && args.keyword(0) === 'SELECT') {
      this.streamDb = Number(args.text(1));
      this.hasDatabase(this.streamDb);
    }
    // What follows a refused SELECT would go into another database.
    if (this.failed) return;
    this.commands++;
    this.sent.push(endOffset);
    this.pipe.requestRaw(raw, this.onStreamReply);
  }

  private hasDatabase(db: number): boolean {
    if (db < this.databases) return true;
    const text = `database ${db}: it has ${this.databases}, raise kv.databases`;
    this.fail(new ImportError('target-refused', text));
    return false;
  }

  private skip(endOffset: number): void {
    if (this.sent.length > this.answered) this.sent[this.sent.length - 1] = endOffset;
    else this.applied(endOffset);
  }

  /** Of `sent`, how many were answered. */
  private answered = 0;

  private readonly onStreamReply = (reply: Reply): void => {
    const offset = this.sent[this.answered++] as number;
    if (this.answered === this.sent.length || this.answered === 4096) {
      this.sent.splice(0, this.answered);
      this.answered = 0;
    }
    this.applied(offset);
    if (isFault(reply)) this.refuse(reply.error);
    else if (Array.isArray(reply)) {
      for (const item of reply as readonly Reply[]) if (isFault(item)) this.refuse(item.error);
    }
  };

  private applied(offset: number): void {
    this.appliedOffset = offset;
    this.onApplied();
  }

  private refuse(error: string): void {
    this.refused++;
    if (this.refusals.length < REFUSALS_KEPT) this.refusals.push(error);
    if (FATAL.test(error)) this.fail(new ImportError('target-refused', error));
  }

  private fail(error: ImportError): void {
    if (this.failed) return;
    this.failed = true;
    this.onFailed(error);
  }

  /**
   * Asks between two commands of the stream, in database `db`. Replies come in the order of the
   * requests.
   */
  askBetween(db: number, requests: readonly (readonly Arg[])[]): Promise<Reply[]> {
    const { pipe } = this;
    const ignore = (): void => {};
    pipe.request(['SELECT', db], ignore);
    const replies = requests.map((args) => pipe.ask(...args));
    pipe.request(['SELECT', this.streamDb], ignore);
    return Promise.all(replies);
  }

  /** Everything given was answered; the target lives by its own clock again. */
  async finish(): Promise<void> {
    await this.pipe.settled();
    if (this.holdsExpired) await this.pipe.ask('CLIENT', 'IMPORT-SOURCE', 'OFF');
    this.close();
  }

  close(): void {
    this.pipe.close();
  }
}

/** Of an answer of CONFIG GET; where that is not allowed there is no bound. */
function databasesOf(reply: Reply): number {
  const count = Array.isArray(reply) ? Number((reply as readonly Reply[])[1]) : Number.NaN;
  return count > 0 ? count : Number.POSITIVE_INFINITY;
}

/** What a master says to its replica and not to the data: keepalives and questions for the offset. */
function isOwn(args: Args): boolean {
  if (args.count === 0) return true;
  const name = args.keyword(0);
  return name === 'PING' || name === 'REPLCONF';
}
