/** The PROXY header that a server is sent of a session. */
import { plainAddress } from '../../core/base/index.ts';
import { encodeProxyHeader, encodeProxyLine, type ProxyEndpoints } from '../../core/wire/index.ts';
import type { Backends, SessionFacts } from './backends.ts';

export function proxyHeaderOf(
  version: Backends['proxyProtocol'],
  facts: SessionFacts,
): Buffer | null {
  if (version === 'no') return null;
  const endpoints = endpointsOf(facts);
  return version === 'v1' ? encodeProxyLine(endpoints) : encodeProxyHeader(endpoints);
}

/** Null when the client came by a Unix socket: what it is called there says nothing to a server. */
function endpointsOf(facts: SessionFacts): ProxyEndpoints | null {
  const { clientAddress, clientPort, localAddress, localPort } = facts;
  if (clientAddress === '' || clientAddress.startsWith('/') || localAddress === '') return null;
  const sourceAddress = plainAddress(clientAddress);
  return {
    family: sourceAddress.includes(':') ? 'inet6' : 'inet',
    transport: 'stream',
    sourceAddress,
    sourcePort: clientPort,
    destinationAddress: plainAddress(localAddress),
    destinationPort: localPort,
  };
}
