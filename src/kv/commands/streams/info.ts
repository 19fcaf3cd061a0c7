/** XINFO. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyRange } from '../../command/spec.ts';
import { NO_SUCH_KEY, ReplyError, untilZero } from '../../errors.ts';
import { EntryCursor, type Stream } from '../../values/stream/index.ts';
import { replyHelp } from '../shared/help.ts';
import {
  findStream,
  MAX_ID,
  replyEntry,
  replyId,
  replyName,
  streamFamily,
  ZERO_ID,
} from './common.ts';
import { fullInfo } from './info-full.ts';
import { replyHead, replyProgress } from './info-parts.ts';

const cursor = new EntryCursor();
const DEFAULT_COUNT = 10;

function streamThatIs(call: Call): Stream {
  const stream = findStream(call, 2);
  if (stream === undefined) throw NO_SUCH_KEY;
  return stream;
}

function badSyntax(call: Call): ReplyError {
  const name = untilZero(call.args.text(1)).slice(0, 128);
  return new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${name}'. Try XINFO HELP.`,
  );
}

function streamInfo(call: Call): void {
  const { args } = call;
  const stream = streamThatIs(call);
  if (args.count === 3) {
    shortInfo(call, stream);
    return;
  }
  if ((args.count !== 4 && args.count !== 6) || args.keyword(3) !== 'FULL') throw badSyntax(call);
  let count = DEFAULT_COUNT;
  if (args.count === 6) {
    if (args.keyword(4) !== 'COUNT') throw badSyntax(call);
    count = call.int(5);
    if (count < 0) count = DEFAULT_COUNT;
  }
  fullInfo(call, stream, count);
}

function shortInfo(call: Call, stream: Stream): void {
  const { reply } = call;
  reply.map(10);
  replyHead(call, stream);
  reply.bulkText('groups');
  reply.integer(stream.groups.size);
  for (const reverse of [false, true]) {
    reply.bulkText(reverse ? 'last-entry' : 'first-entry');
    cursor.begin(stream.entries, ZERO_ID, MAX_ID, reverse);
    if (cursor.next()) replyEntry(reply, cursor);
    else reply.null();
  }
}

function groupsInfo(call: Call): void {
  const { reply } = call;
  const stream = streamThatIs(call);
  reply.array(stream.groups.size);
  for (const group of stream.sortedGroups()) {
    reply.map(6);
    reply.bulkText('name');
    replyName(reply, group.name);
    reply.bulkText('consumers');
    reply.integer(group.consumers.size);
    reply.bulkText('pending');
    reply.integer(group.pending.size);
    reply.bulkText('last-delivered-id');
    replyId(reply, group.lastId);
    replyProgress(call, stream, group);
  }
}

function consumersInfo(call: Call): void {
  const { args, reply, nowMs } = call;
  const group = streamThatIs(call).groups.get(args.text(3));
  if (group === undefined) {
    throw new ReplyError(
      `NOGROUP No such consumer group '${untilZero(args.text(3))}' for key name '${untilZero(args.text(2))}'`,
    );
  }
  reply.array(group.consumers.size);
  for (const consumer of group.sortedConsumers()) {
    reply.map(4);
    reply.bulkText('name');
    replyName(reply, consumer.name);
    reply.bulkText('pending');
    reply.integer(consumer.pending.size);
    reply.bulkText('idle');
    reply.integer(Math.max(0, nowMs - consumer.seenMs));
    reply.bulkText('inactive');
    reply.integer(consumer.activeMs < 0 ? -1 : Math.max(0, nowMs - consumer.activeMs));
  }
}

const HELP = [
  ['CONSUMERS <key> <groupname>', 'Show consumers of <groupname>.'],
  ['GROUPS <key>', 'Show the stream consumer groups.'],
  ['STREAM <key> [FULL [COUNT <count>]', 'Show information about the stream.'],
] as const;

const subcommand = {
  ...streamFamily,
  flags: ['readonly'],
  keys: [keyRange({ access: 'RO', purpose: 'access', begin: 2, last: 0 })],
  since: '5.0.0',
  complexity: 'O(1)',
} as const;

export const infoCommands: readonly CommandSpec[] = [
  {
    acl: [],
    group: 'stream',
    name: 'xinfo',
    arity: -2,
    flags: [],
    since: '5.0.0',
    complexity: 'Depends on subcommand.',
    summary: 'A container for stream introspection commands.',
    syntax: '',
    subcommands: [
      {
        ...subcommand,
        name: 'stream',
        arity: -3,
        summary: 'Describes a stream, its groups and their pending entries as well if asked to.',
        syntax: 'key [FULL [COUNT count]]',
        run: streamInfo,
      },
      {
        ...subcommand,
        name: 'groups',
        arity: 3,
        summary: 'Lists the consumer groups of a stream.',
        syntax: 'key',
        run: groupsInfo,
      },
      {
        ...subcommand,
        name: 'consumers',
        arity: 4,
        summary: 'Lists the consumers of a group.',
        syntax: 'key group',
        tips: ['nondeterministic_output'],
        run: consumersInfo,
      },
      {
        ...streamFamily,
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '5.0.0',
        complexity: 'O(1)',
        summary: 'Lists the subcommands.',
        syntax: '',
        run: (call) => replyHelp(call, HELP),
      },
    ],
  },
];
