/** All commands of the store: one row each, one family a folder. */
import type { CommandSpec } from '../command/spec.ts';
import { connectionCommands } from './connection/index.ts';
import { stringCommands } from './strings/index.ts';

export const commandSpecs: readonly CommandSpec[] = [...connectionCommands, ...stringCommands];
