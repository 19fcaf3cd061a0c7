/**
 * Signatures that were found right not long ago, so that who comes again with one, as players do for each piece of a
 * film, is not paid for again.
 *
 * Invariants: only right ones are held, each with all that it is over; long ones are not. They are held in two halves
 * of so many, of which the older is forgotten whole. Whoever makes signatures up learns nothing by time: a text is
 * compared with one that is held only when a seeded hash of all of it is the same.
 */
import { isSignature, type ReceivedPolicy, type SignedThing } from './policy.ts';

const HALF = 1024;
const CHARACTERS_MAX = 512;

export class RightSignatures {
  private young = new Set<string>();
  private old = new Set<string>();
  private readonly half: number;

  constructor(half = HALF) {
    this.half = half;
  }

  /** @param secret always the same for one name of a key. */
  isRight(received: ReceivedPolicy, thing: SignedThing, secret: string): boolean {
    const { unsigned, signature } = received;
    const { method, host, path, query } = thing;
    // No part holds a line's end, and the policy names the key.
    const text = `${signature}\n${unsigned}\n${method}\n${host}\n${path}\n${query}`;
    if (this.young.has(text)) return true;
    const isKnown = this.old.has(text);
    if (!isKnown && !isSignature(received, thing, secret)) return false;
    if (text.length > CHARACTERS_MAX) return true;
    if (this.young.size >= this.half) {
      this.old = this.young;
      this.young = new Set();
    }
    this.young.add(text);
    return true;
  }

  /** How many are held. */
  get size(): number {
    return this.young.size + this.old.size;
  }
}
