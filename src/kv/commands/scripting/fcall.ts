/** FCALL and FCALL_RO. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { keyCount, runsReadOnlyScript, runsScript } from './key-count.ts';

const NO_FUNCTION = new ReplyError('ERR Function not found');
const BAD_KEY_COUNT = new ReplyError('ERR Bad number of keys provided');

function callFunction(call: Call, readOnly: boolean): void {
  const { scripting } = call.engine;
  const f = scripting.libraries.find(call.args.text(1));
  if (f === undefined) throw NO_FUNCTION;
  scripting.callFunction(call, f, keyCount(call, BAD_KEY_COUNT), readOnly);
}

export const fcallCommands: readonly CommandSpec[] = [
  {
    ...runsScript,
    name: 'fcall',
    since: '7.0.0',
    complexity: 'that of the function',
    summary: 'Runs a function of a loaded library.',
    syntax: 'function numkeys [key [key ...]] [arg [arg ...]]',
    run: (call) => callFunction(call, false),
  },
  {
    ...runsReadOnlyScript,
    name: 'fcall_ro',
    since: '7.0.0',
    complexity: 'that of the function',
    summary: 'Runs a function of a loaded library that may not write.',
    syntax: 'function numkeys [key [key ...]] [arg [arg ...]]',
    run: (call) => callFunction(call, true),
  },
];
