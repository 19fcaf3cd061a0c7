/**
 * Sets of networks in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3): whom we believe.
 *
 * An IPv4 address is the same one when it comes mapped into IPv6 (`::ffff:192.0.2.1`), as it does on a socket
 * for both; networks within `::ffff:0:0/96` are IPv4 networks. Beyond that the families are apart: `::/0` holds no
 * IPv4 address. Reading is strict, because a slip in a list of trust lets strangers in: no bit may be set
 * behind the prefix, so that `10.1.2.3/8` is not taken for one host.
 */
import { formatIp, parseIp } from './ip-address.ts';

/** Why a text is no network. */
export const networkProblemTable = {
  'bad-address': 'is neither an IP address nor a network',
  'bad-prefix': 'has a prefix length that its family does not know',
  'bits-behind-prefix': 'has bits set behind its prefix',
} as const;

export type NetworkProblem = keyof typeof networkProblemTable;

export interface Network {
  /** 4 or 16 bytes, zero behind the prefix. */
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

export type NetworkParsed =
  | { readonly kind: 'network'; readonly network: Network }
  | { readonly kind: 'problem'; readonly problem: NetworkProblem };

const MAPPED_BYTES = 12;
const MAPPED_BITS = 96;

/** @param text an address, which is a network of its own, or `address/prefix`. */
export function parseNetwork(text: string): NetworkParsed {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return { kind: 'problem', problem: 'bad-address' };
  const bitsMax = address.length * 8;
  const prefix = slash < 0 ? `${bitsMax}` : text.slice(slash + 1);
  const prefixBits = /^(0|[1-9][0-9]{0,2})$/.test(prefix) ? Number(prefix) : bitsMax + 1;
  if (prefixBits > bitsMax) return { kind: 'problem', problem: 'bad-prefix' };
  if (!zeroBehind(address, prefixBits)) return { kind: 'problem', problem: 'bits-behind-prefix' };
  const mapped = isMapped(address) && prefixBits >= MAPPED_BITS;
  const network = mapped
    ? { bytes: address.subarray(MAPPED_BYTES), prefixBits: prefixBits - MAPPED_BITS }
    : { bytes: address, prefixBits };
  return { kind: 'network', network };
}

/** The text of an address in the family that it belongs to, without a zone; another text as it is. */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const text = zone < 0 ? address : address.slice(0, zone);
  // Spares nearly everybody the work.
  if (!text.startsWith('::')) return text;
  const bytes = parseIp(text);
  return bytes !== null && isMapped(bytes) ? formatIp(bytes.subarray(MAPPED_BYTES)) : text;
}

export class Networks {
  private readonly list: readonly Network[];

  constructor(list: readonly Network[]) {
    this.list = list;
  }

  get size(): number {
    return this.list.length;
  }

  /** @param address as sockets tell it, with a zone or without; the path of a Unix socket is in no network. */
  contains(address: string): boolean {
    if (this.list.length === 0) return false;
    const zone = address.indexOf('%');
    const parsed = parseIp(zone < 0 ? address : address.slice(0, zone));
    if (parsed === null) return false;
    const bytes = isMapped(parsed) ? parsed.subarray(MAPPED_BYTES) : parsed;
    return this.list.some((network) => holds(network, bytes));
  }
}

function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false;
  return true;
}

function zeroBehind(bytes: Uint8Array, prefixBits: number): boolean {
  const whole = prefixBits >> 3;
  const rest = prefixBits & 7;
  for (let at = whole; at < bytes.length; at++) {
    const mask = at === whole && rest > 0 ? 0xff >> rest : 0xff;
    if ((bytes[at]! & mask) !== 0) return false;
  }
  return true;
}

function holds({ bytes, prefixBits }: Network, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false;
  const whole = prefixBits >> 3;
  for (let at = 0; at < whole; at++) if (bytes[at] !== address[at]) return false;
  const rest = prefixBits & 7;
  return rest === 0 || ((bytes[whole]! ^ address[whole]!) & (0xff << (8 - rest)) & 0xff) === 0;
}
