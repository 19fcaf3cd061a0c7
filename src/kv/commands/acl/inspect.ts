/** ACL CAT, GENPASS, DRYRUN, LOG. */

import { Args } from '../../../core/wire/index.ts';
import { denial, denialText } from '../../acl/index.ts';
import type { Call } from '../../command/call.ts';
import { ACL_CATEGORIES, categoriesOf } from '../../command/categories.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, wrongArity } from '../../errors.ts';
import { wrongUse } from '../shared/help.ts';
import { aclRow, openFlags } from './acl-row.ts';

const PASSWORD_BITS_DEFAULT = 256;
const PASSWORD_BITS_MAX = 4096;
const BAD_BITS = new ReplyError(
  `ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to ${PASSWORD_BITS_MAX}`,
);
const LOG_COUNT_DEFAULT = 10;

function categories(call: Call): void {
  const { args, engine, reply } = call;
  if (call.count > 3) throw wrongUse(call);
  if (call.count === 2) {
    reply.array(ACL_CATEGORIES.length);
    for (const name of ACL_CATEGORIES) reply.bulkText(name);
    return;
  }
  const wanted = args.text(2).toLowerCase();
  if (!ACL_CATEGORIES.some((name) => name === wanted)) {
    throw new ReplyError(`ERR Unknown category '${args.text(2).slice(0, 128)}'`);
  }
  const found = engine.commands.all.filter(({ spec }) => categoriesOf(spec).includes(wanted));
  reply.array(found.length);
  for (const command of found) reply.bulkText(command.fullName);
}

function generatePassword(call: Call): void {
  if (call.count > 3) throw wrongUse(call);
  const bits = call.count === 3 ? call.int(2) : PASSWORD_BITS_DEFAULT;
  if (bits < 1 || bits > PASSWORD_BITS_MAX) throw BAD_BITS;
  const digits = Math.ceil(bits / 4);
  const bytes = call.engine.random.bytes(Math.ceil(digits / 2));
  call.reply.bulkText(bytes.toString('hex').slice(0, digits));
}

function dryRun(call: Call): void {
  const { args, engine, reply } = call;
  const user = engine.acl.user(args.text(2));
  if (user === undefined) throw new ReplyError(`ERR User '${args.text(2)}' not found`);
  const request = new Args().load(args.copies(3));
  const found = engine.commands.find(request);
  const command =
    found === undefined || found.subcommands.size === 0
      ? found
      : (engine.commands.resolve(found, request) ?? (request.count === 1 ? found : undefined));
  if (command === undefined) throw new ReplyError(`ERR Command '${args.text(3)}' not found`);
  if (!command.arityFits(request.count)) throw wrongArity(command.fullName);
  const refused = denial(user, command, request);
  if (refused === undefined) reply.ok();
  else reply.bulkText(denialText(refused, user, command, request.text(refused.index)));
}

function log(call: Call): void {
  const { args, engine, reply } = call;
  const { log: refusals } = engine.acl;
  if (call.count > 3) throw wrongUse(call);
  if (call.count === 3 && args.keyword(2) === 'RESET') {
    refusals.reset();
    reply.ok();
    return;
  }
  const count = call.count === 3 ? Math.max(0, call.int(2)) : LOG_COUNT_DEFAULT;
  const shown = refusals.entries.slice(0, count);
  reply.array(shown.length);
  for (const entry of shown) {
    reply.map(10);
    reply.bulkText('count');
    reply.integer(entry.count);
    reply.bulkText('reason');
    reply.bulkText(entry.reason);
    reply.bulkText('context');
    reply.bulkText(entry.context);
    reply.bulkText('object');
    reply.bulkText(entry.object);
    reply.bulkText('username');
    reply.bulkText(entry.username);
    reply.bulkText('age-seconds');
    reply.double((call.nowMs - entry.updatedMs) / 1000);
    reply.bulkText('client-info');
    reply.bulkText(entry.clientInfo);
    reply.bulkText('entry-id');
    reply.integer(entry.id);
    reply.bulkText('timestamp-created');
    reply.integer(entry.createdMs);
    reply.bulkText('timestamp-last-updated');
    reply.integer(entry.updatedMs);
  }
}

export const inspectRows: readonly CommandSpec[] = [
  aclRow({
    name: 'cat',
    arity: -2,
    flags: openFlags,
    summary: 'Names the categories of commands, or the commands of one.',
    syntax: '[category]',
    complexity: 'O(N) with N commands',
    run: categories,
  }),
  aclRow({
    name: 'genpass',
    arity: -2,
    flags: openFlags,
    summary: 'Makes up a strong password.',
    syntax: '[bits]',
    complexity: 'O(1)',
    run: generatePassword,
  }),
  aclRow({
    name: 'dryrun',
    arity: -4,
    since: '7.0.0',
    summary: 'Tells whether a user might run a command.',
    syntax: 'username command [arg [arg ...]]',
    complexity: 'O(1)',
    run: dryRun,
  }),
  aclRow({
    name: 'log',
    arity: -2,
    summary: 'Shows what was refused lately.',
    syntax: '[count | RESET]',
    complexity: 'O(N) with N entries',
    run: log,
  }),
];
