/** A link behind its greeting: messages both ways, and signs of life while there are none. */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { Ending } from './endings.ts';
import type { BusLink, MessageKind, Subscriptions } from './kinds.ts';
import { SILENT_BEATS } from './limits.ts';
import type { LineStream } from './line-stream.ts';

const PING = { kind: 'ping' };
let ids = 0;

/** Ids are of the process, so that links of several ends in it are never mixed up. */
export function nextLinkId(): number {
  return ++ids;
}

export class OpenLink implements BusLink {
  readonly id: number = nextLinkId();
  readonly pop: string;
  private readonly lines: LineStream;
  private readonly clock: Clock;
  private readonly subscriptions: Subscriptions;
  private readonly beatMs: number;
  private timer: Timer | null = null;

  constructor(options: {
    readonly pop: string;
    readonly lines: LineStream;
    readonly clock: Clock;
    readonly subscriptions: Subscriptions;
    readonly beatMs: number;
  }) {
    this.pop = options.pop;
    this.lines = options.lines;
    this.clock = options.clock;
    this.subscriptions = options.subscriptions;
    this.beatMs = options.beatMs;
  }

  get encrypted(): boolean {
    return this.lines.encrypted;
  }

  begin(): void {
    this.lines.trust();
    this.watch();
    this.subscriptions.up(this);
  }

  send<B extends object>({ name }: MessageKind<B>, body: B): boolean {
    return this.lines.send({ kind: name, body });
  }

  end(why: Ending): void {
    this.lines.end(why);
  }

  onLine({ kind, body }: Readonly<Record<string, unknown>>): void {
    if (kind === PING.kind) return;
    if (!this.subscriptions.message(this, kind, body)) this.lines.end('bad-message');
  }

  onEnded(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
    this.subscriptions.down(this);
  }

  private watch(): void {
    this.timer = this.clock.setTimer(this.beatMs / 2, () => {
      const nowMs = this.clock.monotonicMs();
      if (nowMs - this.lines.heardMs > SILENT_BEATS * this.beatMs) {
        this.lines.end('silent');
        return;
      }
      if (nowMs - this.lines.sentMs >= this.beatMs / 2) this.lines.send(PING);
      this.watch();
    });
    this.timer.unref();
  }
}
