/**
 * The real transport: probes once per process which tier this Node carries, then listens on it.
 */
import type { Transport, TransportTier } from '../transport.ts';
import type { DialNative } from './dial.ts';
import { listenOn } from './transport-listen.ts';
import { type Probed, probe } from './transport-probe.ts';

export interface NodeTransport extends Transport {
  /** For dialling on the same tier: what the tier 'handle' needs, if it can dial too. */
  readonly dialNative: DialNative | undefined;
}

let probed: Promise<Probed> | undefined;

/**
 * @param tier forces a tier, for tests and measurements; without it the fastest that works.
 */
export async function createNodeTransport(tier?: TransportTier): Promise<NodeTransport> {
  probed ??= probe();
  const found = await probed;
  const chosen = tier === undefined ? found.tier : slowerOf(tier, found.tier);
  const binding = chosen === 'handle' ? found.binding : undefined;
  const { connect } = found;
  return {
    tier: chosen,
    listen: (options) => listenOn(chosen, binding, options),
    dialNative: binding && connect && { stream: binding, connect },
  };
}

/** A tier that failed its probe is never used, even when asked for. */
function slowerOf(asked: TransportTier, found: TransportTier): TransportTier {
  const order: readonly TransportTier[] = ['streams', 'onread', 'handle'];
  return order.indexOf(asked) <= order.indexOf(found) ? asked : found;
}
