/** Passwords as the ACL keeps them: SHA-256 in lower-case hex, never the text. */
import { createHash, timingSafeEqual } from 'node:crypto';

const HASH = /^[0-9a-f]{64}$/;

/** The hash of a password given as bytes in latin1. */
export function hashPassword(password: string): string {
  return createHash('sha256').update(password, 'latin1').digest('hex');
}

export function isPasswordHash(text: string): boolean {
  return HASH.test(text);
}

/** Whether the password is one of those with these hashes; every hash is looked at, in constant time. */
export function matchesPassword(hashes: Iterable<string>, password: string): boolean {
  const given = createHash('sha256').update(password, 'latin1').digest();
  let found = false;
  for (const hash of hashes) {
    if (timingSafeEqual(Buffer.from(hash, 'hex'), given)) found = true;
  }
  return found;
}
