/** The coordinator's log: each purge in its place, durable before anybody is told. One JSON text an entry. */
import { join } from 'node:path';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random, Timer } from '../../core/runtime/index.ts';
import { type Log, logIndex, openLog } from '../../core/store/index.ts';
import type { OrderedPurge } from './messages.ts';
import { readEntry } from './wire.ts';

const SEGMENT_BYTES = 4 * 1024 * 1024;
/** After a failed write it is tried again so often, milliseconds. */
const RESUME_MS = 1000;

export interface OrderLogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Of the coordinator; the log has one of its own in it. */
  readonly folder: string;
  onDurable(sequence: number): void;
  onWritable(writable: boolean): void;
}

export class OrderLog {
  /** What was found, in order and without gaps. */
  readonly entries: readonly OrderedPurge[];
  /** The last one that there was, whether it could be read or not. */
  readonly lastSequence: number;
  private readonly options: OrderLogOptions;
  private readonly log: Log;
  private timer: Timer | null = null;

  private constructor(options: OrderLogOptions, log: Log, entries: readonly OrderedPurge[]) {
    this.options = options;
    this.log = log;
    this.entries = entries;
    this.lastSequence = log.lastIndex;
  }

  /** @throws LogError; a log that is damaged may be removed: all PoPs then forget what they have stored. */
  static async open(options: OrderLogOptions): Promise<OrderLog> {
    const { disk, clock, random, folder } = options;
    let entries: OrderedPurge[] = [];
    let opened: OrderLog | null = null;
    const log = await openLog({
      ...{ disk, clock, random, folder: join(folder, 'order'), nodeId: 'edge-purges' },
      ...{ policy: 'always', segmentBytes: SEGMENT_BYTES },
      replay: {
        from: logIndex(1),
        entry: ({ index, buffer, start, end }) => {
          const entry = parse(buffer.subarray(start, end));
          // What can not be read, and all before it, is as if it had been cut: it may be of a later version.
          if (entry === undefined || entry.sequence !== index) entries = [];
          else entries.push(entry);
        },
      },
      onDurable: (index) => options.onDurable(index),
      onStateChange: () => opened?.onState(),
    });
    opened = new OrderLog(options, log, entries);
    return opened;
  }

  append(entry: OrderedPurge): void {
    this.log.append(Buffer.from(JSON.stringify(entry)), this.options.clock.wallMs());
  }

  /** Once behind all appends of a turn. */
  flush(): void {
    // What becomes of it is told by onDurable and onStateChange.
    this.log.flush();
  }

  /** What stands before a sequence is not needed. */
  cut(before: number): void {
    void this.log.truncateBefore(logIndex(before)).catch((error: unknown) => {
      this.options.log.warn('the log of purges could not be cut', { error });
    });
  }

  /** @throws LogError */
  async close(): Promise<void> {
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    this.timer = null;
    await this.log.close();
  }

  private onState(): void {
    const { log, options } = this;
    options.onWritable(log.accepting);
    if (log.state !== 'failed' && log.state !== 'short') return;
    options.log.error('the log of purges', { state: log.state, error: log.failure });
    this.resumeLater();
  }

  private resumeLater(): void {
    const { clock } = this.options;
    if (this.timer !== null) return;
    this.timer = clock.setTimer(RESUME_MS, () => {
      this.timer = null;
      void this.log.tryResume().then((isWell) => {
        if (!isWell && this.log.state !== 'closed') this.resumeLater();
      });
    });
    this.timer.unref();
  }
}

function parse(bytes: Buffer): OrderedPurge | undefined {
  try {
    return readEntry(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}
