/** Bitmap commands: strings as arrays of bits. */
import type { CommandSpec } from '../../command/spec.ts';
import { bitCommands } from './bit.ts';
import { combineCommands } from './combine.ts';
import { countCommands } from './count.ts';
import { fieldCommands } from './field.ts';

export const bitmapCommands: readonly CommandSpec[] = [
  ...bitCommands,
  ...countCommands,
  ...combineCommands,
  ...fieldCommands,
];
