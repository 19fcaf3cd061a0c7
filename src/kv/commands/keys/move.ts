/** RENAME, RENAMENX, MOVE, COPY: a value goes to another key or database with encoding and expiry. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { NO_SUCH_KEY, SYNTAX_ERROR } from '../../errors.ts';
import { type Database, moveRecord } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import { copyValue } from '../../values/index.ts';
import { databaseAt } from '../shared/database-number.ts';
import { SAME_OBJECT, sameArguments } from './shared.ts';

/** The record of the key at an argument in another database, made ready to be changed. */
function findIn(call: Call, db: Database, index: number): Address {
  const { args } = call;
  return db.findForWrite(args.buf, args.start(index), args.length(index));
}

function moveTo(call: Call, record: Address, to: Database, index: number): void {
  const { args, engine } = call;
  const start = args.start(index);
  const length = args.length(index);
  moveRecord(call.db, record, to, args.buf, start, length);
  engine.notify(to, args.buf, start, length, Notify.new, 'new');
}

function rename(call: Call): void {
  const record = call.findForWrite(1);
  if (record === 0) throw NO_SUCH_KEY;
  if (!sameArguments(call, 1, 2)) {
    call.removeKey(2);
    finishRename(call, record);
  }
  call.reply.ok();
}

function renamenx(call: Call): void {
  const record = call.findForWrite(1);
  if (record === 0) throw NO_SUCH_KEY;
  const free = call.findForWrite(2) === 0;
  if (free) finishRename(call, record);
  call.reply.integer(free ? 1 : 0);
}

function finishRename(call: Call, record: Address): void {
  moveTo(call, record, call.db, 2);
  call.changed(1, Notify.generic, 'rename_from');
  call.changed(2, Notify.generic, 'rename_to');
}

function move(call: Call): void {
  const { db, reply } = call;
  const to = databaseAt(call, 2);
  if (to === db) throw SAME_OBJECT;
  const record = call.findForWrite(1);
  if (record === 0 || findIn(call, to, 1) !== 0) {
    reply.integer(0);
    return;
  }
  moveTo(call, record, to, 1);
  call.changed(1, Notify.generic, 'move_from');
  call.changedKey(call.args.copy(1), Notify.generic, 'move_to', to);
  reply.integer(1);
}

function copy(call: Call): void {
  const { args, db, engine, reply } = call;
  let to = db;
  let replace = false;
  for (let i = 3; i < call.count; i++) {
    const keyword = args.keyword(i);
    if (keyword === 'REPLACE') replace = true;
    else if (keyword === 'DB' && i + 1 < call.count) to = databaseAt(call, ++i);
    else throw SYNTAX_ERROR;
  }
  if (to === db && sameArguments(call, 1, 2)) throw SAME_OBJECT;
  const record = call.find(1);
  if (record === 0) {
    reply.integer(0);
    return;
  }
  const old = findIn(call, to, 2);
  if (old !== 0) {
    if (!replace) {
      reply.integer(0);
      return;
    }
    to.remove(old);
  }
  const key = args.copy(2);
  const copied = copyValue(engine, db, record, to, key);
  const expiresAt = db.expiryOf(record);
  if (expiresAt >= 0) to.setExpiry(copied, expiresAt);
  engine.notify(to, key, 0, key.length, Notify.new, 'new');
  call.changedKey(key, Notify.generic, 'copy_to', to);
  reply.integer(1);
}

const metadata = { acl: ['keyspace'], group: 'generic' } as const;

export const moveCommands: readonly CommandSpec[] = [
  {
    ...metadata,
    name: 'rename',
    arity: 3,
    flags: ['write'],
    keys: [
      keyRange({ access: 'RW', purpose: 'delete', alsoRead: true, begin: 1, last: 0 }),
      keyRange({ access: 'OW', purpose: 'update', begin: 2, last: 0 }),
    ],
    since: '1.0.0',
    complexity: 'O(1); a value that stood under the new name is freed in the background',
    summary: 'Gives a key another name, in place of any key of that name.',
    syntax: 'key newkey',
    run: rename,
  },
  {
    ...metadata,
    name: 'renamenx',
    arity: 3,
    flags: ['write', 'fast'],
    keys: [
      keyRange({ access: 'RW', purpose: 'delete', alsoRead: true, begin: 1, last: 0 }),
      keyRange({ access: 'OW', purpose: 'insert', begin: 2, last: 0 }),
    ],
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Gives a key another name only if no key has it.',
    syntax: 'key newkey',
    run: renamenx,
  },
  {
    ...metadata,
    name: 'move',
    arity: 3,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete', true),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Moves a key to another database unless it is there already.',
    syntax: 'key db',
    run: move,
  },
  {
    ...metadata,
    name: 'copy',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [
      keyRange({ access: 'RO', purpose: 'access', begin: 1, last: 0 }),
      keyRange({ access: 'OW', purpose: 'update', begin: 2, last: 0 }),
    ],
    since: '6.2.0',
    complexity: 'O(N) with N elements of the value',
    summary: 'Copies a value to another key.',
    syntax: 'source destination [DB destination-db] [REPLACE]',
    run: copy,
  },
];
