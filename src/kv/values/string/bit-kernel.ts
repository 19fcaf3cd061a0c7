/**
 * Bitwise loops over 16 bytes at a time, in WebAssembly: JavaScript has no vectors, and its loops over
 * 32-bit words take ten times as long. Values are copied here piece by piece, which costs less than what
 * is gained from some hundred bytes on.
 *
 * The module is put together below from its instructions (WebAssembly core specification 2.0, chapter 5)
 * when it is first needed. Its memory never grows:
 *
 *   result | operand | repeated       PIECE_BYTES each
 *
 * Each function goes over the first `bytes` bytes of these, rounded up to VECTOR_BYTES.
 *
 * Benchmark: bench/kv (BITOP, BITCOUNT).
 */

export const PIECE_BYTES = 16_384;
const VECTOR_BYTES = 16;

export interface BitKernel {
  /** The parts of its memory. */
  readonly result: Buffer;
  readonly operand: Buffer;
  readonly repeated: Buffer;
  /** result = result & operand, and so on. */
  and(bytes: number): void;
  or(bytes: number): void;
  xor(bytes: number): void;
  /** result = ~result */
  not(bytes: number): void;
  /** result = operand & ~result */
  exclude(bytes: number): void;
  /** result = result & ~operand */
  excludeOperand(bytes: number): void;
  /** repeated = repeated | (result & operand) */
  repeat(bytes: number): void;
  /** result = result & ~repeated */
  excludeRepeated(bytes: number): void;
  /** Number of one bits in the operand. */
  count(bytes: number): number;
}

let made: BitKernel | undefined;

/** The one kernel of this thread. */
export function bitKernel(): BitKernel {
  made ??= makeKernel();
  return made;
}

// The part of the WebAssembly interface in use; the type library of Node does not have it.
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Record<string, unknown> };
}

type Loop = (bytes: number) => number;

function makeKernel(): BitKernel {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
  const { buffer } = instance.exports.memory as { readonly buffer: ArrayBuffer };
  const part = (at: number): Buffer => Buffer.from(buffer, at, PIECE_BYTES);
  const loops = instance.exports as Record<keyof typeof LOOPS | 'count', Loop>;
  const { and, or, xor, not, exclude, excludeOperand, repeat, excludeRepeated, count } = loops;
  return {
    result: part(RESULT),
    operand: part(OPERAND),
    repeated: part(REPEATED),
    and,
    or,
    xor,
    not,
    exclude,
    excludeOperand,
    repeat,
    excludeRepeated,
    count,
  };
}

const RESULT = 0;
const OPERAND = PIECE_BYTES;
const REPEATED = 2 * PIECE_BYTES;

// Types and instructions by their codes.
const I32 = 0x7f;
const V128 = 0x7b;
const NO_TYPE = 0x40;
const loopBegin = [0x03, NO_TYPE];
const end = [0x0b];
const branchIf = [0x0d, 0];
const i32Const = (n: number): number[] => [0x41, ...leb128(n)];
const i32Add = [0x6a];
const i32Less = [0x49];
const localGet = (index: number): number[] => [0x20, index];
const localSet = (index: number): number[] => [0x21, index];
const localTee = (index: number): number[] => [0x22, index];
const vector = (code: number): number[] => [0xfd, ...leb128(code)];
const not = vector(0x4d);
const and = vector(0x4e);
/** First & ~second. */
const andNot = vector(0x4f);
const or = vector(0x50);
const xor = vector(0x51);
const byteCounts = vector(0x62);
const addBytePairs = vector(0x7d);
const addShortPairs = vector(0x7f);
const addWords = vector(0xae);
const wordOf = (lane: number): number[] => [...vector(0x1b), lane];

// Locals of every function: the argument, the offset in the parts, the sum of `count`.
const BYTES = 0;
const AT = 1;
const SUM = 2;

const load = (from: number): number[] => [...localGet(AT), ...vector(0x00), 4, ...leb128(from)];
const store = (to: number, value: number[]): number[] => [
  ...localGet(AT),
  ...value,
  ...vector(0x0b),
  4,
  ...leb128(to),
];

/** What each function does with 16 bytes. */
const LOOPS = {
  and: store(RESULT, [...load(RESULT), ...load(OPERAND), ...and]),
  or: store(RESULT, [...load(RESULT), ...load(OPERAND), ...or]),
  xor: store(RESULT, [...load(RESULT), ...load(OPERAND), ...xor]),
  not: store(RESULT, [...load(RESULT), ...not]),
  exclude: store(RESULT, [...load(OPERAND), ...load(RESULT), ...andNot]),
  excludeOperand: store(RESULT, [...load(RESULT), ...load(OPERAND), ...andNot]),
  repeat: store(REPEATED, [...load(REPEATED), ...load(RESULT), ...load(OPERAND), ...and, ...or]),
  excludeRepeated: store(RESULT, [...load(RESULT), ...load(REPEATED), ...andNot]),
} as const;

const COUNT = [
  ...localGet(SUM),
  ...load(OPERAND),
  ...byteCounts,
  ...addBytePairs,
  ...addShortPairs,
  ...addWords,
  ...localSet(SUM),
];
const SUM_OF_LANES = [
  ...[0, 1, 2, 3].flatMap((lane) => [...localGet(SUM), ...wordOf(lane)]),
  ...i32Add,
  ...i32Add,
  ...i32Add,
];

/** A function that does `body` for every 16 bytes and returns `result`. */
function codeOf(body: number[], result: number[]): number[] {
  const code = [
    ...list([
      [1, I32],
      [1, V128],
    ]),
    ...loopBegin,
    ...body,
    ...localGet(AT),
    ...i32Const(VECTOR_BYTES),
    ...i32Add,
    ...localTee(AT),
    ...localGet(BYTES),
    ...i32Less,
    ...branchIf,
    ...end,
    ...result,
    ...end,
  ];
  return sized(code);
}

function moduleBytes(): Uint8Array {
  const names = Object.keys(LOOPS);
  const codes = Object.values(LOOPS).map((body) => codeOf(body, i32Const(0)));
  const exported = [...names, 'count'].map((name, index) => [...text(name), 0, index]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, 1, I32, 1, I32]])),
    ...section(3, list([...names, 'count'].map(() => [0]))),
    ...section(5, list([[1, 1, 1]])),
    ...section(7, list([...exported, [...text('memory'), 2, 0]])),
    ...section(10, list([...codes, codeOf(COUNT, SUM_OF_LANES)])),
  ]);
}

function section(id: number, content: number[]): number[] {
  return [id, ...sized(content)];
}

function list(items: readonly number[][]): number[] {
  return [...leb128(items.length), ...items.flat()];
}

function text(name: string): number[] {
  return sized([...Buffer.from(name)]);
}

function sized(content: number[]): number[] {
  return [...leb128(content.length), ...content];
}

/** A number in groups of seven bits, low ones first; small enough that its sign is never in question. */
function leb128(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...leb128(n >>> 7)];
}
