/** What the balancer holds while nothing goes on by itself. */
import { waitUntil } from '../process.ts';
import type { BalancerProcess, Figures } from './balancer-process.ts';

/** What must not be more than at the start. */
export const SOCKETS = ['TCPSocketWrap', 'ConnectWrap', 'TLSWrap'];

/** Figures between two checks of servers, or two calls of the admin door, which have sockets of their own. */
export async function figuresAtRest(balancer: BalancerProcess, start: Figures): Promise<Figures> {
  let figures = start;
  const isAtRest = async (): Promise<boolean> => {
    figures = await balancer.figures();
    return SOCKETS.every((kind) => (figures.resources[kind] ?? 0) <= (start.resources[kind] ?? 0));
  };
  // What does not go away is seen in the figures.
  await waitUntil('rest', isAtRest, 10_000).catch(() => {});
  return figures;
}
