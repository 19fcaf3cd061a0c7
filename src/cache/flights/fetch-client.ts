/** The client of a fetch: what was known of the one that it was begun for, who may have left since. */
import type { ClientFacts } from '../../core/http/index.ts';
import type { PeerCertificate } from '../../core/runtime/index.ts';

export class FetchClient implements ClientFacts {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly encrypted: boolean;
  readonly serverName: string;
  readonly isTrusted: boolean;
  readonly addressBytes: Buffer;
  private readonly certificate: PeerCertificate | undefined;

  constructor(client: ClientFacts) {
    this.remoteAddress = client.remoteAddress;
    this.remotePort = client.remotePort;
    this.localAddress = client.localAddress;
    this.localPort = client.localPort;
    this.encrypted = client.encrypted;
    this.serverName = client.serverName;
    this.isTrusted = client.isTrusted;
    this.addressBytes = client.addressBytes;
    this.certificate = client.peerCertificate();
  }

  peerCertificate(): PeerCertificate | undefined {
    return this.certificate;
  }
}
