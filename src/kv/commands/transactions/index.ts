/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { Bit, type Command } from '../../command/table.ts';
import type { Engine } from '../../engine/engine.ts';
import { showsFirst } from '../../engine/executor.ts';
import { OUT_OF_MEMORY, ReplyError } from '../../errors.ts';
import { requestEffectBytesMax } from '../../limits.ts';

function multi(call: Call): void {
  const { transaction } = call.session;
  if (transaction.state !== 'none') throw new ReplyError('ERR MULTI calls can not be nested');
  transaction.state = 'queueing';
  call.reply.ok();
}

function discard(call: Call): void {
  const { session, engine } = call;
  if (session.transaction.state === 'none') throw new ReplyError('ERR DISCARD without MULTI');
  session.transaction.clear();
  engine.watchers.unwatch(session.transaction);
  call.reply.ok();
}

function watch(call: Call): void {
  const { transaction } = call.session;
  if (transaction.state !== 'none') throw new ReplyError('ERR WATCH inside MULTI is not allowed');
  for (let i = 1; i < call.count; i++) {
    // A key that has expired already is removed now: its removal later is no change.
    call.db.peek(call.args.buf, call.args.start(i), call.args.length(i));
    call.engine.watchers.watch(transaction, call.db, call.args.copy(i));
  }
  call.reply.ok();
}

function unwatch(call: Call): void {
  call.engine.watchers.unwatch(call.session.transaction);
  call.reply.ok();
}

function exec(call: Call): void {
  const { session, engine, reply } = call;
  const { transaction } = session;
  if (transaction.state === 'none') throw new ReplyError('ERR EXEC without MULTI');
  const failed = transaction.state === 'failed';
  const dirty = transaction.dirty || watchedExpired(call);
  const { queue } = transaction;
  transaction.clear();
  engine.watchers.unwatch(transaction);
  if (failed) {
    throw new ReplyError('EXECABORT Transaction discarded because of previous errors.');
  }
  if (dirty) {
    reply.nullArray();
    return;
  }
  const writes = queue.some(({ command }) => (command.bits & Bit.write) !== 0);
  if (writes && engine.writesRefused !== undefined) {
    throw new ReplyError(
      `EXECABORT Transaction discarded because of: ${engine.writesRefused.message}`,
    );
  }
  reply.array(queue.length);
  const inner = engine.executor.newCall(session);
  inner.reply = reply;
  inner.canBlock = false;
  inner.nested = true;
  for (const { command, args } of queue) {
    inner.args.load(args);
    inner.db = session.db;
    inner.spec = command.spec;
    const denied = session.user.unrestricted
      ? overfull(engine, command)
      : (engine.acl.check(session, command, inner.args, 'exec') ?? overfull(engine, command));
    if (denied === undefined) {
      const watched = engine.monitors.count > 0;
      if (watched && showsFirst(command)) engine.executor.monitor(session, command, inner.args);
      engine.executor.run(command, inner);
      if (watched && !showsFirst(command)) engine.executor.monitor(session, command, inner.args);
    } else {
      engine.stats.noteError(denied.message);
      reply.error(denied.message);
    }
  }
  // What the commands changed they have logged themselves.
  call.noEffect();
}

/** What no command may add to any more, though its transaction has begun. */
function overfull(engine: Engine, { bits }: Command): ReplyError | undefined {
  if ((bits & Bit.denyoom) === 0) return undefined;
  const full =
    engine.keyspace.arena.nearlyFull || engine.effects.payloadBytes > requestEffectBytesMax;
  return full ? OUT_OF_MEMORY : undefined;
}

/** Whether a watched key has reached its time without anybody having met it. */
function watchedExpired(call: Call): boolean {
  const { engine, session } = call;
  const { watched } = session.transaction;
  if (watched === undefined) return false;
  for (const [index, key] of engine.watchers.keysOf(session.transaction)) {
    // A look-up removes an expired key, and its removal marks the watchers.
    engine.database(index)?.peek(key, 0, key.length);
  }
  return session.transaction.dirty;
}

export const transactionCommands: readonly CommandSpec[] = [
  {
    name: 'multi',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    acl: ['transaction'],
    group: 'transactions',
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Starts a transaction: commands are queued until EXEC.',
    syntax: '',
    run: multi,
  },
  {
    name: 'exec',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    acl: ['transaction'],
    group: 'transactions',
    since: '1.2.0',
    complexity: 'that of the queued commands',
    summary: 'Runs the queued commands as one.',
    syntax: '',
    run: exec,
  },
  {
    name: 'discard',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    acl: ['transaction'],
    group: 'transactions',
    since: '2.0.0',
    complexity: 'O(N) with N queued commands',
    summary: 'Forgets the queued commands.',
    syntax: '',
    run: discard,
  },
  {
    name: 'watch',
    arity: -2,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    keys: [keyRange({ access: 'RO', begin: 1, last: -1 })],
    acl: ['transaction'],
    group: 'transactions',
    since: '2.2.0',
    complexity: 'O(1) a key',
    summary: 'Lets EXEC do nothing if one of the keys changes before it.',
    syntax: 'key [key ...]',
    run: watch,
  },
  {
    name: 'unwatch',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    acl: ['transaction'],
    group: 'transactions',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Forgets the watched keys.',
    syntax: '',
    run: unwatch,
  },
];
