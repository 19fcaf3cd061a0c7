/** Queueing of commands between MULTI and EXEC. */
import type { Args, RespWriter } from '../../core/wire/index.ts';
import { Bit, type Command } from '../command/table.ts';
import { queuedBytesMax } from '../limits.ts';
import type { Session } from '../session/session.ts';
import type { Engine } from './engine.ts';

/** What a queued command and each of its arguments take beside their bytes. */
const COMMAND_BYTES = 128;
const ARGUMENT_BYTES = 128;

/** Queues a command of a client in MULTI, or marks the transaction failed. */
export function queueCommand(
  engine: Engine,
  session: Session,
  command: Command,
  args: Args,
  reply: RespWriter,
): void {
  const { transaction } = session;
  let text = '';
  if ((command.bits & Bit.noMulti) !== 0) text = 'ERR Command not allowed inside a transaction';
  else {
    // One that will not run any more is not kept.
    const lost = transaction.state === 'failed' || transaction.dirty;
    const copies = lost ? [] : args.ownCopies();
    if (!lost) transaction.queuedBytes += COMMAND_BYTES;
    for (const copy of copies) transaction.queuedBytes += ARGUMENT_BYTES + copy.length;
    if (transaction.queuedBytes > queuedBytesMax) text = 'ERR transaction is too large';
    else if (!lost) transaction.queue.push({ command, args: copies });
  }
  if (text === '') {
    reply.simple('QUEUED');
    return;
  }
  transaction.clear();
  transaction.state = 'failed';
  command.rejected++;
  engine.stats.noteError(text);
  reply.error(text);
}
