/**
 * Networks whose place the operator says himself, before any file: private ones, offices, tests.
 *
 * Invariant: of two that hold an address the smaller one says where it is, and how many addresses that holds for leaves
 * out whatever smaller one lies between them.
 */
import { parseNetwork } from '../../core/base/index.ts';
import type { Place } from './place.ts';

export interface OwnNetwork {
  /** `10.1.0.0/16`, `2001:db8::/32`. */
  readonly network: string;
  readonly country: string | undefined;
  readonly latitude: number;
  readonly longitude: number;
  readonly asn: number | undefined;
}

interface Row {
  readonly base: Uint8Array;
  readonly bits: number;
  readonly place: OwnNetwork;
}

export class OwnNetworks {
  /** The smallest first. */
  private readonly rows: readonly Row[];

  constructor(networks: readonly OwnNetwork[] = []) {
    this.rows = networks
      .flatMap((place): Row[] => {
        const parsed = parseNetwork(place.network);
        if (parsed.kind !== 'network') return [];
        const { bytes: base, prefixBits: bits } = parsed.network;
        return [{ base, bits, place }];
      })
      .sort((a, b) => b.bits - a.bits);
  }

  /** @param address 4 or 16 bytes. */
  find(address: Uint8Array): Place | undefined {
    const row = this.rows.find(
      ({ base, bits }) => base.length === address.length && commonBits(base, address) >= bits,
    );
    if (row === undefined) return undefined;
    const { country, latitude, longitude, asn } = row.place;
    const prefixBits = Math.max(row.bits, this.apartAt(address, row.bits));
    return { country, latitude, longitude, asn, prefixBits, from: 'settings' };
  }

  /** Bits of an address that tell it from all smaller networks of ours that do not hold it. */
  apartAt(address: Uint8Array, above = -1): number {
    let most = 0;
    for (const { base, bits } of this.rows) {
      if (base.length !== address.length || bits <= above) continue;
      const common = commonBits(base, address);
      if (common < bits) most = Math.max(most, common + 1);
    }
    return most;
  }
}

function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const other = a[i]! ^ b[i]!;
    if (other !== 0) return i * 8 + Math.clz32(other) - 24;
  }
  return a.length * 8;
}
