/** What a request may do, by its flags; of an EXEC: what the commands that it would run may. */
import { Bit, type Command } from '../command/table.ts';
import type { Session } from '../session/session.ts';

/** Commands that run inside MULTI instead of being queued. */
export const TRANSACTION_COMMANDS: ReadonlySet<string> = new Set([
  'exec',
  'discard',
  'multi',
  'watch',
  'quit',
  'reset',
]);

/** Whether it needs room: also whatever is queued, as in Redis. */
export function needsMemory({ transaction }: Session, { bits, spec }: Command): boolean {
  if ((bits & Bit.denyoom) !== 0) return true;
  if (transaction.state === 'none') return false;
  if (spec.name !== 'exec') return !TRANSACTION_COMMANDS.has(spec.name);
  return transaction.queue.some(({ command }) => (command.bits & Bit.denyoom) !== 0);
}

/** Whether it may change something. */
export function mayWrite(session: Session, command: Command): boolean {
  if ((command.bits & (Bit.write | Bit.mayReplicate)) !== 0) return true;
  if (command.spec.name !== 'exec') return false;
  return session.transaction.queue.some((queued) => (queued.command.bits & Bit.write) !== 0);
}
