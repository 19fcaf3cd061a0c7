/** All commands of the store: one row each, one family a folder. */
import type { CommandSpec } from '../command/spec.ts';
import { connectionCommands } from './connection/index.ts';
import { geoCommands } from './geo/index.ts';
import { hashCommands } from './hashes/index.ts';
import { keyCommands } from './keys/index.ts';
import { listCommands } from './lists/index.ts';
import { setCommands } from './sets/index.ts';
import { streamCommands } from './streams/index.ts';
import { stringCommands } from './strings/index.ts';
import { transactionCommands } from './transactions/index.ts';
import { zsetCommands } from './zsets/index.ts';

export const commandSpecs: readonly CommandSpec[] = [
  ...connectionCommands,
  ...geoCommands,
  ...hashCommands,
  ...keyCommands,
  ...listCommands,
  ...setCommands,
  ...streamCommands,
  ...stringCommands,
  ...transactionCommands,
  ...zsetCommands,
];
