/** Connection commands. */
import type { CommandSpec } from '../../command/spec.ts';
import { pingCommands } from './ping.ts';

export const connectionCommands: readonly CommandSpec[] = [...pingCommands];
