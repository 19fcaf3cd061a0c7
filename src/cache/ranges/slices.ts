/**
 * Very large objects are fetched and stored in slices of one size, each under its own index, so that who wants an
 * hour from the middle of a film does not wait for its beginning, and what nobody watches is not stored.
 *
 *     probe ──▶ length and validator ──▶ planSlices ──▶ for each step: from the store, or the origin ──▶ `readSlice`
 *                                                          └── changed ──▶ the client's response can not be completed
 *
 * Invariant: the bytes of a plan's steps, in their order, are those of its parts, and each step lies in one slice.
 */
import { invariant } from '../../core/base/index.ts';
import { FieldId, type Fields } from '../../core/wire/index.ts';
import type { Part } from '../policy/index.ts';

/** One slice, or what is wanted of it. */
export interface SliceStep {
  /** Of the slice: bytes from `index * sliceBytes` on. */
  readonly index: number;
  /** What the slice holds of the representation. */
  readonly slice: Part;
  /** What the client gets of it, by positions in the representation. */
  readonly wanted: Part;
  /** Which of the parts it belongs to; its head goes before the first step of it. */
  readonly nth: number;
  /** The last step of its part. */
  readonly endsPart: boolean;
}

/** Steps are made when they are asked for: a terabyte has a million of them. */
export class SlicePlan {
  readonly stepCount: number;
  private readonly parts: readonly Part[];
  private readonly lengthBytes: number;
  private readonly sliceBytes: number;

  constructor(parts: readonly Part[], lengthBytes: number, sliceBytes: number) {
    this.parts = parts;
    this.lengthBytes = lengthBytes;
    this.sliceBytes = sliceBytes;
    this.stepCount = parts.reduce((sum, part) => sum + this.slicesOf(part), 0);
  }

  /** @param at from 0 to `stepCount` - 1. */
  step(at: number): SliceStep {
    const { parts, sliceBytes, lengthBytes } = this;
    invariant(at >= 0 && at < this.stepCount, 'a step lies in its plan');
    let nth = 0;
    let within = at;
    for (; within >= this.slicesOf(parts[nth] as Part); nth++) {
      within -= this.slicesOf(parts[nth] as Part);
    }
    const part = parts[nth] as Part;
    const index = Math.floor(part.start / sliceBytes) + within;
    const slice = sliceAt(index, sliceBytes, lengthBytes);
    const wanted = {
      start: Math.max(part.start, slice.start),
      end: Math.min(part.end, slice.end),
    };
    return { index, slice, wanted, nth, endsPart: wanted.end === part.end };
  }

  private slicesOf({ start, end }: Part): number {
    return Math.ceil(end / this.sliceBytes) - Math.floor(start / this.sliceBytes);
  }
}

/** @param parts none of them empty; for the whole representation one of all its bytes. */
export function planSlices(
  parts: readonly Part[],
  lengthBytes: number,
  sliceBytes: number,
): SlicePlan {
  return new SlicePlan(parts, lengthBytes, sliceBytes);
}

/** The bytes of a slice; the last one is shorter. */
export function sliceAt(index: number, sliceBytes: number, lengthBytes: number): Part {
  const start = index * sliceBytes;
  return { start, end: Math.min(start + sliceBytes, lengthBytes) };
}

/** What is asked for while the length is not known: the first position of a Range, else the beginning. */
const FIRST_POSITION = /^bytes[ \t]*=[ \t,]*(\d{1,15})-/i;

/** Index of the slice that tells length and validator and is likely to be wanted. */
export function probeIndex(request: Fields, sliceBytes: number): number {
  const first = FIRST_POSITION.exec(request.get(FieldId.range) ?? '')?.[1];
  return first === undefined ? 0 : Math.floor(Number(first) / sliceBytes);
}
