/** XPENDING. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { SYNTAX_ERROR } from '../../errors.ts';
import { EntryId, type Group } from '../../values/stream/index.ts';
import { boundArg, findStream, groupOf, replyId, replyName, streamFamily } from './common.ts';

const from = new EntryId();
const to = new EntryId();
const id = new EntryId();

function xpending(call: Call): void {
  const { args } = call;
  if (args.count === 3) {
    summary(call, groupOf(call, findStream(call, 1), 2));
    return;
  }
  if (args.count < 6 || args.count > 9) throw SYNTAX_ERROR;
  let minIdleMs = 0;
  let at = 3;
  if (args.keyword(3) === 'IDLE') {
    minIdleMs = call.int(4);
    if (args.count < 8) throw SYNTAX_ERROR;
    at = 5;
  }
  const count = call.int(at + 2);
  boundArg(call, at, 'start', from);
  boundArg(call, at + 1, 'end', to);
  const group = groupOf(call, findStream(call, 1), 2);
  const consumer = at + 3 < args.count ? args.text(at + 3) : undefined;
  list(call, group, { minIdleMs, count, consumer });
}

/** How many entries are pending, the first and the last of them, and how many for each consumer. */
function summary(call: Call, group: Group): void {
  const { reply } = call;
  const { pending } = group;
  reply.array(4);
  reply.integer(pending.size);
  if (pending.size === 0) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  pending.toFirst();
  replyId(reply, id.read(pending.words, pending.w));
  pending.toLast();
  replyId(reply, id.read(pending.words, pending.w));
  const busy = group.sortedConsumers().filter((consumer) => consumer.pending.size > 0);
  reply.array(busy.length);
  for (const consumer of busy) {
    reply.array(2);
    replyName(reply, consumer.name);
    reply.bulkNumber(consumer.pending.size);
  }
}

function list(
  call: Call,
  group: Group,
  wanted: { minIdleMs: number; count: number; consumer: string | undefined },
): void {
  const { reply, nowMs } = call;
  const consumer = wanted.consumer === undefined ? undefined : group.consumers.get(wanted.consumer);
  if (wanted.consumer !== undefined && consumer === undefined) {
    reply.array(0);
    return;
  }
  const { pending } = group;
  const walked = consumer?.pending ?? pending;
  const mark = reply.deferred();
  let count = 0;
  for (let more = walked.seek(from); more && count < wanted.count; more = walked.next()) {
    id.read(walked.words, walked.w);
    if (id.compare(to) > 0) break;
    if (walked !== pending) pending.find(id);
    const idleMs = nowMs - group.deliveredMs;
    if (wanted.minIdleMs !== 0 && idleMs < wanted.minIdleMs) continue;
    count++;
    reply.array(4);
    replyId(reply, id);
    replyName(reply, group.consumer.name);
    reply.integer(Math.max(0, idleMs));
    reply.integer(group.deliveries);
  }
  reply.endDeferred(mark, 'array', count);
}

export const pendingCommands: readonly CommandSpec[] = [
  {
    ...streamFamily,
    name: 'xpending',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '5.0.0',
    complexity: 'O(N) with N entries returned or looked at, or N consumers',
    summary: 'Tells what was delivered to a group and not acknowledged.',
    syntax: 'key group [[IDLE min-idle-time] start end count [consumer]]',
    tips: ['nondeterministic_output'],
    run: xpending,
  },
];
