/** The words of refusals of requests that name no command, as Redis chooses them. */
import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import { ReplyError, untilZero } from '../errors.ts';

/** Bytes of a name that are shown, and of the arguments together. */
const SHOWN_BYTES = 128;

export function unknownCommand(args: Args): ReplyError {
  let shown = '';
  for (let i = 1; i < args.count && shown.length < SHOWN_BYTES; i++) {
    shown += `'${untilZero(args.text(i)).slice(0, SHOWN_BYTES - shown.length)}' `;
  }
  const name = untilZero(args.text(0)).slice(0, SHOWN_BYTES);
  return new ReplyError(`ERR unknown command '${name}', with args beginning with: ${shown}`);
}

/** For a request to `command` whose second argument is none of its subcommands. */
export function unknownSubcommand(command: Command, args: Args): ReplyError {
  const name = untilZero(args.text(1)).slice(0, SHOWN_BYTES);
  return new ReplyError(
    `ERR unknown subcommand '${name}'. Try ${command.spec.name.toUpperCase()} HELP.`,
  );
}

/** Whether a request begins as those of HTTP do: by POST, or by the Host field. */
export function isHttp(args: Args): boolean {
  const word = args.keyword(0);
  return word === 'POST' || word === 'HOST:';
}
