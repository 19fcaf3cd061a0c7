/**
 * The real transport: probes once per process which tier this Node carries, then listens on it.
 */
import type { Transport, TransportTier } from '../transport.ts';
import type { DialNative } from './dial.ts';
import type { StreamBinding } from './transport-handle.ts';
import { listenOn } from './transport-listen.ts';
import { type Probed, probe, within } from './transport-probe.ts';
import { probeTls } from './transport-probe-tls.ts';

export interface NodeTransport extends Transport {
  /** For dialling on the same tier: what the tier 'handle' needs, if it can dial too. */
  readonly dialNative: DialNative | undefined;
  /** What TLS needs to go past its stream; undefined while that is not known or when it cannot. */
  readonly tlsNative: StreamBinding | undefined;
  /** Finds out about TLS, once per process, which nobody needs to pay for who does not use it. */
  prepareTls(): Promise<void>;
}

let probed: Promise<Probed> | undefined;
let tlsProbed: Promise<boolean> | undefined;

/**
 * @param tier forces a tier, for tests and measurements; without it the fastest that works.
 */
export async function createNodeTransport(tier?: TransportTier): Promise<NodeTransport> {
  probed ??= probe();
  const found = await probed;
  const chosen = tier === undefined ? found.tier : slowerOf(tier, found.tier);
  const binding = chosen === 'handle' ? found.binding : undefined;
  const { connect } = found;
  let tlsNative: StreamBinding | undefined;
  const prepareTls = async (): Promise<void> => {
    if (binding === undefined) return;
    tlsProbed ??= within(probeTls(binding), false);
    if (await tlsProbed) tlsNative = binding;
  };
  return {
    tier: chosen,
    listen(options) {
      // Until it is known what TLS may do, its streams go over their sockets, which is only slower.
      if (options.tls !== undefined) void prepareTls();
      return listenOn(chosen, binding, options, () => tlsNative);
    },
    dialNative: binding && connect && { stream: binding, connect },
    get tlsNative() {
      return tlsNative;
    },
    prepareTls,
  };
}

/** A tier that failed its probe is never used, even when asked for. */
function slowerOf(asked: TransportTier, found: TransportTier): TransportTier {
  const order: readonly TransportTier[] = ['streams', 'onread', 'handle'];
  return order.indexOf(asked) <= order.indexOf(found) ? asked : found;
}
