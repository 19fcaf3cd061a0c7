/**
 * MIGRATE: moves keys to another server, or copies them (COPY).
 *
 * Only the client that asks waits; others are served meanwhile. A key is removed here in the turn in
 * which the target is known to have it, and only as it was sent: one that changed in between is sent
 * again, one that went is removed there. Wherever that ends early the keys stay here, so a key may be
 * at both servers, and never at none.
 *
 *   connect --AUTH, SELECT--> send round --all as sent--> remove here, reply
 *                             send round --some changed--> send round
 */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import type { Command } from '../../command/table.ts';
import type { Blocked } from '../../engine/blocking.ts';
import type { Engine } from '../../engine/engine.ts';
import { Transaction } from '../../engine/transaction.ts';
import { ReplyError } from '../../errors.ts';
import type { Database } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { RdbValueWriter } from '../../rdb/index.ts';
import type { Session } from '../../session/session.ts';
import { dumpValue } from '../../values/index.ts';
import { type MigrateOptions, migrateKeys, readMigrateOptions } from './migrate-options.ts';
import { type LineReply, MigrateTarget } from './migrate-target.ts';

const NOT_HERE = new ReplyError(
  'ERR MIGRATE waits for another server: not in a transaction or script',
);
const NO_CONNECTION = 'IOERR error or timeout connecting to the client';
const CHANGING = 'ERR a key changed whenever it was sent: it stays here, and there as it was sent';
/** How often keys that change meanwhile are sent. */
const ROUNDS_MAX = 16;

/** A key under way. */
interface Moving {
  readonly key: Buffer;
  /** Is dirty when the key has changed since it was sent. */
  readonly watch: Transaction;
  /** The target has a value of it from us. */
  sent: boolean;
}

function migrate(call: Call): void {
  const { args, engine, reply } = call;
  const options = readMigrateOptions(call);
  const keys = options.keys.filter((index) => call.find(index) !== 0).map((i) => args.copy(i));
  if (keys.length === 0) {
    reply.simple('NOKEY');
    return;
  }
  if (!call.canBlock) throw NOT_HERE;
  const command = engine.commands.get('migrate') as Command;
  const migration = new Migration(call, command, options, keys);
  call.block({ keys: [], timeoutMs: 0, onTimeout: (writer) => writer.error(NO_CONNECTION) });
  migration.start();
}

class Migration {
  private readonly engine: Engine;
  private readonly session: Session;
  private readonly command: Command;
  private readonly args: Buffer[];
  private readonly db: number;
  private readonly options: MigrateOptions;
  private readonly startedMs: number;
  private moving: Moving[];
  private blocked: Blocked | undefined;
  /** The first thing that went wrong, as an error reply. */
  private error = '';

  constructor(call: Call, command: Command, options: MigrateOptions, keys: readonly Buffer[]) {
    this.engine = call.engine;
    this.session = call.session;
    this.command = command;
    this.args = call.args.copies();
    this.db = call.db.index;
    this.options = options;
    this.startedMs = call.engine.executor.startedMs;
    this.moving = keys.map((key) => ({ key, watch: new Transaction(), sent: false }));
  }

  /** Goes on by itself, behind the command that began it. */
  start(): void {
    this.engine.clock.nextTurn(() => {
      this.blocked = this.session.blocked;
      void this.run();
    });
  }

  private async run(): Promise<void> {
    const { dial, clock } = this.engine;
    const target = dial && (await MigrateTarget.open(dial, clock, this.options));
    if (target === undefined) this.error = NO_CONNECTION;
    else {
      if (await this.greet(target)) await this.move(target);
      target.destroy();
    }
    for (const { watch } of this.moving) this.engine.watchers.unwatch(watch);
    const { engine, session, command, args, startedMs, blocked } = this;
    engine.waiting.complete({
      session,
      command,
      args,
      startedMs,
      blocked,
      reply: (reply) => {
        if (this.error === '') reply.ok();
        else {
          command.failed++;
          engine.stats.noteError(this.error);
          reply.error(this.error);
        }
      },
    });
  }

  /** Nobody waits any more: the client has gone, or was told to go on. */
  private get abandoned(): boolean {
    return this.blocked === undefined || this.session.blocked !== this.blocked;
  }

  /** AUTH and SELECT; nothing is sent to a server that refuses them. */
  private async greet(target: MigrateTarget): Promise<boolean> {
    const { auth, db } = this.options;
    const login = auth.length > 0 ? [[Buffer.from('AUTH'), ...auth]] : [];
    const select = [Buffer.from('SELECT'), Buffer.from(String(db))];
    const { replies, failed } = await target.send([...login, select]);
    for (const reply of replies) this.look(reply);
    if (failed !== undefined) this.fail(ioError(failed));
    return this.error === '';
  }

  /** Sends rounds until every key is there as it is here, or stays here for an error. */
  private async move(target: MigrateTarget): Promise<void> {
    for (let round = 0; this.moving.length > 0 && !this.abandoned; round++) {
      if (round === ROUNDS_MAX) {
        this.fail(CHANGING);
        return;
      }
      const requests = this.moving.map((moving) => this.requestOf(moving));
      const wanted = requests.filter((request) => request !== undefined);
      const { replies, failed } = await target.send(wanted);
      if (failed !== undefined) this.fail(ioError(failed));
      this.settle(requests, replies);
      if (failed !== undefined) return;
    }
  }

  /** What makes the target have a key as it is here; undefined when there is nothing to do. */
  private requestOf(moving: Moving): Buffer[] | undefined {
    const { engine, options } = this;
    const { key, watch } = moving;
    engine.keyspace.setNow(engine.clock.wallMs());
    engine.watchers.unwatch(watch);
    const db = this.database();
    const record = db.peek(key, 0, key.length);
    if (record === 0) return moving.sent ? [Buffer.from('DEL'), key] : undefined;
    if (!options.copy) engine.watchers.watch(watch, db, key);
    const expiry = db.expiryOf(record);
    const ttl = expiry < 0 ? 0 : Math.max(1, expiry - engine.keyspace.nowMs);
    const writer = new RdbValueWriter();
    dumpValue(db, record, writer);
    const request = [Buffer.from('RESTORE'), key, Buffer.from(String(ttl)), writer.finishDump()];
    if (options.replace || moving.sent) request.push(Buffer.from('REPLACE'));
    return request;
  }

  /** Removes what has arrived as it still is; keeps for another round what has changed. */
  private settle(requests: readonly (Buffer[] | undefined)[], replies: readonly LineReply[]): void {
    const { engine, moving } = this;
    this.moving = [];
    let at = 0;
    engine.executor.beginBatch();
    for (const [i, item] of moving.entries()) {
      const request = requests[i];
      const answer = request === undefined ? undefined : replies[at++];
      const took =
        answer !== undefined && this.look(answer) && request?.[0]?.toString() === 'RESTORE';
      const changed = item.watch.dirty;
      engine.watchers.unwatch(item.watch);
      if (!took || this.options.copy || this.abandoned) continue;
      item.sent = true;
      if (changed) this.moving.push(item);
      else this.remove(item.key);
    }
    engine.executor.commit(this.session);
  }

  private remove(key: Buffer): void {
    const { engine } = this;
    if (engine.writesRefused !== undefined) {
      this.fail(engine.writesRefused.message);
      return;
    }
    const db = this.database();
    const record = db.findForWrite(key, 0, key.length);
    if (record === 0) return;
    db.remove(record);
    engine.effects.add(db.index, ['DEL', key]);
    engine.changed(db, key, 0, key.length, Notify.generic, 'del');
  }

  private database(): Database {
    return this.engine.database(this.db) as Database;
  }

  /** Notes an error of the target; true when it is none. */
  private look(reply: LineReply): boolean {
    if (typeof reply !== 'object') return true;
    this.fail(`ERR Target instance replied with error: ${reply.error}`);
    return false;
  }

  private fail(error: string): void {
    if (this.error === '') this.error = error;
  }
}

function ioError(failed: 'reading' | 'writing'): string {
  return `IOERR error or timeout ${failed} to target instance`;
}

export const migrateCommands: readonly CommandSpec[] = [
  {
    name: 'migrate',
    arity: -6,
    flags: ['write'],
    keys: [
      keyRange({ access: 'RW', purpose: 'delete', begin: 3, last: 0, alsoRead: true }),
      {
        ...keyAt1('RW', 'delete', true)[0]!,
        begin: { keyword: 'KEYS', from: -2 },
        find: { last: -1, step: 1 },
        incomplete: true,
      },
    ],
    keysOf: migrateKeys,
    acl: ['keyspace', 'dangerous'],
    group: 'generic',
    since: '2.6.0',
    complexity: 'That of DUMP, RESTORE and DEL for each key',
    summary: 'Moves keys to another server, or copies them.',
    syntax:
      'host port <key | ""> destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] [KEYS key [key ...]]',
    tips: ['nondeterministic_output'],
    run: migrate,
  },
];
