/** What the rows of ACL's subcommands have in common: most are for administrators. */
import type { CommandSpec } from '../../command/spec.ts';

type Given = Pick<CommandSpec, 'name' | 'arity' | 'summary'> & Partial<CommandSpec>;

export function aclRow(given: Given): CommandSpec {
  return {
    flags: ['admin', 'noscript', 'loading', 'stale'],
    acl: [],
    group: 'server',
    since: '6.0.0',
    complexity: 'O(N)',
    syntax: '',
    ...given,
  };
}

/** Flags of the subcommands that everybody may use. */
export const openFlags = ['noscript', 'loading', 'stale'] as const;
