/**
 * Ids of stream entries: two unsigned 64-bit numbers, time in milliseconds and sequence, as four
 * unsigned 32-bit words, because a double is not exact beyond 2^53 and a bigint costs an allocation.
 *
 * In the arena an id is four words in the order of the fields, so ids compare word by word.
 */

const WORD = 2 ** 32;
const WORD_MAX = WORD - 1;
const U64_MAX = 2n ** 64n - 1n;
const DASH = 45;
const STAR = 42;
/** Digits that a double always holds exactly. */
const SAFE_DIGITS = 15;
/** Redis reads no id that is longer. */
const ID_TEXT_MAX = 127;
/** What strtoull reads and Redis' own strict parser does not. */
const LOOSE_NUMBER = /^[ \t\n\v\f\r]*\+?[0-9]+$/;

/** Longest text of an id, bytes. */
export const ID_TEXT_BYTES = 41;

export class EntryId {
  msHi = 0;
  msLo = 0;
  seqHi = 0;
  seqLo = 0;

  /** An id of whole numbers up to 2^53. */
  static of(ms: number, seq: number): EntryId {
    const id = new EntryId();
    id.setMs(ms);
    id.setSeq(seq);
    return id;
  }

  static max(): EntryId {
    const id = new EntryId();
    id.setMax();
    return id;
  }

  get isZero(): boolean {
    return this.msHi === 0 && this.msLo === 0 && this.seqHi === 0 && this.seqLo === 0;
  }

  get isMax(): boolean {
    return (
      this.msHi === WORD_MAX &&
      this.msLo === WORD_MAX &&
      this.seqHi === WORD_MAX &&
      this.seqLo === WORD_MAX
    );
  }

  set(other: EntryId): this {
    this.msHi = other.msHi;
    this.msLo = other.msLo;
    this.seqHi = other.seqHi;
    this.seqLo = other.seqLo;
    return this;
  }

  clone(): EntryId {
    return new EntryId().set(this);
  }

  setZero(): void {
    this.msHi = 0;
    this.msLo = 0;
    this.seqHi = 0;
    this.seqLo = 0;
  }

  setMax(): void {
    this.msHi = WORD_MAX;
    this.msLo = WORD_MAX;
    this.seqHi = WORD_MAX;
    this.seqLo = WORD_MAX;
  }

  setMs(ms: number): void {
    this.msHi = Math.floor(ms / WORD);
    this.msLo = ms >>> 0;
  }

  setSeq(seq: number): void {
    this.seqHi = Math.floor(seq / WORD);
    this.seqLo = seq >>> 0;
  }

  setBig(ms: bigint, seq: bigint): this {
    this.msHi = Number(ms >> 32n);
    this.msLo = Number(ms & 0xffffffffn);
    this.seqHi = Number(seq >> 32n);
    this.seqLo = Number(seq & 0xffffffffn);
    return this;
  }

  get ms(): bigint {
    return (BigInt(this.msHi) << 32n) | BigInt(this.msLo);
  }

  get seq(): bigint {
    return (BigInt(this.seqHi) << 32n) | BigInt(this.seqLo);
  }

  /** The id at a word of the arena. */
  read(words: Uint32Array, w: number): this {
    this.msHi = words[w] as number;
    this.msLo = words[w + 1] as number;
    this.seqHi = words[w + 2] as number;
    this.seqLo = words[w + 3] as number;
    return this;
  }

  write(words: Uint32Array, w: number): void {
    words[w] = this.msHi;
    words[w + 1] = this.msLo;
    words[w + 2] = this.seqHi;
    words[w + 3] = this.seqLo;
  }

  /** Negative, zero or positive as this id is before, the same as or after the other. */
  compare(other: EntryId): number {
    if (this.msHi !== other.msHi) return this.msHi < other.msHi ? -1 : 1;
    if (this.msLo !== other.msLo) return this.msLo < other.msLo ? -1 : 1;
    if (this.seqHi !== other.seqHi) return this.seqHi < other.seqHi ? -1 : 1;
    if (this.seqLo !== other.seqLo) return this.seqLo < other.seqLo ? -1 : 1;
    return 0;
  }

  /** As `compare` with the id at a word of the arena. */
  compareAt(words: Uint32Array, w: number): number {
    if (this.msHi !== words[w]) return this.msHi < words[w]! ? -1 : 1;
    if (this.msLo !== words[w + 1]) return this.msLo < words[w + 1]! ? -1 : 1;
    if (this.seqHi !== words[w + 2]) return this.seqHi < words[w + 2]! ? -1 : 1;
    if (this.seqLo !== words[w + 3]) return this.seqLo < words[w + 3]! ? -1 : 1;
    return 0;
  }

  sameMs(other: EntryId): boolean {
    return this.msHi === other.msHi && this.msLo === other.msLo;
  }

  get seqIsMax(): boolean {
    return this.seqHi === WORD_MAX && this.seqLo === WORD_MAX;
  }

  /** The next id; false when there is none, and then nothing changes. */
  increment(): boolean {
    if (this.seqLo !== WORD_MAX) this.seqLo++;
    else if (this.seqHi !== WORD_MAX) {
      this.seqLo = 0;
      this.seqHi++;
    } else {
      if (this.isMax) return false;
      this.seqLo = 0;
      this.seqHi = 0;
      if (this.msLo !== WORD_MAX) this.msLo++;
      else {
        this.msLo = 0;
        this.msHi++;
      }
    }
    return true;
  }

  /** The id before; false when there is none, and then nothing changes. */
  decrement(): boolean {
    if (this.seqLo !== 0) this.seqLo--;
    else if (this.seqHi !== 0) {
      this.seqLo = WORD_MAX;
      this.seqHi--;
    } else {
      if (this.isZero) return false;
      this.seqLo = WORD_MAX;
      this.seqHi = WORD_MAX;
      if (this.msLo !== 0) this.msLo--;
      else {
        this.msLo = WORD_MAX;
        this.msHi--;
      }
    }
    return true;
  }

  toString(): string {
    const bytes = formatId(this, scratch, 0);
    return scratch.toString('latin1', 0, bytes);
  }
}

const scratch = Buffer.alloc(ID_TEXT_BYTES);

/** Writes `ms-seq`; returns the offset behind it. There is room for ID_TEXT_BYTES. */
export function formatId(id: EntryId, to: Buffer, start: number): number {
  const at = putNumber(to, start, id.msHi, id.msLo);
  to[at] = DASH;
  return putNumber(to, at + 1, id.seqHi, id.seqLo);
}

function putNumber(to: Buffer, start: number, hi: number, lo: number): number {
  if (hi === 0 && lo < 10) {
    to[start] = 48 + lo;
    return start + 1;
  }
  if (hi >= 0x200000) {
    const text = ((BigInt(hi) << 32n) | BigInt(lo)).toString();
    return start + to.write(text, start, text.length, 'latin1');
  }
  const n = hi * WORD + lo;
  if (n < 1e9) return putDigits(to, start, n | 0, countDigits(n));
  const high = Math.floor(n / 1e9);
  const at = putDigits(to, start, high | 0, countDigits(high));
  return putDigits(to, at, (n - high * 1e9) | 0, 9);
}

function countDigits(n: number): number {
  let digits = 1;
  for (let limit = 10; limit <= n; limit *= 10) digits++;
  return digits;
}

function putDigits(to: Buffer, start: number, value: number, digits: number): number {
  let rest = value;
  for (let at = start + digits - 1; at >= start; at--) {
    const quotient = (rest / 10) | 0;
    to[at] = 48 + rest - quotient * 10;
    rest = quotient;
  }
  return start + digits;
}

/** What `parseId` found. */
export const Parsed = {
  /** No id. */
  invalid: 0,
  /** `ms-seq`, or `ms` alone with the sequence that was to be taken then. */
  whole: 1,
  /** `ms-*`: the sequence is to be chosen. */
  anySeq: 2,
} as const;
export type Parsed = (typeof Parsed)[keyof typeof Parsed];

/**
 * Reads an id; `maxSeq` says whether a missing sequence is the greatest one or 0. The special ids
 * (`-`, `+`, `$`, `*`) are the caller's.
 */
export function parseId(
  buf: Buffer,
  start: number,
  end: number,
  maxSeq: boolean,
  into: EntryId,
): Parsed {
  if (end - start > ID_TEXT_MAX) return Parsed.invalid;
  let dash = start;
  while (dash < end && buf[dash] !== DASH) dash++;
  if (!parseHalf(buf, start, dash)) return Parsed.invalid;
  into.msHi = half.hi;
  into.msLo = half.lo;
  if (dash === end) {
    into.seqHi = into.seqLo = maxSeq ? WORD_MAX : 0;
    return Parsed.whole;
  }
  if (dash + 2 === end && buf[dash + 1] === STAR) {
    into.seqHi = into.seqLo = 0;
    return Parsed.anySeq;
  }
  if (!parseHalf(buf, dash + 1, end)) return Parsed.invalid;
  into.seqHi = half.hi;
  into.seqLo = half.lo;
  return Parsed.whole;
}

const half = { hi: 0, lo: 0 };

function parseHalf(buf: Buffer, start: number, end: number): boolean {
  const digits = end - start;
  if (digits > 0 && digits <= SAFE_DIGITS) {
    let n = 0;
    let at = start;
    for (; at < end; at++) {
      const digit = (buf[at] as number) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      n = n * 10 + digit;
    }
    if (at === end) {
      half.hi = Math.floor(n / WORD);
      half.lo = n >>> 0;
      return true;
    }
  }
  const text = buf.toString('latin1', start, end);
  if (!LOOSE_NUMBER.test(text)) return false;
  const n = BigInt(text.trim().replace('+', ''));
  if (n > U64_MAX) return false;
  half.hi = Number(n >> 32n);
  half.lo = Number(n & 0xffffffffn);
  return true;
}
