/** Queueing of commands between MULTI and EXEC. */
import type { Args, RespWriter } from '../../core/wire/index.ts';
import { Bit, type Command } from '../command/table.ts';
import { queuedBytesMax } from '../limits.ts';
import type { Session } from '../session/session.ts';
import type { Engine } from './engine.ts';

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
    const copies = args.copies();
    for (const copy of copies) transaction.queuedBytes += copy.length;
    if (transaction.queuedBytes > queuedBytesMax) text = 'ERR transaction is too large';
    else transaction.queue.push({ command, args: copies });
  }
  if (text === '') {
    reply.simple('QUEUED');
    return;
  }
  transaction.state = 'failed';
  command.rejected++;
  engine.stats.noteError(text);
  reply.error(text);
}
