/**
 * The default when no file is named: which registry gave out an address, so about which part of the world it
 * is in, and no country.
 *
 * Facts of IANA's registries "IPv4 Address Space" (https://www.iana.org/assignments/ipv4-address-space) and
 * "IPv6 Global Unicast Address Assignments" (https://www.iana.org/assignments/ipv6-unicast-address-assignments), which
 * change hardly any more. Blocks given out before there were registries are with the one that keeps their records.
 */
import type { Coordinates } from './distance.ts';

export type Registry = 'afrinic' | 'apnic' | 'arin' | 'lacnic' | 'ripe';

/** Where most of the people are whom a registry serves, roughly. */
export const registryCentres: Readonly<Record<Registry, Coordinates>> = {
  afrinic: { latitude: 0, longitude: 25 },
  apnic: { latitude: 25, longitude: 112 },
  arin: { latitude: 39, longitude: -92 },
  lacnic: { latitude: -17, longitude: -58 },
  ripe: { latitude: 49, longitude: 14 },
};

/** First octets, single or from-to; the others are not given out or serve another purpose. */
const ip4: Readonly<Record<Registry, string>> = {
  afrinic: '41 102 105 154 196-197',
  apnic:
    '1 14 27 36 39 42-43 49 58-61 101 103 106 110-126 133 150 153 163 171 175 180 182-183 202-203 210-211 218-223',
  arin: '3-4 6-9 11-13 15-24 26 28-30 32-35 38 40 44-45 47-48 50 52 54-56 63-76 96-100 104 107-108 128-132 134-140 142-144 146-149 152 155-162 164-170 172-174 184 192 198-199 204-209 214-216',
  lacnic: '177 179 181 186-187 189-191 200-201',
  ripe: '2 5 25 31 37 46 51 53 57 62 77-95 109 141 145 151 176 178 185 188 193-195 212-213 217',
};

/** The first 32 bits and how many of them count. */
const ip6: readonly (readonly [number, number, Registry])[] = [
  [0x20010200, 23, 'apnic'],
  [0x20010400, 23, 'arin'],
  [0x20010600, 23, 'ripe'],
  [0x20010800, 22, 'ripe'],
  [0x20010c00, 23, 'apnic'],
  [0x20010e00, 23, 'apnic'],
  [0x20011200, 23, 'lacnic'],
  [0x20011400, 22, 'ripe'],
  [0x20011800, 23, 'arin'],
  [0x20011a00, 23, 'ripe'],
  [0x20011c00, 22, 'ripe'],
  [0x20012000, 19, 'ripe'],
  [0x20014000, 23, 'ripe'],
  [0x20014200, 23, 'afrinic'],
  [0x20014400, 23, 'apnic'],
  [0x20014600, 23, 'ripe'],
  [0x20014800, 23, 'arin'],
  [0x20014a00, 23, 'ripe'],
  [0x20014c00, 23, 'ripe'],
  [0x20015000, 20, 'ripe'],
  [0x20018000, 19, 'apnic'],
  [0x2001a000, 20, 'apnic'],
  [0x2001b000, 20, 'apnic'],
  [0x20030000, 18, 'ripe'],
  [0x24000000, 12, 'apnic'],
  [0x24100000, 12, 'apnic'],
  [0x26000000, 12, 'arin'],
  [0x26100000, 23, 'arin'],
  [0x26200000, 23, 'arin'],
  [0x26300000, 12, 'arin'],
  [0x28000000, 12, 'lacnic'],
  [0x2a000000, 12, 'ripe'],
  [0x2a100000, 12, 'ripe'],
  [0x2c000000, 12, 'afrinic'],
];

export interface RegistryBlock {
  readonly registry: Registry | undefined;
  readonly prefixBits: number;
}

const byFirstOctet: readonly RegistryBlock[] = firstOctets();

/** @param address 4 or 16 bytes. */
export function registryBlockOf(address: Uint8Array): RegistryBlock {
  if (address.length === 4) return byFirstOctet[address[0]!]!;
  const head = ((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!) >>> 0;
  for (const [bits, prefixBits, registry] of ip6) {
    if ((head ^ bits) >>> (32 - prefixBits) === 0) return { registry, prefixBits };
  }
  // Not within any block, and no block is longer than 23 bits.
  return { registry: undefined, prefixBits: 23 };
}

function firstOctets(): RegistryBlock[] {
  const blocks: RegistryBlock[] = Array.from({ length: 256 }, () => ({
    registry: undefined,
    prefixBits: 8,
  }));
  for (const [registry, ranges] of Object.entries(ip4) as [Registry, string][]) {
    for (const range of ranges.split(' ')) {
      const [from, to = from] = range.split('-').map(Number) as [number, number?];
      for (let octet = from; octet <= to; octet++) blocks[octet] = { registry, prefixBits: 8 };
    }
  }
  return blocks;
}
