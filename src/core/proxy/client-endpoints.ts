/** A client as the PROXY protocol tells a server of it. */
import { parseIp } from '../base/index.ts';
import type { Exchange } from '../http/index.ts';
import type { ProxyEndpoints } from '../wire/index.ts';

/** Null when it has no IP address: it came by a Unix socket. */
export function endpointsOf({ client }: Exchange): ProxyEndpoints | null {
  const { remoteAddress, remotePort, localAddress, localPort } = client;
  const source = parseIp(remoteAddress);
  if (source === null || parseIp(localAddress) === null) return null;
  return {
    family: source.length === 4 ? 'inet' : 'inet6',
    transport: 'stream',
    sourceAddress: remoteAddress,
    sourcePort: remotePort,
    destinationAddress: localAddress,
    destinationPort: localPort,
  };
}
