/** Scripts and functions. */
import type { CommandSpec } from '../../command/spec.ts';
import { evalCommands } from './eval.ts';
import { fcallCommands } from './fcall.ts';
import { functionCommand } from './function.ts';
import { scriptCommand } from './script.ts';

export const scriptingCommands: readonly CommandSpec[] = [
  ...evalCommands,
  ...fcallCommands,
  functionCommand,
  scriptCommand,
];
