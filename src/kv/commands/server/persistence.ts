/**
 * SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, SHUTDOWN. What Redis does by a fork is a flush here: behind it all
 * keys are in tables, the log is cut, and nobody was stopped. So BGREWRITEAOF and BGSAVE do the same.
 */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import type { Persistence } from '../../persistence/index.ts';
import { waitFor } from './wait-for.ts';

const IN_PROGRESS = new ReplyError('ERR Background save already in progress');
const REWRITE_IN_PROGRESS = new ReplyError(
  'ERR Background append only file rewriting already in progress',
);
const NO_PERSISTENCE = new ReplyError(
  'ERR persistence is switched off (kv.persistence in plinth.yaml): there is nothing to save to',
);
const NOT_WRITTEN = 'ERR the keys can not be written. Check logs.';
const NO_SHUTDOWN = new ReplyError('ERR No shutdown in progress.');
const NOBODY_STOPS = new ReplyError('ERR Errors trying to SHUTDOWN. Check logs.');

function persistenceOf(call: Call): Persistence {
  const { persistence } = call.engine;
  if (persistence === undefined) throw NO_PERSISTENCE;
  return persistence;
}

/** Starts a flush. @throws ReplyError `busy` when one runs, or the disk's error. */
function begin(call: Call, busy: ReplyError): Persistence {
  const persistence = persistenceOf(call);
  if (persistence.flusher.running) throw busy;
  if (!persistence.startFlush()) {
    throw new ReplyError(NOT_WRITTEN);
  }
  return persistence;
}

/** Only its own client waits; others are served meanwhile. */
function save(call: Call): void {
  const { flusher } = begin(call, IN_PROGRESS);
  let outcome = 'ERR the flush goes on in the background';
  const answer = (reply: Call['reply']): void => {
    if (outcome === '') reply.ok();
    else reply.error(outcome);
  };
  waitFor(call, 0, answer, (done) => {
    flusher.whenDone((error) => {
      outcome = error === null ? '' : NOT_WRITTEN;
      done();
    });
  });
}

function bgsave(call: Call): void {
  const scheduled = call.count === 2 && call.args.keyword(1) === 'SCHEDULE';
  if (call.count > 2 || (call.count === 2 && !scheduled)) throw SYNTAX_ERROR;
  const { flusher } = persistenceOf(call);
  if (scheduled && flusher.running) {
    const { engine } = call;
    flusher.whenDone(() => engine.persistence?.startFlush());
    call.reply.simple('Background saving scheduled');
    return;
  }
  if (call.nested) {
    schedule(call, IN_PROGRESS);
    call.reply.simple('Background saving scheduled');
    return;
  }
  begin(call, IN_PROGRESS);
  call.reply.simple('Background saving started');
}

/** A transaction is one entry of the log: the flush begins behind it. */
function schedule(call: Call, busy: ReplyError): void {
  const persistence = persistenceOf(call);
  if (persistence.flusher.running) throw busy;
  call.engine.clock.nextTurn(() => {
    persistence.startFlush();
  });
}

function bgrewriteaof(call: Call): void {
  if (call.nested) {
    schedule(call, REWRITE_IN_PROGRESS);
    call.reply.simple('Background append only file rewriting scheduled');
    return;
  }
  begin(call, REWRITE_IN_PROGRESS);
  call.reply.simple('Background append only file rewriting started');
}

function lastsave(call: Call): void {
  const { persistence, startedSeconds } = call.engine;
  call.reply.integer(persistence?.flusher.lastDoneSeconds ?? startedSeconds);
}

/**
 * The log has every write already, so SAVE, NOSAVE, NOW and FORCE all stop the same orderly way. There
 * is no reply: the connection ends.
 */
function shutdown(call: Call): void {
  const words = new Set<string>();
  for (let i = 1; i < call.count; i++) words.add(call.args.keyword(i));
  const known = [...words].every((word) => SHUTDOWN_WORDS.has(word));
  const aborts = words.has('ABORT');
  if (!known || (aborts && words.size > 1) || (words.has('SAVE') && words.has('NOSAVE'))) {
    throw SYNTAX_ERROR;
  }
  // Stopping takes no time in which it could be called off.
  if (aborts) throw NO_SHUTDOWN;
  const { onShutdown } = call.engine;
  if (onShutdown === undefined) throw NOBODY_STOPS;
  onShutdown();
  call.session.closing = true;
}

const SHUTDOWN_WORDS = new Set(['SAVE', 'NOSAVE', 'NOW', 'FORCE', 'ABORT']);

export const persistenceCommands: readonly CommandSpec[] = [
  {
    name: 'save',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    acl: ['admin', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(N) with N keys',
    summary: 'Writes what has changed to the tables of keys and waits until it is durable.',
    syntax: '',
    run: save,
  },
  {
    name: 'bgsave',
    arity: -1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    acl: ['admin', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Starts a flush to the tables of keys in the background.',
    syntax: '[SCHEDULE]',
    run: bgsave,
  },
  {
    name: 'bgrewriteaof',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    acl: ['admin', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Starts a flush to the tables of keys in the background, behind which the log is cut.',
    syntax: '',
    run: bgrewriteaof,
  },
  {
    name: 'lastsave',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    acl: ['admin', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns the Unix time of the last flush.',
    syntax: '',
    tips: ['nondeterministic_output'],
    run: lastsave,
  },
  {
    name: 'shutdown',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
    acl: ['admin', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Stops the process in order.',
    syntax: '[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]',
    run: shutdown,
  },
];
