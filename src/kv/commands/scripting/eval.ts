/** EVAL, EVALSHA and their read-only kin. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError } from '../../errors.ts';
import { keyCount, runsReadOnlyScript, runsScript } from './key-count.ts';

const NO_SCRIPT = new ReplyError('NOSCRIPT No matching script. Please use EVAL.');
const SHA_LENGTH = 40;

function evaluate(call: Call, readOnly: boolean): void {
  const { scripting } = call.engine;
  const keys = keyCount(call);
  scripting.evaluate(call, scripting.scriptAt(call, 1), keys, readOnly);
}

function evaluateSha(call: Call, readOnly: boolean): void {
  const { scripting } = call.engine;
  if (call.args.length(1) !== SHA_LENGTH) throw NO_SCRIPT;
  const keys = keyCount(call);
  const text = call.args.text(1);
  const script = scripting.cache.get(text) ?? scripting.cache.get(text.toLowerCase());
  if (script === undefined) throw NO_SCRIPT;
  scripting.evaluate(call, script, keys, readOnly);
}

export const evalCommands: readonly CommandSpec[] = [
  {
    ...runsScript,
    name: 'eval',
    since: '2.6.0',
    summary: 'Runs a Lua script.',
    syntax: 'script numkeys [key [key ...]] [arg [arg ...]]',
    run: (call) => evaluate(call, false),
  },
  {
    ...runsScript,
    name: 'evalsha',
    since: '2.6.0',
    summary: 'Runs a Lua script that is known already, by its SHA-1.',
    syntax: 'sha1 numkeys [key [key ...]] [arg [arg ...]]',
    run: (call) => evaluateSha(call, false),
  },
  {
    ...runsReadOnlyScript,
    name: 'eval_ro',
    since: '7.0.0',
    summary: 'Runs a Lua script that may not write.',
    syntax: 'script numkeys [key [key ...]] [arg [arg ...]]',
    run: (call) => evaluate(call, true),
  },
  {
    ...runsReadOnlyScript,
    name: 'evalsha_ro',
    since: '7.0.0',
    summary: 'Runs a Lua script that is known already and may not write, by its SHA-1.',
    syntax: 'sha1 numkeys [key [key ...]] [arg [arg ...]]',
    run: (call) => evaluateSha(call, true),
  },
];
