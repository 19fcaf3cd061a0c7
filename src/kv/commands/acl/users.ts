/** ACL SETUSER, GETUSER, DELUSER, LIST, USERS, WHOAMI. */
import type { Selector } from '../../acl/index.ts';
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { aclRow, openFlags } from './acl-row.ts';

function setUser(call: Call): void {
  const { args, engine, reply } = call;
  const rules: string[] = [];
  for (let i = 3; i < call.count; i++) rules.push(args.text(i));
  engine.acl.setUser(args.text(2), rules);
  reply.ok();
}

function deleteUsers(call: Call): void {
  const { args, engine, reply } = call;
  for (let i = 2; i < call.count; i++) {
    if (args.text(i) === 'default') {
      throw new ReplyError("ERR The 'default' user cannot be removed");
    }
  }
  let deleted = 0;
  for (let i = 2; i < call.count; i++) if (engine.acl.deleteUser(args.text(i))) deleted++;
  reply.integer(deleted);
}

function getUser(call: Call): void {
  const { args, engine, reply } = call;
  const user = engine.acl.user(args.text(2));
  if (user === undefined) {
    reply.null();
    return;
  }
  reply.map(6);
  reply.bulkText('flags');
  reply.set(user.flags.length);
  for (const flag of user.flags) reply.bulkText(flag);
  reply.bulkText('passwords');
  reply.array(user.passwords.size);
  for (const hash of user.passwords) reply.bulkText(hash);
  writeSelector(call, user.root);
  reply.bulkText('selectors');
  reply.array(user.selectors.length - 1);
  for (const selector of user.selectors.slice(1)) {
    reply.map(3);
    writeSelector(call, selector);
  }
}

/** Three pairs of a map. */
function writeSelector({ reply }: Call, selector: Selector): void {
  reply.bulkText('commands');
  reply.bulkText(selector.describeCommands());
  reply.bulkText('keys');
  reply.bulkText(selector.describeKeys());
  reply.bulkText('channels');
  reply.bulkText(selector.describeChannels());
}

function list({ engine, reply }: Call): void {
  const users = engine.acl.users();
  reply.array(users.length);
  for (const user of users) reply.bulkText(`user ${user.name} ${user.describe()}`);
}

function names({ engine, reply }: Call): void {
  const users = engine.acl.users();
  reply.array(users.length);
  for (const user of users) reply.bulkText(user.name);
}

function whoAmI({ session, reply }: Call): void {
  reply.bulkText(session.user.name);
}

export const userRows: readonly CommandSpec[] = [
  aclRow({
    name: 'setuser',
    arity: -3,
    summary: 'Makes a user or changes what it may do.',
    syntax: 'username [rule [rule ...]]',
    complexity: 'O(N) with N rules',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    run: setUser,
  }),
  aclRow({
    name: 'deluser',
    arity: -3,
    summary: 'Deletes users and ends their connections.',
    syntax: 'username [username ...]',
    complexity: 'O(1) a user, and O(N) with N connections',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    run: deleteUsers,
  }),
  aclRow({
    name: 'getuser',
    arity: 3,
    summary: 'Shows what a user may do.',
    syntax: 'username',
    complexity: 'O(N) with N rules',
    run: getUser,
  }),
  aclRow({
    name: 'list',
    arity: 2,
    summary: 'Shows all users with their rules.',
    complexity: 'O(N) with N users',
    run: list,
  }),
  aclRow({
    name: 'users',
    arity: 2,
    summary: 'Names all users.',
    complexity: 'O(N) with N users',
    run: names,
  }),
  aclRow({
    name: 'whoami',
    arity: 2,
    flags: openFlags,
    summary: 'Names the user of the connection.',
    complexity: 'O(1)',
    run: whoAmI,
  }),
];
