/**
 * What becomes of a request whose session is bound to a server: the one table for all kinds of persistence.
 *
 *     server                              what
 *     takes bound work, has room          it goes there
 *     takes bound work, is full           it waits there, for its session's data is there
 *     down, ejected, tripped, maintenance it is placed anew and bound to the new server;
 *                                         `strict`: refused (503), for another server would harm
 *     no longer of the pool, unknown      the same
 *     draining                            as one that takes bound work, until it is cut
 */
import type { Server } from '../servers/server.ts';

/**
 * `use`: send it there. `wait`: queue it for this server. `rebind`: choose, and bind the session to what was
 * chosen. `refuse`: answer 503.
 */
export type BindingDecision = 'use' | 'wait' | 'rebind' | 'refuse';

export function decideBinding(server: Server | undefined, strict: boolean): BindingDecision {
  const there = server !== undefined && server.member !== -1 && server.takesBoundWork;
  if (!there) return strict ? 'refuse' : 'rebind';
  return server.admits ? 'use' : 'wait';
}
