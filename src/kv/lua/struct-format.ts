/**
 * The format strings of the `struct` library.
 *
 *     > < endianness   !n largest alignment   space ignored
 *     b B h H l L T in In integers (lower case signed)   f d floats   x padding
 *     s zero-terminated string   cn n characters (c0: length from before)
 */
import { argError } from './check.ts';
import { runtimeError } from './operations.ts';

export interface StructItem {
  option: string;
  kind: 'integer' | 'float' | 'padding' | 'text';
  /** Bytes; 0 when the content tells. */
  size: number;
  little: boolean;
}

const INTEGER_BYTES_MAX = 32;
const ALIGNMENT_DEFAULT = 8;
const INT_MAX = 2147483647;

const FIXED: Record<string, [StructItem['kind'], number]> = {
  b: ['integer', 1],
  B: ['integer', 1],
  h: ['integer', 2],
  H: ['integer', 2],
  l: ['integer', 8],
  L: ['integer', 8],
  T: ['integer', 8],
  f: ['float', 4],
  d: ['float', 8],
  x: ['padding', 1],
  s: ['text', 0],
};

/** Walks a format string item by item. */
export class StructFormat {
  private readonly text: string;
  private at = 0;
  private little = true;
  private alignment = 1;

  private readonly lenient: boolean;

  /** `lenient` passes over unknown letters and digits, as `struct.size` does. */
  constructor(text: string, lenient = false) {
    this.text = text;
    this.lenient = lenient;
  }

  /** The next item that takes part in the data, or undefined at the end. */
  next(): StructItem | undefined {
    for (;;) {
      const option = this.text[this.at++];
      if (option === undefined || option === '\0') return undefined;
      const { little } = this;
      const fixed = FIXED[option];
      if (fixed !== undefined) return { option, kind: fixed[0], size: fixed[1], little };
      if (option === 'c') return { option, kind: 'text', size: this.number(1), little };
      if (option === 'i' || option === 'I') {
        const size = this.number(4);
        if (size > INTEGER_BYTES_MAX) {
          throw runtimeError(`integral size ${size} is larger than limit of ${INTEGER_BYTES_MAX}`);
        }
        return { option, kind: 'integer', size, little };
      }
      if (!this.lenient || !/[0-9A-Za-z]/.test(option)) this.control(option);
    }
  }

  /** Padding bytes before an item at `offset`. */
  padding(offset: number, item: StructItem): number {
    if (item.size === 0 || item.option === 'c') return 0;
    const size = Math.min(item.size, this.alignment);
    return (size - (offset & (size - 1))) & (size - 1);
  }

  private control(option: string): void {
    switch (option) {
      case ' ':
        return;
      case '>':
        this.little = false;
        return;
      case '<':
        this.little = true;
        return;
      case '!': {
        const alignment = this.number(ALIGNMENT_DEFAULT);
        if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
          throw runtimeError(`alignment ${alignment} is not a power of 2`);
        }
        this.alignment = alignment;
        return;
      }
      default:
        throw argError(1, `invalid format option '${option}'`);
    }
  }

  private number(otherwise: number): number {
    const digits = /^\d+/.exec(this.text.slice(this.at, this.at + 12))?.[0];
    if (digits === undefined) return otherwise;
    this.at += digits.length;
    const value = Number(digits);
    if (value > INT_MAX) throw runtimeError('integral size overflow');
    return value;
  }
}
