/**
 * Hosts as rules and requests are compared: small letters, no port, no dot at the end, IPv6 addresses in the
 * form of RFC 5952, so that one host has one form.
 *
 * Hot, but for IPv6 addresses: bench/balancer-routes.ts.
 */
import { formatIp, hashBytes, parseIp } from '../../core/base/index.ts';
import {
  HOST_BYTE,
  LOWER_CASE,
  offsetIn,
  RequestHead,
  readAuthority,
} from '../../core/wire/index.ts';

/** Longest host of a request, RFC 1035; longer ones are refused by the parser. */
export const HOST_BYTES_MAX = 255;

const DOT = 0x2e;
const OPENING = 0x5b;

/** Writes the host of a request in its form into `out`, and says how long it is; 0 when there is none. */
export function hostOf(request: RequestHead, out: Buffer): number {
  const { fields, hostStart } = request;
  let length = request.hostLength;
  if (length === 0 || length > out.length) return 0;
  const from = fields.bytesAt(hostStart);
  const start = offsetIn(hostStart);
  if (from[start] === OPENING)
    return addressOf(from.toString('latin1', start, start + length), out);
  for (let i = 0; i < length; i++) out[i] = LOWER_CASE[from[start + i]!]!;
  if (out[length - 1] === DOT) length--;
  return length;
}

function addressOf(bracketed: string, out: Buffer): number {
  const form = addressForm(bracketed.slice(1, -1));
  return form === undefined ? 0 : out.write(form, 'latin1');
}

/** An IPv6 address as a host has it, `[2001:db8::1]`. */
function addressForm(address: string): string | undefined {
  const bytes = parseIp(address);
  return bytes?.length === 16 ? `[${formatIp(bytes)}]` : undefined;
}

/** What a host of a rule stands for. */
export interface HostRule {
  readonly kind: 'exact' | 'below' | 'any';
  /** The host in its form; of `below` with its leading dot: `.example.com`. */
  readonly form: Buffer;
}

/** Reads a host of a rule: a name, an address, `*.name` or `*`; a text says what is wrong. */
export function hostRuleOf(text: string): HostRule | string {
  if (text === '*') return { kind: 'any', form: Buffer.alloc(0) };
  const address = addressForm(text.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return { kind: 'exact', form: Buffer.from(address) };
  const below = text.startsWith('*.');
  const name = (below ? text.slice(2) : text).replace(/\.$/, '').toLowerCase();
  if (name.includes('*')) return 'may have * only as its first label';
  if (/:\d*$/.test(name)) return 'must be without a port';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: any character that is not ASCII.
  if (/[^\x00-\x7f]/.test(name)) return 'must be in its ASCII form (xn--)';
  const bytes = Buffer.from(below ? `.${name}` : name);
  const known = name.length > 0 && Buffer.from(name).every((byte) => HOST_BYTE[byte] !== 0);
  if (!known || bytes.length > HOST_BYTES_MAX || name.startsWith('.')) {
    return 'is no name of a host';
  }
  return { kind: below ? 'below' : 'exact', form: bytes };
}

/** The hash of a host's form, or of its end from a dot on. */
export function hashHost(form: Buffer, start = 0, length: number = form.length): number {
  return hashBytes(form, start, length, 0);
}

/** Whether a text can stand in the Host field: a host with or without a port. */
export function isHostField(text: string): boolean {
  const head = new RequestHead();
  head.fields.buf = Buffer.from(text);
  return readAuthority(head, 0, head.fields.buf.length) === 0;
}
