/**
 * How two PoPs come to know each other: both prove that they know the secret, over names, numbers used once and the
 * version, before anything else is looked at. Pure. Grammar: docs/formats/edge-bus.md.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const BUS_VERSION = 1;
export const NONCE_BYTES = 16;

/** What both have said; a proof is over all of it, so that it fits no other link, direction or side. */
export interface Transcript {
  readonly clientPop: string;
  readonly clientNonce: string;
  readonly serverPop: string;
  readonly serverNonce: string;
}

export interface Hello {
  readonly pop: string;
  readonly nonce: string;
}

export interface Challenge extends Hello {
  readonly proof: string;
}

type Line = Readonly<Record<string, unknown>>;

export function proofOf(side: 'client' | 'server', secret: string, of: Transcript): string {
  const said = [BUS_VERSION, of.clientPop, of.clientNonce, of.serverPop, of.serverNonce];
  return createHmac('sha256', secret)
    .update(JSON.stringify([`plinth edge bus ${side}`, ...said]))
    .digest('hex');
}

/** In constant time. */
export function isProof(wanted: string, given: string): boolean {
  const a = Buffer.from(wanted, 'latin1');
  const b = Buffer.from(given, 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}

export function helloLine({ pop, nonce }: Hello): object {
  return { kind: 'hello', version: BUS_VERSION, pop, nonce };
}

/** The version that it speaks when that is not ours; undefined: it is none. */
export function readHello(line: Line): Hello | 'version' | undefined {
  const { kind, version, pop, nonce } = line;
  if (kind !== 'hello') return undefined;
  if (version !== BUS_VERSION) return 'version';
  return isName(pop) && isNonce(nonce) ? { pop, nonce } : undefined;
}

export function challengeLine({ pop, nonce, proof }: Challenge): object {
  return { kind: 'challenge', version: BUS_VERSION, pop, nonce, proof };
}

export function readChallenge(line: Line): Challenge | undefined {
  const { kind, version, pop, nonce, proof } = line;
  if (kind !== 'challenge' || version !== BUS_VERSION) return undefined;
  return isName(pop) && isNonce(nonce) && typeof proof === 'string'
    ? { pop, nonce, proof }
    : undefined;
}

export function readProof({ kind, proof }: Line): string | undefined {
  return kind === 'proof' && typeof proof === 'string' ? proof : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 256;
}

function isNonce(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}
