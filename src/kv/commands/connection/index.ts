/** Commands of the connection itself. */
import type { CommandSpec } from '../../command/spec.ts';
import { aboutRows } from './client-about.ts';
import { controlRows } from './client-control.ts';
import { killRows } from './client-kill.ts';
import { clientRow } from './client-row.ts';
import { trackingRows } from './client-tracking.ts';
import { loginCommands } from './login.ts';
import { pingCommands } from './ping.ts';

export const connectionCommands: readonly CommandSpec[] = [
  ...pingCommands,
  ...loginCommands,
  {
    ...clientRow({
      name: 'client',
      arity: -2,
      since: '2.4.0',
      summary: 'Commands about clients.',
    }),
    flags: [],
    acl: [],
    complexity: 'depends on the subcommand',
    subcommands: [...aboutRows, ...killRows, ...trackingRows, ...controlRows],
  },
];
