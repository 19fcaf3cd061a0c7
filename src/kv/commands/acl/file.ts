/** ACL SAVE, LOAD, HELP. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { replyHelp } from '../shared/help.ts';
import { aclRow } from './acl-row.ts';

const NO_FILE = new ReplyError(
  'ERR This Redis instance is not configured to use an ACL file. Name one in the configuration (kv.aclFile) to load and save users.',
);
const NOT_SAVED =
  'ERR There was an error trying to save the ACLs. Please check the server logs for more information';

function save(call: Call): void {
  const { engine, reply } = call;
  if (engine.acl.store === undefined) throw NO_FILE;
  try {
    engine.acl.save();
  } catch (error) {
    engine.log?.error('the file of users could not be written', {
      path: engine.acl.store.path,
      error,
    });
    throw new ReplyError(NOT_SAVED);
  }
  reply.ok();
}

function load(call: Call): void {
  const { engine, reply } = call;
  if (engine.acl.store === undefined) throw NO_FILE;
  let problem: string | undefined;
  try {
    problem = engine.acl.load();
  } catch (error) {
    engine.log?.error('the file of users could not be read', {
      path: engine.acl.store.path,
      error,
    });
    problem = `Error loading ACLs, opening file '${engine.acl.store.path}'`;
  }
  if (problem !== undefined) throw new ReplyError(`ERR ${problem}`);
  reply.ok();
}

function help(call: Call): void {
  replyHelp(call, [
    [
      'CAT [<category>]',
      'List all commands that belong to <category>, or all command categories when no category is specified.',
    ],
    ['DELUSER <username> [<username> ...]', 'Delete a list of users.'],
    [
      'DRYRUN <username> <command> [<arg> ...]',
      'Returns whether the user can execute the given command without executing the command.',
    ],
    ['GETUSER <username>', "Get the user's details."],
    [
      'GENPASS [<bits>]',
      'Generate a secure 256-bit user password. The optional `bits` argument can be used to specify a different size.',
    ],
    ['LIST', 'Show users details in config file format.'],
    ['LOAD', 'Reload users from the ACL file.'],
    ['LOG [<count> | RESET]', 'Show the ACL log entries.'],
    ['SAVE', 'Save the current config to the ACL file.'],
    [
      'SETUSER <username> <attribute> [<attribute> ...]',
      'Create or modify a user with the specified attributes.',
    ],
    ['USERS', 'List all the registered usernames.'],
    ['WHOAMI', 'Return the current connection username.'],
  ]);
}

export const fileRows: readonly CommandSpec[] = [
  aclRow({
    name: 'save',
    arity: 2,
    summary: 'Writes all users to the file of users.',
    complexity: 'O(N) with N users',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    run: save,
  }),
  aclRow({
    name: 'load',
    arity: 2,
    summary: 'Replaces all users by those of the file of users.',
    complexity: 'O(N) with N users',
    run: load,
  }),
  aclRow({
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    summary: 'Lists the subcommands.',
    complexity: 'O(1)',
    run: help,
  }),
];
