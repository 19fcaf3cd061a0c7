/**
 * Cookies of DNS by which a client shows that an address is its own (RFC 7873), in the form that all
 * servers understand (RFC 9018): version, time, and a SipHash over these, the client's cookie and its address.
 *
 * All PoPs have the same secret, so that a cookie from one is good at the others. Nothing is kept of clients.
 */
import { createHash } from 'node:crypto';
import { sipHash } from './siphash.ts';

export const SERVER_COOKIE_BYTES = 16;
export const CLIENT_COOKIE_BYTES = 8;

/** RFC 9018 section 4.3, seconds. */
const validSeconds = 3_600;
const futureSeconds = 300;
/** From this age on a new one is given. */
const renewSeconds = 1_800;
const version = 1;
const hashBytes = 8;

/** 16 bytes for cookies alone, from a secret that serves other purposes too. */
export function cookieKey(secret: string | Uint8Array): Buffer {
  return createHash('sha256')
    .update('dns cookies, RFC 9018\0')
    .update(secret)
    .digest()
    .subarray(0, 16);
}

export class Cookies {
  /** The newest first; cookies of all are taken. */
  private readonly keys: readonly Buffer[];
  /** Client's cookie, version, reserved, time, address. */
  private readonly message = Buffer.alloc(CLIENT_COOKIE_BYTES + 8 + 16);
  private readonly hash = Buffer.alloc(hashBytes);

  /** @param keys of 16 bytes each, one at least. */
  constructor(keys: readonly Buffer[]) {
    this.keys = keys;
  }

  /**
   * Whether the server's cookie behind a client's is ours for this address, and not too old.
   * @param address of which `addressBytes` count, 4 or 16.
   */
  isValid(
    bytes: Uint8Array,
    at: number,
    length: number,
    address: Uint8Array,
    addressBytes: number,
    nowSeconds: number,
  ): boolean {
    const server = at + CLIENT_COOKIE_BYTES;
    if (length !== CLIENT_COOKIE_BYTES + SERVER_COOKIE_BYTES || bytes[server] !== version)
      return false;
    const age = (nowSeconds - timeOf(bytes, server + 4)) | 0;
    // Serial number arithmetic (RFC 1982), as section 4.3 has it.
    if (age > validSeconds || age < -futureSeconds) return false;
    this.compose(bytes, at, address, addressBytes);
    for (let index = 0; index < 8; index++) {
      this.message[CLIENT_COOKIE_BYTES + index] = bytes[server + index]!;
    }
    for (const key of this.keys) {
      sipHash(key, this.message, 16 + addressBytes, this.hash, 0);
      let differs = 0;
      for (let index = 0; index < hashBytes; index++) {
        differs |= this.hash[index]! ^ bytes[server + 8 + index]!;
      }
      if (differs === 0) return true;
    }
    return false;
  }

  /**
   * Writes the cookie to answer with, the client's and the server's: a valid one as it came while it is young.
   * @param isValid what `isValid` has said of it.
   * @returns how many bytes.
   */
  write(
    bytes: Uint8Array,
    at: number,
    address: Uint8Array,
    addressBytes: number,
    nowSeconds: number,
    isValid: boolean,
    into: Uint8Array,
    to: number,
  ): number {
    const whole = CLIENT_COOKIE_BYTES + SERVER_COOKIE_BYTES;
    const server = at + CLIENT_COOKIE_BYTES;
    if (isValid && ((nowSeconds - timeOf(bytes, server + 4)) | 0) < renewSeconds) {
      for (let index = 0; index < whole; index++) into[to + index] = bytes[at + index]!;
      return whole;
    }
    this.compose(bytes, at, address, addressBytes);
    const { message } = this;
    message[8] = version;
    message[9] = 0;
    message[10] = 0;
    message[11] = 0;
    message.writeUInt32BE(nowSeconds >>> 0, 12);
    for (let index = 0; index < 16; index++) into[to + index] = message[index]!;
    sipHash(this.keys[0]!, message, 16 + addressBytes, into, to + 16);
    return whole;
  }

  private compose(bytes: Uint8Array, at: number, address: Uint8Array, addressBytes: number): void {
    const { message } = this;
    for (let index = 0; index < CLIENT_COOKIE_BYTES; index++) message[index] = bytes[at + index]!;
    for (let index = 0; index < addressBytes; index++) message[16 + index] = address[index]!;
  }
}

function timeOf(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}
