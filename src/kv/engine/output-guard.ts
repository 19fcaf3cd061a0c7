/** Ends clients whose unread output is above the limits of their class. */
import type { Output } from '../session/output.ts';
import type { OutputClass } from '../session/output-limits.ts';
import type { Session } from '../session/session.ts';
import type { Engine } from './engine.ts';

export class OutputGuard {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /**
   * Looks at what a client has not read yet; `moreBytes`: written for it, but not in its output.
   * Returns false when the client is ended for it: then its output is dropped.
   */
  check(session: Session, output: Output, moreBytes: number): boolean {
    const { settings, keyspace } = this.engine;
    const { hardBytes, softBytes, softSeconds } =
      settings.clientOutputBufferLimits[classOf(session)];
    if (hardBytes === 0 && softBytes === 0) return true;
    const bytes = output.pendingBytes + moreBytes;
    let exceeded = hardBytes > 0 && bytes >= hardBytes;
    if (softBytes > 0 && bytes >= softBytes) {
      if (output.softSinceMs === 0) output.softSinceMs = keyspace.nowMs;
      else if (keyspace.nowMs - output.softSinceMs > softSeconds * 1000) exceeded = true;
    } else output.softSinceMs = 0;
    if (exceeded) this.end(session, output);
    return !exceeded;
  }

  private end(session: Session, output: Output): void {
    const { engine } = this;
    if (session.closing && output.connection.closing) return;
    session.closing = true;
    session.endingReason = 'output-limit';
    engine.stats.outputLimitDisconnections++;
    engine.outlet.forget(output);
    output.connection.destroy('output-limit');
    engine.log?.warn('client ended: it does not read what it is sent', { client: session.id });
  }
}

/** Monitors count as normal clients, as in Redis. */
function classOf(session: Session): OutputClass {
  return session.subscriptions === undefined ? 'normal' : 'pubsub';
}
