/** The address of a client as numbers, in memory that is used again. Hot. */
import { parseIp, plainAddress } from '../../core/base/index.ts';
import { mix } from './steering.ts';

/** What of an address tells networks of clients apart: RFC 7871 section 11.1 advises the same. */
export const PREFIX_BITS_4 = 24;
export const PREFIX_BITS_6 = 56;

export class ClientAddress {
  readonly bytes = Buffer.alloc(16);
  /** Of `bytes`: 4 or 16. */
  length = 4;

  /** @param text as sockets tell it. @returns false when it is no address. */
  set(text: string): boolean {
    if (this.setPlain4(text)) return true;
    const parsed = parseIp(plainAddress(text));
    if (parsed === null) return false;
    parsed.copy(this.bytes);
    this.length = parsed.length;
    return true;
  }

  /** An IPv4 or IPv6 prefix of which octets that it does not need are left out. */
  setPrefix(length: 4 | 16, from: Uint8Array, at: number, octets: number): void {
    this.length = length;
    for (let index = 0; index < length; index++) {
      this.bytes[index] = index < octets ? from[at + index]! : 0;
    }
  }

  /** 32 bits of the network that the client is in, by family. */
  prefixHash(): number {
    const { bytes } = this;
    const high = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8)) >>> 0;
    if (this.length === 4) return mix(high, 4);
    const low = ((bytes[4]! << 24) | (bytes[5]! << 16) | (bytes[6]! << 8)) >>> 0;
    return mix(mix((high | bytes[3]!) >>> 0, low), 6);
  }

  private setPlain4(text: string): boolean {
    let value = 0;
    let octet = 0;
    const length = text.length;
    if (length > 15) return false;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x2e) {
        if (octet === 3) return false;
        this.bytes[octet++] = value;
        value = 0;
      } else {
        if (code < 0x30 || code > 0x39) return false;
        value = value * 10 + code - 0x30;
        if (value > 255) return false;
      }
    }
    if (octet !== 3) return false;
    this.bytes[3] = value;
    this.length = 4;
    return true;
  }
}
