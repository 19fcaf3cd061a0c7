/**
 * What a PROXY protocol header says: who is really at the other end
 * (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
 */

export interface ProxyEndpoints {
  readonly family: 'inet' | 'inet6' | 'unix';
  readonly transport: 'stream' | 'datagram';
  /** An IP address, or the path of a Unix socket. */
  readonly sourceAddress: string;
  /** 0 for a Unix socket. */
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

export interface ProxyHeader {
  readonly version: 1 | 2;
  /**
   * Null: the sender speaks for itself (LOCAL) or does not know (UNKNOWN, UNSPEC), so the connection's own
   * addresses count.
   */
  readonly endpoints: ProxyEndpoints | null;
}

/** Why bytes are no header. */
export const proxyProblemTable = {
  'not-proxy': 'the connection does not begin with a PROXY protocol header',
  'line-too-long': 'version 1: no line end within 107 bytes',
  'bad-line': 'version 1: the line is not as it must be',
  'bad-address': 'an address or port cannot be read',
  'bad-version': 'version 2: the version is not 2',
  'bad-command': 'version 2: the command is neither LOCAL nor PROXY',
  'bad-family': 'version 2: unknown address family or transport',
  'too-short': 'version 2: the header is shorter than its addresses',
  'too-long': 'version 2: the header is longer than allowed',
  'bad-extension': 'version 2: an extension (TLV) goes beyond the header',
} as const;

export type ProxyProblem = keyof typeof proxyProblemTable;

export type ProxyParsed =
  /** No byte so far is wrong, more must come. */
  | { readonly kind: 'more' }
  /** The first `bytes` are the header, what follows is the stream's own. */
  | { readonly kind: 'header'; readonly bytes: number; readonly header: ProxyHeader }
  | { readonly kind: 'problem'; readonly problem: ProxyProblem };

/** Version 2 begins so (section 2.2); no other protocol's client does. */
export const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** The signature, version and command, family and transport, length. */
export const fixedBytes = 16;
export const inetBytes = 12;
export const inet6Bytes = 36;
export const unixBytes = 216;
export const unixPathBytes = 108;
