/** Commands on users. */
import type { CommandSpec } from '../../command/spec.ts';
import { aclRow } from './acl-row.ts';
import { fileRows } from './file.ts';
import { inspectRows } from './inspect.ts';
import { userRows } from './users.ts';

export const aclCommands: readonly CommandSpec[] = [
  {
    ...aclRow({ name: 'acl', arity: -2, summary: 'Commands on users.' }),
    flags: [],
    complexity: 'depends on the subcommand',
    subcommands: [...userRows, ...inspectRows, ...fileRows],
  },
];
