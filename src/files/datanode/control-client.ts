/**
 * A DataNode's connection to its NameNode, for as long as it runs.
 *
 *     apart ──dial, greeting──▶ joined ──REGISTER──▶ reporting ──all pages──▶ reported ──an hour──▶ reporting
 *       ▲                          └──────────────── anything that fails ◀────────┴──────────────────┘
 *       └── half a second, then up to 5 s ──────────────────┘
 *
 * One request at a time is under way: beats, pages and changes take turns. What changes while it is apart is in the report
 * that follows.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Network, Random, Timer } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { FrameProblem, FrameType, type FrameTypeNumber } from '../transfer/frames.ts';
import { type Credentials, Role } from '../transfer/handshake.ts';
import type { Link } from '../transfer/link.ts';
import { openLink } from '../transfer/link-pool.ts';
import {
  type Beat,
  decodeError,
  encodeBeat,
  encodeChanges,
  encodeRegistration,
  encodeReport,
  REPLICAS_MAX,
  type Registration,
  type ReplicaChange,
  type ReportedReplica,
} from '../transfer/messages.ts';
import { translated } from '../translate.ts';

const BEAT_MS = 1000;
const TURN_MS = 20;
const REPORT_MS = 3_600_000;
const ANSWER_MS = 10_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 5000;
/** A flag of the answer to a beat. */
const REPORT_ALL = 1;
const PAGE = 2048;
/** Changes that wait to be told; more, and all is reported anew. */
const CHANGES_MAX = 100_000;

export type ControlState = 'apart' | 'joined' | 'reported' | 'refused';

export interface ControlClientOptions {
  readonly dial: Network['dial'];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Of the NameNode, `host:port`. */
  readonly address: string;
  credentials(): Credentials;
  /** The NameNode is of this file system. @param localAddress of our end. @throws FilesError. */
  joined(identity: string, localAddress: string): Promise<Registration>;
  beat(): Beat;
  /** Replicas in the order of their blocks, from behind `above`, `max` at most. */
  page(above: number, max: number): Promise<readonly ReportedReplica[]>;
}

export class ControlClient {
  state: ControlState = 'apart';
  private readonly options: ControlClientOptions;
  private changes: ReplicaChange[] = [];
  private request = 0;
  private link: Link | undefined;
  private timer: Timer | undefined;
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private mustReport = true;
  private stopped = false;

  constructor(options: ControlClientOptions) {
    this.options = options;
  }

  start(): void {
    this.running = this.work();
  }

  /** Something has changed, and the NameNode is told soon. */
  changed(change: ReplicaChange): void {
    if (this.changes.length >= CHANGES_MAX) {
      this.changes = [];
      this.mustReport = true;
    }
    this.changes.push(change);
    this.wake?.();
  }

  private async work(): Promise<void> {
    const { clock, logger, address } = this.options;
    let waitMs = RETRY_MIN_MS;
    while (!this.stopped) {
      try {
        await this.session(() => {
          waitMs = RETRY_MIN_MS;
        });
      } catch (thrown) {
        const error = translated(thrown, 'the blocks');
        if (!(error instanceof FilesError || error instanceof FrameProblem)) throw error;
        const isRefused = error instanceof FilesError && !error.retryable;
        this.state = isRefused ? 'refused' : 'apart';
        if (!this.stopped) logger.warn('the NameNode is not reached', { address, err: error });
      } finally {
        this.link?.close();
        this.link = undefined;
      }
      if (this.stopped) return;
      await this.pause(clock, waitMs);
      waitMs = Math.min(RETRY_MAX_MS, waitMs * 2);
    }
  }

  /** One connection, from its greeting to its end, which is always an error. */
  private async session(onRegistered: () => void): Promise<never> {
    const { clock, address, logger, random } = this.options;
    const { link, identity } = await openLink(address, Role.control, this.options);
    this.link = link;
    if (this.stopped) throw new FilesError('closed');
    const registration = await this.options.joined(identity, link.localAddress);
    await this.ask(FrameType.register, encodeRegistration(registration));
    this.state = 'joined';
    logger.info('registered with the NameNode', { address, as: registration.address });
    onRegistered();
    let beatMs = clock.monotonicMs();
    let reportMs = 0;
    this.mustReport = true;
    for (;;) {
      if (this.stopped || link.isClosed) throw new FilesError('closed', 'the connection has ended');
      const nowMs = clock.monotonicMs();
      if (nowMs >= beatMs) {
        await this.beat();
        beatMs = nowMs + BEAT_MS;
      }
      if (this.mustReport || nowMs >= reportMs) {
        beatMs = await this.report(beatMs);
        // Not all DataNodes at once.
        reportMs = nowMs + REPORT_MS * (0.75 + random.float() / 2);
      }
      await this.tellChanges();
      await this.pause(clock, Math.max(0, beatMs - clock.monotonicMs()), () => {
        return this.changes.length > 0;
      });
    }
  }

  /** @returns when the next beat is due. */
  private async report(beatMs: number): Promise<number> {
    const { clock } = this.options;
    this.mustReport = false;
    let dueMs = beatMs;
    let above = 0;
    for (let isFirst = true; ; isFirst = false) {
      const replicas = await this.options.page(above, PAGE);
      const isLast = replicas.length < PAGE;
      await this.ask(FrameType.report, encodeReport({ isFirst, isLast, replicas }));
      if (clock.monotonicMs() >= dueMs) {
        await this.beat();
        dueMs = clock.monotonicMs() + BEAT_MS;
      }
      // What has come behind the page that told of its place is told now.
      await this.tellChanges();
      if (isLast) break;
      above = replicas[replicas.length - 1]!.block;
    }
    this.state = 'reported';
    return dueMs;
  }

  private async tellChanges(): Promise<void> {
    while (this.changes.length > 0) {
      const some = this.changes.slice(0, REPLICAS_MAX);
      await this.ask(FrameType.changes, encodeChanges(some));
      this.changes.splice(0, some.length);
    }
  }

  private async beat(): Promise<void> {
    const flags = await this.ask(FrameType.beat, encodeBeat(this.options.beat()));
    if (((flags[0] ?? 0) & REPORT_ALL) !== 0) this.mustReport = true;
  }

  /** @returns what the OK says besides. */
  private async ask(type: FrameTypeNumber, payload: Buffer): Promise<Buffer> {
    const link = this.link;
    if (link === undefined || this.stopped) throw new FilesError('closed');
    const request = ++this.request;
    await link.send(type, request, [payload]);
    const answer = await link.next(ANSWER_MS);
    if (answer.type === FrameType.error) throw decodeError(answer.payload);
    if (answer.type !== FrameType.ok || answer.request !== request) {
      throw new FrameProblem('the NameNode answers something else');
    }
    return answer.payload;
  }

  /** @param hasWork what comes meanwhile is collected for some milliseconds, then the pause ends. */
  private async pause(clock: Clock, ms: number, hasWork?: () => boolean): Promise<void> {
    if (this.stopped) return;
    const wait = (forMs: number): Promise<void> =>
      new Promise((resolve) => {
        this.wake = resolve;
        this.timer = clock.setTimer(forMs, resolve);
      });
    if (hasWork?.() !== true) await wait(ms);
    if (this.timer !== undefined) clock.clearTimer(this.timer);
    this.wake = undefined;
    if (this.stopped || hasWork?.() !== true) return;
    await new Promise<void>((resolve) => {
      this.timer = clock.setTimer(Math.min(ms, TURN_MS), resolve);
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.link?.close('the DataNode is stopping');
    this.wake?.();
    await this.running;
  }
}
