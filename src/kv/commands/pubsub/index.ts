/** Commands of publish and subscribe. */
import type { CommandSpec } from '../../command/spec.ts';
import { inspectCommands } from './inspect.ts';
import { publishCommands } from './publish.ts';
import { subscribeCommands } from './subscribe.ts';

export const pubsubCommands: readonly CommandSpec[] = [
  ...subscribeCommands,
  ...publishCommands,
  ...inspectCommands,
];
