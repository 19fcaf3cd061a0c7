/**
 * Listening and dialling by the tier chosen at start, and datagrams.
 */
import type { Network } from '../network.ts';
import { bindUdp } from './datagram.ts';
import { dialOn } from './dial.ts';
import type { NodeTransport } from './transport.ts';
import { createTlsClient } from './transport-tls-client.ts';

export function createNodeNetwork(transport: NodeTransport): Network {
  return {
    tier: transport.tier,
    listen: (options) => transport.listen(options),
    dial: dialOn(transport),
    tlsClient(options) {
      void transport.prepareTls();
      return createTlsClient(options);
    },
    bindUdp,
  };
}
