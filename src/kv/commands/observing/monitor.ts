/** MONITOR: shows every command that the store runs. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';

function monitor(call: Call): void {
  const { engine, session, reply } = call;
  if (!session.monitor) engine.monitors.add(session);
  reply.ok();
}

export const monitorCommands: readonly CommandSpec[] = [
  {
    name: 'monitor',
    arity: 1,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    acl: [],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1) a command that follows',
    summary: 'Shows every command that the store runs.',
    syntax: '',
    run: monitor,
  },
];
