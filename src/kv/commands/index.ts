/** All commands of the store: one row each, one family a folder. */
import type { CommandSpec } from '../command/spec.ts';
import { aclCommands } from './acl/index.ts';
import { bitmapCommands } from './bitmaps/index.ts';
import { connectionCommands } from './connection/index.ts';
import { geoCommands } from './geo/index.ts';
import { hashCommands } from './hashes/index.ts';
import { hyperloglogCommands } from './hyperloglog/index.ts';
import { keyCommands } from './keys/index.ts';
import { listCommands } from './lists/index.ts';
import { observingCommands } from './observing/index.ts';
import { pubsubCommands } from './pubsub/index.ts';
import { scriptingCommands } from './scripting/index.ts';
import { serverCommands } from './server/index.ts';
import { setCommands } from './sets/index.ts';
import { streamCommands } from './streams/index.ts';
import { stringCommands } from './strings/index.ts';
import { transactionCommands } from './transactions/index.ts';
import { zsetCommands } from './zsets/index.ts';

export const commandSpecs: readonly CommandSpec[] = [
  ...aclCommands,
  ...bitmapCommands,
  ...connectionCommands,
  ...geoCommands,
  ...hashCommands,
  ...hyperloglogCommands,
  ...keyCommands,
  ...listCommands,
  ...observingCommands,
  ...pubsubCommands,
  ...scriptingCommands,
  ...serverCommands,
  ...setCommands,
  ...streamCommands,
  ...stringCommands,
  ...transactionCommands,
  ...zsetCommands,
];
