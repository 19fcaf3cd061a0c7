/**
 * What PoPs tell each other of certificates. The link is somebody else's; it may lose and double messages, and it
 * need not be secret: certificates with their keys are sealed here.
 *
 *     acme-challenges    answers to the challenges of an order, all that a PoP has put up now
 *     acme-certificate   a certificate and its key, sealed
 *     acme-account       the account at the authority and its key, sealed
 *     acme-have          what a PoP holds, and that it would like to have what is newer
 *
 * Invariants: what does not have the right shape, or was sealed by another secret, is undefined and nothing else
 * happens; times and lengths are bounded.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Random } from '../../core/runtime/index.ts';
import type { Pair } from './certificate-facts.ts';
import { CHALLENGES_MAX } from './limits.ts';

/** The link to the other PoPs. */
export interface Sharing {
  /**
   * Tells all other PoPs.
   * @param value goes through JSON.
   * @returns resolves when those that can be reached have taken it; it does not wait for others.
   */
  publish(kind: string, value: unknown): void | Promise<void>;
  /** Calls `listener` with what others publish. */
  onReceived(listener: (kind: string, value: unknown) => void): void;
}

export type ChallengeAnswer =
  | { readonly kind: 'http-01'; readonly token: string; readonly value: string }
  | { readonly kind: 'dns-01'; readonly name: string; readonly value: string };

/** All that a PoP has put up. */
export interface SharedChallenges {
  readonly pop: string;
  readonly answers: readonly ChallengeAnswer[];
}

export interface SharedCertificate {
  readonly name: string;
  readonly pair: Pair;
  /** The directory of the authority that has signed it. */
  readonly directory: string;
}

/** Names of certificates with when each begins to hold, milliseconds since 1970. */
export interface SharedHoldings {
  readonly pop: string;
  /** It is the one that asks the authority, so all others tell it what they hold. */
  readonly isCoordinator: boolean;
  readonly held: ReadonlyMap<string, number>;
}

export function challengesOf(value: unknown): SharedChallenges | undefined {
  if (!isObject(value) || !isText(value.pop) || !Array.isArray(value.answers)) return undefined;
  if (value.answers.length > CHALLENGES_MAX || !value.answers.every(isAnswer)) return undefined;
  return { pop: value.pop, answers: value.answers };
}

export function holdingsOf(value: unknown): SharedHoldings | undefined {
  if (!isObject(value) || !isText(value.pop) || !isObject(value.held)) return undefined;
  const held = new Map<string, number>();
  for (const [name, ms] of Object.entries(value.held)) {
    if (typeof ms !== 'number' || !Number.isFinite(ms)) return undefined;
    held.set(name, ms);
  }
  return { pop: value.pop, isCoordinator: value.isCoordinator === true, held };
}

export function certificateOf(value: unknown): SharedCertificate | undefined {
  if (!isObject(value) || !isObject(value.pair)) return undefined;
  const { name, directory, pair } = value;
  const { chain, key } = pair;
  if (!isText(name) || !isText(directory) || typeof chain !== 'string' || typeof key !== 'string') {
    return undefined;
  }
  return { name, directory, pair: { chain, key } };
}

function isAnswer(value: unknown): value is ChallengeAnswer {
  if (!isObject(value) || !isText(value.value)) return false;
  if (value.kind === 'http-01') return isText(value.token);
  return value.kind === 'dns-01' && isText(value.name);
}

const TEXT_LENGTH_MAX = 1024;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= TEXT_LENGTH_MAX;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** AES-256-GCM (NIST SP 800-38D): its nonce and its tag, bytes. */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Hides values from whoever does not know the secret of the PoPs, and tells when somebody has changed them. */
export class Seal {
  private readonly key: Buffer;
  private readonly random: Random;

  /** @param secret what all PoPs know and nobody guesses. */
  constructor(secret: string, random: Random) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'plinth edge certificates', 32));
    this.random = random;
  }

  /** @param kind of the message; it opens as no other one. */
  close(kind: string, value: unknown): string {
    const nonce = this.random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce).setAAD(Buffer.from(kind));
    const text = cipher.update(JSON.stringify(value), 'utf8');
    return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  /** Undefined: it was not closed by this secret as this kind. */
  open(kind: string, sealed: unknown): unknown {
    if (typeof sealed !== 'string') return undefined;
    const bytes = Buffer.from(sealed, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const end = bytes.length - TAG_BYTES;
    try {
      const decipher = createDecipheriv(CIPHER, this.key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(kind)).setAuthTag(bytes.subarray(end));
      const text = decipher.update(bytes.subarray(NONCE_BYTES, end));
      return JSON.parse(Buffer.concat([text, decipher.final()]).toString());
    } catch {
      return undefined;
    }
  }
}
