/** What the rows of CLIENT's subcommands have in common. */
import type { CommandSpec } from '../../command/spec.ts';

type Given = Pick<CommandSpec, 'name' | 'arity' | 'since' | 'summary'> & Partial<CommandSpec>;

export function clientRow(given: Given): CommandSpec {
  return {
    flags: ['noscript', 'loading', 'stale'],
    acl: ['connection'],
    group: 'connection',
    complexity: 'O(1)',
    syntax: '',
    ...given,
  };
}
