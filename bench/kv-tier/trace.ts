/**
 * Requests made before they are sent, one behind the other in one buffer, so that a load costs nothing
 * but sending and counting.
 */
import { keyOf } from '../kv/fill.ts';
import { storedValue } from './values.ts';
import { uniform, zipf } from './zipf.ts';

export const LOAD_NAMES = ['get', 'mixed', 'missing'] as const;
/**
 * `get`: keys that are there, by Zipf. `mixed`: the same, one of ten requests is a SET. `missing`: keys that
 * are not there.
 */
export type LoadName = (typeof LOAD_NAMES)[number];

/** What a request is, and so what its reply must be. */
export const Kind = { get: 0, set: 1, missing: 2 } as const;

export interface Trace {
  readonly count: number;
  readonly bytes: Buffer;
  /** Where each request begins; one more for the end. */
  readonly starts: Uint32Array;
  readonly kinds: Uint8Array;
  /** The number of the key of each request. */
  readonly keys: Uint32Array;
}

export interface TraceOptions {
  readonly load: LoadName;
  readonly count: number;
  /** Keys that are there: the numbers below. */
  readonly keys: number;
  readonly valueBytes: number;
  readonly theta: number;
  readonly seed: number;
}

const SET_SHARE = 0.1;
/** Different missing keys for each key that is there. */
const MISSING_SPAN = 10;
/** `*2 $3 GET $16 <key>` */
const GET_BYTES = 36;
/** `*3 $3 SET $16 <key> $<length> <value>` without the value, at most. */
const SET_HEAD_BYTES = 48;

export function makeTrace(options: TraceOptions): Trace {
  const { load, count, keys, valueBytes, theta, seed } = options;
  const draw = load === 'missing' ? uniform(keys * MISSING_SPAN, seed) : zipf(keys, theta, seed);
  const isSet = uniform(1 / SET_SHARE, seed + 1);
  const setBytes = load === 'mixed' ? (SET_HEAD_BYTES + valueBytes) * SET_SHARE * 1.1 : 0;
  const trace = {
    count,
    bytes: Buffer.allocUnsafeSlow(Math.ceil(count * (GET_BYTES + setBytes)) + 65_536),
    starts: new Uint32Array(count + 1),
    kinds: new Uint8Array(count),
    keys: new Uint32Array(count),
  };
  let at = 0;
  for (let i = 0; i < count; i++) {
    const index = draw();
    let request: string;
    if (load === 'missing') {
      request = `*2\r\n$3\r\nGET\r\n$16\r\n${missingKeyOf(index)}\r\n`;
      trace.kinds[i] = Kind.missing;
    } else if (load === 'mixed' && isSet() === 0) {
      // Any version says that the value is this key's; which one was last is asked elsewhere.
      const value = storedValue(index, i + 1, valueBytes);
      request = `*3\r\n$3\r\nSET\r\n$16\r\n${keyOf(index)}\r\n$${valueBytes}\r\n${value}\r\n`;
      trace.kinds[i] = Kind.set;
    } else {
      request = `*2\r\n$3\r\nGET\r\n$16\r\n${keyOf(index)}\r\n`;
      trace.kinds[i] = Kind.get;
    }
    trace.starts[i] = at;
    trace.keys[i] = index;
    at += trace.bytes.write(request, at, 'latin1');
  }
  trace.starts[count] = at;
  return trace;
}

/** A key of 16 bytes that is never written. */
export function missingKeyOf(index: number): string {
  return `nil:${String(index).padStart(12, '0')}`;
}
