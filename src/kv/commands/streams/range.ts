/** XLEN, XRANGE, XREVRANGE. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { SYNTAX_ERROR } from '../../errors.ts';
import { EntryCursor, EntryId } from '../../values/stream/index.ts';
import { boundArg, findStream, replyEntries, streamFamily } from './common.ts';

const from = new EntryId();
const to = new EntryId();
const cursor = new EntryCursor();

function xlen(call: Call): void {
  call.reply.integer(findStream(call, 1)?.length ?? 0);
}

function range(call: Call, reverse: boolean): void {
  const { args, reply } = call;
  boundArg(call, reverse ? 3 : 2, 'start', from);
  boundArg(call, reverse ? 2 : 3, 'end', to);
  let count = -1;
  for (let i = 4; i < args.count; i += 2) {
    if (args.keyword(i) !== 'COUNT' || i + 1 >= args.count) throw SYNTAX_ERROR;
    count = Math.max(0, call.int(i + 1));
  }
  const stream = findStream(call, 1);
  if (stream === undefined) reply.array(0);
  else if (count === 0) reply.nullArray();
  else {
    cursor.begin(stream.entries, from, to, reverse);
    replyEntries(reply, cursor, Math.max(0, count));
  }
}

const rangeRow = {
  ...streamFamily,
  arity: -4,
  flags: ['readonly'],
  keys: keyAt1('RO', 'access'),
  since: '5.0.0',
  complexity: 'O(N) with N entries returned',
} as const;

export const rangeCommands: readonly CommandSpec[] = [
  {
    ...streamFamily,
    name: 'xlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO'),
    since: '5.0.0',
    complexity: 'O(1)',
    summary: 'Returns the number of entries of a stream.',
    syntax: 'key',
    run: xlen,
  },
  {
    ...rangeRow,
    name: 'xrange',
    summary: 'Returns the entries between two ids.',
    syntax: 'key start end [COUNT count]',
    run: (call) => range(call, false),
  },
  {
    ...rangeRow,
    name: 'xrevrange',
    summary: 'Returns the entries between two ids, the latest first.',
    syntax: 'key end start [COUNT count]',
    run: (call) => range(call, true),
  },
];
