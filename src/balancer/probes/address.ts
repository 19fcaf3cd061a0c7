/** Where a server is dialled. A Unix socket's `host` is `unix:` and its path, as settings write it. */
import type { ListenAddress } from '../../core/runtime/index.ts';
import { serverAddressText } from '../pools/address.ts';

const UNIX = 'unix:';

/** An address as `ServerSpec` has it. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export function hostPortOf(address: ListenAddress): HostPort {
  return 'path' in address ? { host: UNIX + address.path, port: 0 } : address;
}

/** `port` other than undefined: that one instead of the server's, which a Unix socket has none of. */
export function dialAddressOf({ host, port }: HostPort, otherPort?: number): ListenAddress {
  if (host.startsWith(UNIX)) return { path: host.slice(UNIX.length) };
  return { host, port: otherPort ?? port };
}

/** What a Host field says of a server. RFC 9110 section 7.2. */
export function authorityOf(address: ListenAddress): string {
  return 'path' in address ? 'localhost' : serverAddressText(address);
}
