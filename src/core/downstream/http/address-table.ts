/**
 * How many connections each client has: an IPv4 address is one client, an IPv6 network of 64 bits is one, since
 * whoever has an address there has all of them (RFC 6177).
 *
 * Bounded: there is a row only for clients that have a connection open, and the listener bounds those.
 */
import { parseIp, plainAddress } from '../../base/index.ts';

const IPV6_NETWORK_BYTES = 8;

export class AddressTable {
  private readonly counts = new Map<string, number>();
  /** By the connection's id. */
  private readonly keys = new Map<number, string>();

  /** Clients with a connection. */
  get clients(): number {
    return this.counts.size;
  }

  /** Counts a connection, unless its client has `max` (0: no limit). @returns whether it did. */
  enter(id: number, address: string, max: number): boolean {
    const key = clientKey(address);
    const count = this.counts.get(key) ?? 0;
    if (max > 0 && count >= max) return false;
    this.counts.set(key, count + 1);
    this.keys.set(id, key);
    return true;
  }

  /** The connection, counted or not, is gone. */
  leave(id: number): void {
    const key = this.keys.get(id);
    if (key === undefined) return;
    this.keys.delete(id);
    const count = this.counts.get(key) as number;
    if (count > 1) this.counts.set(key, count - 1);
    else this.counts.delete(key);
  }
}

/** What is counted together with this address. */
export function clientKey(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const bytes = parseIp(plain);
  if (bytes === null) return plain;
  return Buffer.from(bytes.subarray(0, IPV6_NETWORK_BYTES)).toString('hex');
}
