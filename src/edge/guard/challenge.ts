/**
 * A task that costs a browser a second and the edge nothing: find a number whose SHA-256 together with a text of ours
 * begins with so many zero bits. Nothing is kept here, the text says all.
 *
 *     task      <until>.<bits>.<mac>            mac: HMAC-SHA-256 over both and the client's prefix
 *     solution  <until>.<bits>.<mac>.<number>   SHA-256 of all of it begins with `bits` zero bits
 *
 * The solution is the cookie that opens the door: it is ours, since it holds the mac, and worth nothing at another
 * prefix, behind its end, or where a harder task is set. Whoever has an address can use it there as often as he likes,
 * within the limits of that address.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { FieldId, type RequestHead } from '../../core/wire/index.ts';

export const CHALLENGE_COOKIE = 'plinth-work';
const VERSION = 'plinth-work-1';
const SOLUTION = /^([0-9]{1,12})\.([0-9]{1,2})\.([A-Za-z0-9_-]{22})\.([0-9]{1,15})$/;
/** Of a mac, bytes: nobody has time to try 2^128. */
const MAC_BYTES = 16;
const NO_COOKIE = Buffer.from(CHALLENGE_COOKIE, 'latin1');

export class Challenge {
  private readonly key: Buffer | string;

  /** @param key 16 bytes or more. */
  constructor(key: Buffer | string) {
    this.key = key;
  }

  /** A task for the client at a prefix. @param untilSeconds since 1970: so long its solution holds. */
  task(prefix: string, untilSeconds: number, bits: number): string {
    return `${untilSeconds}.${bits}.${this.mac(prefix, String(untilSeconds), String(bits))}`;
  }

  /** Whether a text is the solution of a task of ours for this prefix, as hard as this or harder. */
  isSolved(solution: string, prefix: string, nowSeconds: number, bits: number): boolean {
    const match = SOLUTION.exec(solution);
    if (match === null) return false;
    const [, until = '', hard = '', mac = ''] = match;
    if (Number(until) <= nowSeconds || Number(hard) < bits) return false;
    const expected = Buffer.from(this.mac(prefix, until, hard), 'base64url');
    if (!timingSafeEqual(expected, Buffer.from(mac, 'base64url'))) return false;
    return zeroBits(createHash('sha256').update(solution, 'latin1').digest()) >= Number(hard);
  }

  private mac(prefix: string, until: string, bits: string): string {
    return createHmac('sha256', this.key)
      .update(`${VERSION}\n${prefix}\n${until}\n${bits}`, 'latin1')
      .digest()
      .subarray(0, MAC_BYTES)
      .toString('base64url');
  }
}

/** Zero bits that a hash begins with. */
export function zeroBits(hash: Buffer): number {
  let bits = 0;
  for (const byte of hash) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}

/**
 * The solution that a request brings, taken out of it; empty: none. Cache and origin have nothing to do with it.
 * Nothing is allocated where there is none.
 */
export function takeSolution({ fields }: RequestHead): string {
  let found = '';
  for (let i = fields.find(FieldId.cookie); i !== -1; i = fields.find(FieldId.cookie, i + 1)) {
    if (!fields.valueBytes(i).includes(NO_COOKIE)) continue;
    const cookies = fields.value(i).split(/; */);
    const rest = cookies.filter((cookie) => !cookie.startsWith(`${CHALLENGE_COOKIE}=`));
    if (rest.length === cookies.length) continue;
    const own = cookies.find((cookie) => !rest.includes(cookie)) as string;
    found = own.slice(CHALLENGE_COOKIE.length + 1);
    if (rest.length === 0) fields.remove(i);
    else fields.setValue(i, rest.join('; '));
  }
  return found;
}
