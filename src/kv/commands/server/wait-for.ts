/** Lets a client wait for something that is no key: a disk. */
import type { RespWriter } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';

/**
 * The client waits until `begin` says that it is done, or for `timeoutMs` milliseconds (0: for ever),
 * and then gets the answer. Where waiting is impossible it gets the answer at once.
 */
export function waitFor(
  call: Call,
  timeoutMs: number,
  answer: (reply: RespWriter) => void,
  begin: (done: () => void) => void,
): void {
  const { engine, session } = call;
  call.block({ keys: [], timeoutMs, onTimeout: answer });
  if (call.blockRequest === undefined) return;
  begin(() => {
    // It may be done before the client has begun to wait, or wait for something else by then.
    engine.clock.nextTurn(() => {
      if (session.blocked?.onTimeout === answer) engine.waiting.unblock(session, 'timeout');
    });
  });
}
