/** A command row as COMMAND DOCS tells it (https://redis.io/docs/latest/commands/command-docs/). */
import type { RespWriter } from '../../core/wire/index.ts';
import { type Change, changesOf, replacedBy, systemCommands } from './history.ts';
import type { CommandSpec } from './spec.ts';
import { type Argument, parseSyntax } from './syntax.ts';
import type { Command } from './table.ts';

/** Writes the name and the map of one command. */
export function replyCommandDocs(reply: RespWriter, command: Command): void {
  const { spec, subcommands } = command;
  const { fullName } = command;
  const args = parseSyntax(spec.syntax);
  const better = replacedBy[fullName];
  const isSystem = systemCommands.has(fullName);
  const changes = changesOf[fullName];
  const has = [
    better !== undefined || isSystem,
    better !== undefined,
    better !== undefined,
    changes !== undefined,
    args.length > 0,
    subcommands.size > 0,
  ];
  reply.bulkText(fullName);
  reply.map(4 + has.filter(Boolean).length);
  for (const name of ['summary', 'since', 'group', 'complexity'] as const) {
    reply.bulkText(name);
    reply.bulk(Buffer.from(spec[name]));
  }
  if (better !== undefined || isSystem) {
    reply.bulkText('doc_flags');
    reply.set(1);
    reply.simple(isSystem ? 'syscmd' : 'deprecated');
  }
  if (better !== undefined) {
    reply.bulkText('deprecated_since');
    reply.bulkText(better[0]);
    reply.bulkText('replaced_by');
    reply.bulkText(better[1]);
  }
  if (changes !== undefined) replyChanges(reply, changes);
  if (args.length > 0) {
    reply.bulkText('arguments');
    replyArguments(reply, args, new KeyNumbers(spec));
  }
  if (subcommands.size > 0) {
    reply.bulkText('subcommands');
    reply.map(subcommands.size);
    for (const sub of subcommands.values()) replyCommandDocs(reply, sub);
  }
}

function replyChanges(reply: RespWriter, changes: readonly Change[]): void {
  reply.bulkText('history');
  reply.set(changes.length);
  for (const [version, text] of changes) {
    reply.array(2);
    reply.bulkText(version);
    reply.bulkText(text);
  }
}

/** Numbers the arguments that are keys by the row's key specifications, in their order. */
class KeyNumbers {
  private next = 0;
  private readonly count: number;

  constructor(spec: CommandSpec) {
    this.count = spec.keys?.length ?? 0;
  }

  take(): number {
    return Math.min(this.next++, this.count - 1);
  }
}

function replyArguments(reply: RespWriter, args: readonly Argument[], keys: KeyNumbers): void {
  reply.array(args.length);
  for (const arg of args) replyArgument(reply, arg, keys);
}

function replyArgument(reply: RespWriter, arg: Argument, keys: KeyNumbers): void {
  const flags = [
    arg.optional === true ? 'optional' : '',
    arg.multiple === true ? 'multiple' : '',
    arg.multipleToken === true ? 'multiple_token' : '',
  ].filter((flag) => flag !== '');
  const keyNumber = arg.type === 'key' ? keys.take() : -1;
  const has = [
    keyNumber >= 0,
    arg.token !== undefined,
    flags.length > 0,
    arg.arguments !== undefined,
  ];
  reply.map(2 + has.filter(Boolean).length);
  reply.bulkText('name');
  reply.bulkText(arg.name);
  reply.bulkText('type');
  // A name such as `key` means no key of the keyspace in a command without keys.
  reply.bulkText(arg.type === 'key' && keyNumber < 0 ? 'string' : arg.type);
  if (keyNumber >= 0) {
    reply.bulkText('key_spec_index');
    reply.integer(keyNumber);
  }
  if (arg.token !== undefined) {
    reply.bulkText('token');
    reply.bulkText(arg.token);
  }
  if (flags.length > 0) {
    reply.bulkText('flags');
    reply.set(flags.length);
    for (const flag of flags) reply.simple(flag);
  }
  if (arg.arguments !== undefined) {
    reply.bulkText('arguments');
    replyArguments(reply, arg.arguments, keys);
  }
}
