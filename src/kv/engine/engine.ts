/**
 * The store itself, without sockets: databases, the log of effects, and everybody who has to hear of a
 * change. It runs the same under a server, under a replay and in a test.
 */
import type { EndingReason } from '../../core/downstream/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Network, Random } from '../../core/runtime/index.ts';
import type { Args } from '../../core/wire/index.ts';
import { Acl } from '../acl/index.ts';
import type { Backups } from '../backup/index.ts';
import type { CommandSpec } from '../command/spec.ts';
import { CommandTable } from '../command/table.ts';
import type { ReplyError } from '../errors.ts';
import { type Database, Keyspace, Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { Notify, type NotifyClass } from '../notify.ts';
import type { Persistence } from '../persistence/index.ts';
import { PubSub } from '../pubsub/index.ts';
import { Scripting } from '../scripting/index.ts';
import { Outlet } from '../session/outlet.ts';
import type { Session } from '../session/session.ts';
import { SettingTable } from '../setting-table/index.ts';
import { defaultSettings, type Settings } from '../settings.ts';
import type { ColdExpiry, ColdKeys, Overwritten } from '../tier/index.ts';
import { TrackingTable } from '../tracking/index.ts';
import { Accounting } from './accounting.ts';
import { ActiveExpiry } from './active-expiry.ts';
import { Admission } from './admission.ts';
import { Background } from './background.ts';
import { BigKeys } from './big-keys.ts';
import { type Blocked, BlockedClients } from './blocking.ts';
import { ClientEviction } from './client-eviction.ts';
import { EffectLog } from './effect-log.ts';
import { Eviction } from './eviction.ts';
import { Executor } from './executor.ts';
import { Holds } from './holds.ts';
import { HotKeys } from './hot-keys.ts';
import { LatencyMonitor } from './latency.ts';
import { Monitors } from './monitors.ts';
import { OutputGuard } from './output-guard.ts';
import { Pause } from './pause.ts';
import { Sessions } from './sessions.ts';
import { Slowlog } from './slowlog.ts';
import { Stats } from './stats.ts';
import { Watchers } from './transaction.ts';
import { WaitingClients } from './waiting-clients.ts';

/** State that is no key and has to survive: function libraries. */
export interface ExtraState {
  save(): Buffer;
  load(bytes: Buffer): void;
}

export interface EngineOptions {
  readonly commands: readonly CommandSpec[];
  readonly clock: Clock;
  readonly random: Random;
  readonly databases?: number;
  readonly settings?: Partial<Settings>;
  /** Longest entry of the log, bytes; default 1 MiB. */
  readonly logPartBytes?: number;
  /** Where large memory comes from; default: the system. @throws RangeError when there is none. */
  readonly allocate?: (bytes: number) => ArrayBuffer;
  /** Replies of one turn up to which one more has room, bytes; default 1 GiB. */
  readonly replyBytesMax?: number;
}

export class Engine {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: Settings;
  readonly keyspace: Keyspace;
  readonly commands: CommandTable;
  readonly effects: EffectLog;
  readonly watchers = new Watchers();
  readonly blocking = new BlockedClients();
  readonly sessions: Sessions;
  readonly acl: Acl;
  readonly pubsub: PubSub;
  readonly tracking: TrackingTable;
  readonly stats = new Stats();
  /** Where replies and pushed messages leave. */
  readonly outlet: Outlet;
  /** Memory of any content, from where the store's own comes. @throws RangeError when there is none. */
  readonly allocateBuffer: (bytes: number) => Buffer;
  /** Ends clients that do not read what they are sent. */
  readonly outputGuard: OutputGuard;
  readonly admission = new Admission(this);
  readonly holds = new Holds(this);
  readonly executor: Executor;
  readonly accounting = new Accounting(this);
  readonly waiting: WaitingClients;
  /** Lua scripts and functions. */
  readonly scripting: Scripting;
  readonly pause = new Pause();
  readonly monitors = new Monitors(this);
  readonly slowlog = new Slowlog();
  readonly latency = new LatencyMonitor(this);
  readonly hotKeys = new HotKeys(this);
  readonly bigKeys = new BigKeys(this);
  /** The settings by the names that CONFIG knows. */
  readonly config: SettingTable;
  /** Random, new with every start (INFO run_id). */
  readonly runId: string;
  /** Monotonic ms and Unix seconds at the start. */
  readonly startedMs: number;
  readonly startedSeconds: number;
  /** SHUTDOWN: the process shall stop in order. Undefined where nobody can stop it. */
  onShutdown: (() => void) | undefined;
  readonly eviction = new Eviction(this);
  readonly clientEviction = new ClientEviction(this);
  readonly activeExpiry = new ActiveExpiry(this);
  readonly background = new Background(this);
  /** The server wants to know who waits and who goes on. */
  onBlocked: ((blocked: Blocked) => void) | undefined;
  onUnblocked: ((session: Session) => void) | undefined;
  /**
   * DEBUG RELOAD and LOADAOF: saves all keys (`save`), forgets them (`flush`) and loads them. Throws
   * ReplyError when that is not possible. Undefined without persistence.
   */
  reload: ((options: { save: boolean; flush: boolean; merge: boolean }) => void) | undefined;
  /** Connects to another server (MIGRATE). Undefined where there is no network. */
  dial: Network['dial'] | undefined;
  /** CLIENT PAUSE: at `pause.deadlineMs` somebody has to call `unpause`. */
  onPaused: (() => void) | undefined;
  /** Those whose requests the pause held may go on. */
  onUnpaused: (() => void) | undefined;
  /** Where what an operator should know is written. */
  log: Logger | undefined;
  /** All keys are about to be replaced or emptied as a whole (FLUSHALL). */
  onKeyspaceReplaced: (() => void) | undefined;
  /** Log and flushes; undefined without persistence. */
  persistence: Persistence | undefined;
  /** Backups of the running store; undefined without persistence. */
  backups: Backups | undefined;
  /** What waited under this number may try again; without a number: whatever waits. */
  onFlushProgress: ((hold?: number) => void) | undefined;
  /** The keys that are on the disk only; undefined without persistence. */
  cold: ColdKeys | undefined;
  /** Expires them though nobody asks for them; undefined without persistence. */
  coldExpiry: ColdExpiry | undefined;
  /** What a start has left open of keys that it replaced; undefined without persistence. */
  overwritten: Overwritten | undefined;
  /** The background has more to do before the next tick: what it waited for is there. */
  onBackgroundWork: (() => void) | undefined;
  /** State beside the keys that flushes carry, by name. */
  readonly extras = new Map<string, ExtraState>();
  /** Why writes are refused at the moment: the log has failed, the disk is full. */
  writesRefused: ReplyError | undefined;
  /** Changes since the start; INFO rdb_changes_since_last_save counts from the last flush. */
  dirty = 0;

  constructor(options: EngineOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.effects = new EffectLog(options.logPartBytes);
    const { allocate, replyBytesMax } = options;
    this.allocateBuffer =
      allocate === undefined ? Buffer.allocUnsafeSlow : (bytes) => Buffer.from(allocate(bytes));
    this.outlet = new Outlet({
      allocate: this.allocateBuffer,
      ...(replyBytesMax !== undefined && { bytesMax: replyBytesMax }),
    });
    this.settings = { ...defaultSettings(), ...options.settings };
    this.config = new SettingTable(this);
    this.runId = Array.from({ length: 5 }, () => hex32(options.random.u32())).join('');
    this.startedMs = options.clock.monotonicMs();
    this.startedSeconds = Math.floor(options.clock.wallMs() / 1000);
    this.commands = new CommandTable(options.commands);
    this.keyspace = new Keyspace({
      databases: options.databases ?? 16,
      hashSeed: options.random.u32(),
      memory: allocate === undefined ? {} : { allocate },
      hooks: {
        beforeChange: () => {},
        onExpired: (db, record) => {
          // What can not be logged is not removed, only treated as missing; nobody can create it anew.
          // In a pause nothing changes either; but what writes then (behind CLIENT PAUSE in a
          // transaction) may create the key, so it has to go.
          if (this.writesRefused !== undefined) return true;
          if (!this.paused || this.executor.writes) this.expire(db, record);
          return true;
        },
      },
    });
    this.acl = new Acl(this);
    this.sessions = new Sessions(this);
    this.pubsub = new PubSub(this);
    this.tracking = new TrackingTable(this);
    this.executor = new Executor(this);
    this.waiting = new WaitingClients(this);
    this.scripting = new Scripting(this);
    const guard = new OutputGuard(this);
    this.outlet.guard = (session, output) => guard.check(session, output, 0);
    this.outputGuard = guard;
    this.keyspace.setNow(this.clock.wallMs());
    this.eviction.sync();
  }

  database(index: number): Database | undefined {
    return this.keyspace.databases[index];
  }

  /** Adds a key that is not there, and says so to those who listen for new keys. */
  create(
    db: Database,
    buf: Buffer,
    start: number,
    length: number,
    type: Type,
    valueBytes: number,
  ): Address {
    const record = db.create(buf, start, length, type, valueBytes);
    if ((this.settings.notifyKeyspaceEvents & Notify.new) !== 0) {
      this.notify(db, buf, start, length, Notify.new, 'new');
    }
    return record;
  }

  /** A key has changed: everybody who has to know is told. The caller logs it. */
  changed(
    db: Database,
    buf: Buffer,
    start: number,
    length: number,
    notifyClass: NotifyClass,
    event: string,
  ): void {
    this.dirty++;
    if (this.watchers.count > 0) this.watchers.touched(db.index, buf, start, length);
    if (this.tracking.active) this.tracking.invalidate(buf, start, length);
    if (this.blocking.keyCount > 0) this.blocking.touched(db, buf, start, length);
    if (this.settings.notifyKeyspaceEvents !== 0) {
      this.notify(db, buf, start, length, notifyClass, event);
    }
  }

  /** Publishes a keyspace notification if its class is switched on. */
  notify(
    db: Database,
    buf: Buffer,
    start: number,
    length: number,
    notifyClass: NotifyClass,
    event: string,
  ): void {
    const enabled = this.settings.notifyKeyspaceEvents;
    if ((enabled & notifyClass) === 0 || !this.pubsub.listening) return;
    const key = buf.toString('latin1', start, start + length);
    if ((enabled & Notify.keyspace) !== 0) {
      this.pubsub.publish(
        Buffer.from(`__keyspace@${db.index}__:${key}`, 'latin1'),
        Buffer.from(event),
      );
    }
    if ((enabled & Notify.keyevent) !== 0) {
      this.pubsub.publish(
        Buffer.from(`__keyevent@${db.index}__:${event}`),
        Buffer.from(key, 'latin1'),
      );
    }
  }

  /** Counts a look-up for reading. */
  noteLookup(db: Database, args: Args, index: number, hit: boolean): void {
    if (hit) this.stats.keyspaceHits++;
    else {
      this.stats.keyspaceMisses++;
      if ((this.settings.notifyKeyspaceEvents & Notify.keyMiss) !== 0) {
        this.notify(db, args.buf, args.start(index), args.length(index), Notify.keyMiss, 'keymiss');
      }
    }
  }

  /** What flushes carry beside the keys. */
  *savedExtras(): IterableIterator<[string, Buffer]> {
    for (const [name, extra] of this.extras) yield [name, extra.save()];
  }

  /** Takes back what `savedExtras` gave; a name nobody knows is an error. */
  loadExtra(name: string, bytes: Buffer): void {
    const extra = this.extras.get(name);
    if (extra === undefined) throw new RangeError(`nobody knows the stored state '${name}'`);
    extra.load(bytes);
  }

  /**
   * Ends a client: at once, or behind its reply when it is its own command that asks for it.
   * Nothing of it is left when this returns but, in the latter case, its connection.
   */
  endSession(session: Session, reason: EndingReason): void {
    session.closing = true;
    session.endingReason = reason;
    if (session === this.executor.acting) return;
    session.connection?.destroy(reason);
    this.closeSession(session);
  }

  /** A session ends: nobody waits, watches, listens or tracks for it any more. */
  closeSession(session: Session): void {
    this.waiting.unblock(session, 'silent');
    session.closing = true;
    session.transaction.clear();
    this.watchers.unwatch(session.transaction);
    this.pubsub.forget(session);
    this.tracking.forget(session);
    if (session.monitor) this.monitors.remove(session);
    if (session.output !== undefined) this.outlet.forget(session.output);
    this.sessions.close(session);
  }

  /** Whether CLIENT PAUSE holds what changes keys. */
  get paused(): boolean {
    return this.pause.isOn(this.keyspace.nowMs);
  }

  /** CLIENT PAUSE is over: whom it held may go on. */
  unpause(): void {
    this.pause.stop();
    this.blocking.releaseHeld();
    this.onUnpaused?.();
  }

  /** Removes a key whose time has come. */
  expire(db: Database, record: Address): void {
    const key = db.keyBytes(record);
    db.remove(record);
    this.expired(db, key);
  }

  /** A key was removed because its time had come: it is counted, logged and told of. */
  expired(db: Database, key: Buffer): void {
    this.stats.expiredKeys++;
    this.effects.add(db.index, ['DEL', key]);
    this.changed(db, key, 0, key.length, Notify.expired, 'expired');
    // Its own effect is logged: the command at hand has changed nothing by it.
    this.dirty--;
  }

  /** Removes a key to make room. */
  evict(db: Database, record: Address): void {
    const key = db.keyBytes(record);
    db.remove(record);
    this.stats.evictedKeys++;
    this.effects.add(db.index, ['DEL', key]);
    this.changed(db, key, 0, key.length, Notify.evicted, 'evicted');
    // Its own effect is logged: the command at hand has changed nothing by it.
    this.dirty--;
  }
}

function hex32(n: number): string {
  return n.toString(16).padStart(8, '0');
}

export { Type };
