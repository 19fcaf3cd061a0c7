/** XACK, XACKDEL, XDELEX. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Notify } from '../../notify.ts';
import { findStreamForWrite, idArgs, streamFamily } from './common.ts';
import { deleteUnder, Outcome, policyArgs } from './reference-policy.ts';

function xack(call: Call): void {
  const group = findStreamForWrite(call, 1)?.groupForWrite(call.args.text(2));
  let acknowledged = 0;
  if (group !== undefined) {
    for (const id of idArgs(call, 3)) if (group.acknowledge(id)) acknowledged++;
  }
  call.engine.dirty += acknowledged;
  call.reply.integer(acknowledged);
}

function xackdel(call: Call): void {
  const { policy, ids } = policyArgs(call, 3);
  const stream = findStreamForWrite(call, 1);
  const group = stream?.groupForWrite(call.args.text(2));
  const { reply } = call;
  let deleted = 0;
  reply.array(ids.length);
  for (const id of ids) {
    if (stream === undefined || !group?.acknowledge(id)) {
      reply.integer(Outcome.missing);
      continue;
    }
    call.engine.dirty++;
    const outcome = deleteUnder(stream, id, policy);
    if (outcome === Outcome.deleted) deleted++;
    // An entry that was deleted before has been acknowledged all the same.
    reply.integer(outcome === Outcome.missing ? Outcome.deleted : outcome);
  }
  if (deleted > 0) call.changed(1, Notify.stream, 'xdel');
}

function xdelex(call: Call): void {
  const { policy, ids } = policyArgs(call, 2);
  const stream = findStreamForWrite(call, 1);
  const { reply } = call;
  let deleted = 0;
  reply.array(ids.length);
  for (const id of ids) {
    const outcome = stream === undefined ? Outcome.missing : deleteUnder(stream, id, policy);
    if (outcome === Outcome.deleted) deleted++;
    reply.integer(outcome);
  }
  if (deleted > 0) call.changed(1, Notify.stream, 'xdel');
}

export const acknowledgeCommands: readonly CommandSpec[] = [
  {
    ...streamFamily,
    name: 'xack',
    arity: -4,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'update'),
    since: '5.0.0',
    complexity: 'O(1) for each id',
    summary: 'Takes entries out of the pending list of a group; returns how many were in it.',
    syntax: 'key group id [id ...]',
    run: xack,
  },
  {
    ...streamFamily,
    name: 'xackdel',
    arity: -6,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete'),
    since: '8.2.0',
    complexity: 'O(1) for each id',
    summary: 'Acknowledges entries and deletes them, as far as other groups allow it.',
    syntax: 'key group [KEEPREF | DELREF | ACKED] IDS numids id [id ...]',
    run: xackdel,
  },
  {
    ...streamFamily,
    name: 'xdelex',
    arity: -5,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete'),
    since: '8.2.0',
    complexity: 'O(1) for each id',
    summary: 'Deletes entries and says what becomes of references to them in groups.',
    syntax: 'key [KEEPREF | DELREF | ACKED] IDS numids id [id ...]',
    run: xdelex,
  },
];
