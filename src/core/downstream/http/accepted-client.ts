/** The client at the other end of an accepted connection, or of the proxy that speaks for it. */
import { ownBytes } from '../../base/index.ts';
import type { ClientFacts } from '../../http/index.ts';
import type { PeerCertificate } from '../../runtime/index.ts';
import type { ProxyEndpoints } from '../../wire/index.ts';
import type { Connection } from '../connection.ts';

export class AcceptedClient implements ClientFacts {
  readonly isTrusted: boolean;
  told: ClientFacts['told'] = undefined;
  private readonly connection: Connection;
  private readonly endpoints: ProxyEndpoints | null;
  private address: Buffer | undefined = undefined;

  /** @param endpoints what a PROXY protocol header said, if there was one. */
  constructor(
    connection: Connection,
    endpoints: ProxyEndpoints | null,
    trusts: (address: string) => boolean,
  ) {
    this.connection = connection;
    this.endpoints = endpoints;
    this.isTrusted = trusts(this.remoteAddress);
  }

  get remoteAddress(): string {
    return this.endpoints?.sourceAddress ?? this.connection.remoteAddress;
  }
  get remotePort(): number {
    return this.endpoints?.sourcePort ?? this.connection.remotePort;
  }
  get localAddress(): string {
    return this.endpoints?.destinationAddress ?? this.connection.localAddress;
  }
  get localPort(): number {
    return this.endpoints?.destinationPort ?? this.connection.localPort;
  }
  get encrypted(): boolean {
    return this.connection.encrypted;
  }
  get serverName(): string {
    return this.connection.serverName;
  }

  get addressBytes(): Buffer {
    this.address ??= ownBytes(this.remoteAddress, 'latin1');
    return this.address;
  }

  peerCertificate(): PeerCertificate | undefined {
    return this.connection.peerCertificate();
  }
}
