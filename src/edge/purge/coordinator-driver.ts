/**
 * Runs the coordinator: what links bring and its log says goes in, one thing after the other, and what it wants done is
 * done.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random, Timer } from '../../core/runtime/index.ts';
import type { BusLink, Subscriptions } from '../bus/index.ts';
import {
  Coordinator,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type CoordinatorPop,
} from './coordinator.ts';
import type { ToMember } from './messages.ts';
import { OrderLog } from './order-log.ts';
import { toCoordinatorKinds, toMemberKinds } from './wire.ts';

export interface CoordinatorDriverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly log: Logger;
  readonly folder: string;
  readonly leaseMs: number;
  readonly pops: readonly CoordinatorPop[];
  /** Of the links that PoPs come by. */
  readonly subscriptions: Subscriptions;
}

const EPOCH_BYTES = 12;

export class CoordinatorDriver {
  private readonly options: CoordinatorDriverOptions;
  private readonly links = new Map<number, BusLink>();
  private readonly events: CoordinatorEvent[] = [];
  private coordinator: Coordinator | null = null;
  private orderLog: OrderLog | null = null;
  private timer: Timer | null = null;
  private isRunning = false;
  private isStopped = false;
  /** Given to those who asked, and those of them that say that a PoP is cut off. */
  receipts = 0;
  cutOffs = 0;

  private constructor(options: CoordinatorDriverOptions) {
    this.options = options;
  }

  /** @throws LogError */
  static async open(options: CoordinatorDriverOptions): Promise<CoordinatorDriver> {
    const driver = new CoordinatorDriver(options);
    await driver.begin();
    return driver;
  }

  /** Null behind its end. */
  get state(): Coordinator | null {
    return this.coordinator;
  }

  tell(event: CoordinatorEvent): void {
    if (this.isStopped) return;
    this.events.push(event);
    if (!this.isRunning) this.run();
  }

  /** @throws LogError */
  async stop(): Promise<void> {
    const { orderLog } = this;
    this.isStopped = true;
    this.coordinator = null;
    this.orderLog = null;
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    await orderLog?.close();
  }

  private async begin(): Promise<void> {
    const { clock, random, disk, log, folder, leaseMs, pops } = this.options;
    this.orderLog = await OrderLog.open({
      ...{ disk, clock, random, log, folder },
      onDurable: (sequence) => this.tell({ kind: 'durable', sequence }),
      onWritable: (writable) => this.tell({ kind: 'writable', writable }),
    });
    const { entries, lastSequence } = this.orderLog;
    const nowMs = clock.monotonicMs();
    const epoch = random.bytes(EPOCH_BYTES).toString('hex');
    const coordinator = new Coordinator({
      ...{ epoch, leaseMs, pops, entries, lastSequence, startedMs: nowMs },
    });
    this.coordinator = coordinator;
    this.subscribe();
    this.isRunning = true;
    this.carryOut(coordinator.start(nowMs));
    this.isRunning = false;
    this.run();
    log.info('this PoP orders purges', { epoch, sequence: coordinator.history.last });
  }

  private subscribe(): void {
    const { subscriptions } = this.options;
    subscriptions.onUp((link) => {
      this.links.set(link.id, link);
      this.tell({ kind: 'linked', link: link.id, pop: link.pop });
    });
    subscriptions.onDown((link) => {
      this.links.delete(link.id);
      this.tell({ kind: 'unlinked', link: link.id });
    });
    const { join, applied, beat, ask } = toCoordinatorKinds;
    subscriptions.on(join, ({ id }, message) => this.tell({ kind: 'message', link: id, message }));
    subscriptions.on(applied, ({ id }, message) =>
      this.tell({ kind: 'message', link: id, message }),
    );
    subscriptions.on(beat, ({ id }, message) => this.tell({ kind: 'message', link: id, message }));
    subscriptions.on(ask, ({ id }, message) => this.tell({ kind: 'message', link: id, message }));
  }

  /** What happens while something is done is taken up behind it. */
  private run(): void {
    this.isRunning = true;
    while (this.coordinator !== null) {
      const event = this.events.shift();
      if (event === undefined) break;
      this.carryOut(this.coordinator.step(event, this.options.clock.monotonicMs()));
    }
    this.isRunning = false;
    this.wakeInTime();
  }

  private carryOut(effects: readonly CoordinatorEffect[]): void {
    let isAppended = false;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.send(effect.link, effect.message);
          break;
        case 'close':
          this.links.get(effect.link)?.end(effect.why);
          break;
        case 'append':
          this.orderLog?.append(effect.entry);
          isAppended = true;
          break;
        case 'cut':
          this.orderLog?.cut(effect.before);
          break;
      }
    }
    if (isAppended) this.orderLog?.flush();
  }

  private send(to: number, message: ToMember): void {
    const link = this.links.get(to);
    if (link === undefined) return;
    switch (message.kind) {
      case 'joined':
        link.send(toMemberKinds.joined, message);
        return;
      case 'entries':
        link.send(toMemberKinds.entries, message);
        return;
      case 'lease':
        link.send(toMemberKinds.lease, message);
        return;
      case 'receipt':
        this.receipts++;
        if (message.receipt.pops.some(({ state }) => state === 'cut-off')) this.cutOffs++;
        link.send(toMemberKinds.receipt, message);
        return;
      case 'refused':
        link.send(toMemberKinds.refused, message);
        return;
    }
  }

  private wakeInTime(): void {
    const { clock } = this.options;
    if (this.timer !== null) clock.clearTimer(this.timer);
    this.timer = null;
    const nowMs = clock.monotonicMs();
    const wakeMs = this.coordinator?.wakeMs(nowMs);
    if (wakeMs === undefined) return;
    this.timer = clock.setTimer(wakeMs - nowMs + 1, () => {
      this.timer = null;
      this.tell({ kind: 'tick' });
    });
    this.timer.unref();
  }
}
