/** XDEL, XTRIM, XSETID. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { NO_SUCH_KEY, ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Notify } from '../../notify.ts';
import { EntryId } from '../../values/stream/index.ts';
import {
  COUNTED_MAX,
  findStreamForWrite,
  groupChanged,
  idArg,
  idArgs,
  streamFamily,
} from './common.ts';
import { TrimArgs } from './trim-args.ts';

const NEGATIVE_ADDED = new ReplyError('ERR entries_added must be positive');
const BELOW_GIVEN_DELETED = new ReplyError(
  'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id',
);
const BELOW_DELETED = new ReplyError(
  'ERR The ID specified in XSETID is smaller than current max_deleted_entry_id',
);
const BELOW_TOP = new ReplyError(
  'ERR The ID specified in XSETID is smaller than the target stream top item',
);
const FEWER_THAN_LENGTH = new ReplyError(
  'ERR The entries_added specified in XSETID is smaller than the target stream length',
);

function xdel(call: Call): void {
  const stream = findStreamForWrite(call, 1);
  let deleted = 0;
  if (stream !== undefined) {
    for (const id of idArgs(call, 2)) if (stream.delete(id)) deleted++;
  }
  if (deleted > 0) call.changed(1, Notify.stream, 'xdel');
  call.reply.integer(deleted);
}

const trim = new TrimArgs();

function xtrim(call: Call): void {
  trim.reset().read(call, false);
  trim.check(call, false);
  const stream = findStreamForWrite(call, 1);
  const deleted = stream === undefined ? 0 : trim.apply(stream);
  if (stream !== undefined && deleted > 0) {
    call.changed(1, Notify.stream, 'xtrim');
    if (trim.approximate || trim.policy !== undefined)
      call.effect('XTRIM', call.args.bytes(1), ...trim.outcome(stream));
  }
  call.reply.integer(deleted);
}

function xsetid(call: Call): void {
  const { args } = call;
  const id = idArg(call, 2);
  let entriesAdded = -1;
  let maxDeletedId: EntryId | undefined;
  for (let i = 3; i < args.count; i += 2) {
    const option = args.keyword(i);
    if (i + 1 >= args.count) throw SYNTAX_ERROR;
    if (option === 'ENTRIESADDED') {
      entriesAdded = Math.min(call.int(i + 1), COUNTED_MAX);
      if (entriesAdded < 0) throw NEGATIVE_ADDED;
    } else if (option === 'MAXDELETEDID') {
      maxDeletedId = idArg(call, i + 1);
      if (id.compare(maxDeletedId) < 0) throw BELOW_GIVEN_DELETED;
    } else throw SYNTAX_ERROR;
  }
  const stream = findStreamForWrite(call, 1);
  if (stream === undefined) throw NO_SUCH_KEY;
  if (stream.length > 0) {
    const top = new EntryId();
    stream.entries.edge(true, top);
    if (id.compare(top) < 0) throw BELOW_TOP;
    if (entriesAdded !== -1 && stream.length > entriesAdded) throw FEWER_THAN_LENGTH;
  }
  if (id.compare(stream.maxDeletedId) < 0) throw BELOW_DELETED;
  stream.lastId.set(id);
  if (entriesAdded !== -1) stream.entriesAdded = entriesAdded;
  if (maxDeletedId !== undefined && !maxDeletedId.isZero) stream.maxDeletedId.set(maxDeletedId);
  call.reply.ok();
  groupChanged(call, 1, 'xsetid');
}

export const editCommands: readonly CommandSpec[] = [
  {
    ...streamFamily,
    name: 'xdel',
    arity: -3,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete'),
    since: '5.0.0',
    complexity: 'O(1) for each id, whatever the length of the stream',
    summary: 'Deletes entries by their ids and returns how many there were.',
    syntax: 'key id [id ...]',
    run: xdel,
  },
  {
    ...streamFamily,
    name: 'xtrim',
    arity: -4,
    flags: ['write'],
    keys: keyAt1('RW', 'delete'),
    since: '5.0.0',
    complexity: 'O(N) with N entries removed',
    summary: 'Deletes the oldest entries beyond a length or below an id.',
    syntax: 'key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]',
    tips: ['nondeterministic_output'],
    run: xtrim,
  },
  {
    ...streamFamily,
    name: 'xsetid',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt1('RW', 'update'),
    since: '5.0.0',
    complexity: 'O(1)',
    summary: 'Sets the last id of a stream and what it remembers of its past.',
    syntax: 'key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]',
    run: xsetid,
  },
];
