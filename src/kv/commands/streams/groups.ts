/** XGROUP. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { ReplyError, untilZero } from '../../errors.ts';
import { Notify } from '../../notify.ts';
import { EntryId, type Group, Stream, UNKNOWN } from '../../values/stream/index.ts';
import { replyHelp } from '../shared/help.ts';
import {
  COUNTED_MAX,
  createStream,
  findStreamForWrite,
  groupChanged,
  idArg,
  isChar,
  MAX_ID,
  streamFamily,
  ZERO_ID,
} from './common.ts';

const DOLLAR = 36;
const MINUS = 45;
const PLUS = 43;
const BAD_ENTRIES_READ = new ReplyError('ERR value for ENTRIESREAD must be positive or -1');
const NO_KEY = new ReplyError(
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
);
const BUSY = new ReplyError('BUSYGROUP Consumer Group name already exists');

interface GroupOptions {
  readonly makeStream: boolean;
  readonly entriesRead: number;
}

function options(call: Call, makes: boolean): GroupOptions {
  const { args } = call;
  let makeStream = false;
  let entriesRead = UNKNOWN;
  for (let i = 5; i < args.count; i++) {
    const option = args.keyword(i);
    if (makes && option === 'MKSTREAM') makeStream = true;
    else if (option === 'ENTRIESREAD' && i + 1 < args.count) {
      entriesRead = Math.min(call.int(++i), COUNTED_MAX);
      if (entriesRead < 0 && entriesRead !== UNKNOWN) throw BAD_ENTRIES_READ;
    } else throw badSyntax(call);
  }
  return { makeStream, entriesRead };
}

function badSyntax(call: Call): ReplyError {
  const name = untilZero(call.args.text(1)).slice(0, 128);
  return new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${name}'. Try XGROUP HELP.`,
  );
}

function streamThatIs(call: Call): Stream {
  const stream = findStreamForWrite(call, 2);
  if (stream === undefined) throw NO_KEY;
  return stream;
}

function groupThatIs(call: Call, stream: Stream): Group {
  const { args } = call;
  const group = stream.groupForWrite(args.text(3));
  if (group !== undefined) return group;
  throw new ReplyError(
    `NOGROUP No such consumer group '${untilZero(args.text(3))}' for key name '${untilZero(args.text(2))}'`,
  );
}

/** Where a group shall stand; `-` and `+` are known to SETID alone. */
function positionArg(call: Call, stream: Stream | undefined, ends: boolean): EntryId {
  if (isChar(call, 4, DOLLAR)) return stream === undefined ? new EntryId() : stream.lastId;
  if (ends && isChar(call, 4, MINUS)) return ZERO_ID;
  if (ends && isChar(call, 4, PLUS)) return MAX_ID;
  return idArg(call, 4);
}

function create(call: Call): void {
  const { makeStream, entriesRead } = options(call, true);
  const found = findStreamForWrite(call, 2);
  if (found === undefined && !makeStream) throw NO_KEY;
  if (call.count > 8) throw badSyntax(call);
  const id = positionArg(call, found, false);
  const name = call.args.text(3);
  if (found?.groups.has(name)) throw BUSY;
  const stream = found ?? createStream(call, 2, new Stream(call.db.arena));
  stream.addGroup(name, id, entriesRead);
  call.reply.ok();
  // A group is no change of the entries: whoever watches the key is not disturbed.
  if (found === undefined) call.changed(2, Notify.stream, 'xgroup-create');
  else groupChanged(call, 2, 'xgroup-create');
}

function setId(call: Call): void {
  const { entriesRead } = options(call, false);
  const stream = streamThatIs(call);
  const group = groupThatIs(call, stream);
  if (call.count > 7) throw badSyntax(call);
  group.lastId.set(positionArg(call, stream, true));
  group.entriesRead = entriesRead;
  call.reply.ok();
  groupChanged(call, 2, 'xgroup-setid');
}

function destroy(call: Call): void {
  const stream = streamThatIs(call);
  const group = stream.groups.get(call.args.text(3));
  if (group !== undefined) {
    stream.deleteGroup(group);
    groupChanged(call, 2, 'xgroup-destroy');
    // Those who wait for the group have to hear that it is gone.
    const { args, db, engine } = call;
    engine.blocking.touched(db, args.buf, args.start(2), args.length(2));
  }
  call.reply.integer(group === undefined ? 0 : 1);
}

function createConsumer(call: Call): void {
  const group = groupThatIs(call, streamThatIs(call));
  const name = call.args.text(4);
  const known = group.consumers.has(name);
  if (!known) {
    group.addConsumer(name, call.nowMs);
    groupChanged(call, 2, 'xgroup-createconsumer');
  }
  call.reply.integer(known ? 0 : 1);
}

function deleteConsumer(call: Call): void {
  const group = groupThatIs(call, streamThatIs(call));
  const consumer = group.consumers.get(call.args.text(4));
  if (consumer === undefined) {
    call.reply.integer(0);
    return;
  }
  call.reply.integer(group.deleteConsumer(consumer));
  groupChanged(call, 2, 'xgroup-delconsumer');
}

const HELP = [
  [
    'CREATE <key> <groupname> <id|$> [option]',
    'Create a new consumer group. Options are:',
    '* MKSTREAM',
    '  Create the empty stream if it does not exist.',
    '* ENTRIESREAD entries_read',
    "  Set the group's entries_read counter (internal use).",
  ],
  ['CREATECONSUMER <key> <groupname> <consumer>', 'Create a new consumer in the specified group.'],
  ['DELCONSUMER <key> <groupname> <consumer>', 'Remove the specified consumer.'],
  ['DESTROY <key> <groupname>', 'Remove the specified group.'],
  [
    'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
    'Set the current group ID and entries_read counter.',
  ],
] as const;

const subcommand = {
  ...streamFamily,
  complexity: 'O(1)',
  since: '5.0.0',
} as const;

function key(purpose: 'insert' | 'update' | 'delete') {
  return [keyRange({ access: 'RW', purpose, begin: 2, last: 0 })];
}

export const groupCommands: readonly CommandSpec[] = [
  {
    acl: [],
    group: 'stream',
    name: 'xgroup',
    arity: -2,
    flags: [],
    since: '5.0.0',
    complexity: 'Depends on subcommand.',
    summary: 'A container for consumer groups commands.',
    syntax: '',
    subcommands: [
      {
        ...subcommand,
        name: 'create',
        arity: -5,
        flags: ['write', 'denyoom'],
        keys: key('insert'),
        summary: 'Creates a consumer group.',
        syntax: 'key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]',
        run: create,
      },
      {
        ...subcommand,
        name: 'setid',
        arity: -5,
        flags: ['write'],
        keys: key('update'),
        summary: 'Sets the last-delivered id of a consumer group.',
        syntax: 'key group <id | $> [ENTRIESREAD entries-read]',
        run: setId,
      },
      {
        ...subcommand,
        name: 'destroy',
        arity: 4,
        flags: ['write'],
        keys: key('delete'),
        complexity: 'O(N) with N pending entries of the group',
        summary: 'Destroys a consumer group.',
        syntax: 'key group',
        run: destroy,
      },
      {
        ...subcommand,
        name: 'createconsumer',
        arity: 5,
        flags: ['write', 'denyoom'],
        keys: key('insert'),
        since: '6.2.0',
        summary: 'Creates a consumer in a consumer group.',
        syntax: 'key group consumer',
        run: createConsumer,
      },
      {
        ...subcommand,
        name: 'delconsumer',
        arity: 5,
        flags: ['write'],
        keys: key('delete'),
        complexity: 'O(N) with N pending entries of the consumer',
        summary: 'Deletes a consumer with all that is pending for it.',
        syntax: 'key group consumer',
        run: deleteConsumer,
      },
      {
        ...subcommand,
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        summary: 'Lists the subcommands.',
        syntax: '',
        run: (call) => replyHelp(call, HELP),
      },
    ],
  },
];
