/**
 * What the store writes of itself with each flush, and the numbers that a flush may have given away
 * before it came to its end.
 */
import type { Keyspace } from '../keyspace/index.ts';
import { EntryError } from './entry.ts';

const FORMAT = 1;

/** The store as of the flush that wrote it. */
export interface StoredState {
  readonly format: number;
  readonly hashSeed: number;
  /** The entry of the log behind which everything else is. */
  readonly logIndex: number;
  readonly savedMs: number;
  readonly databases: readonly {
    readonly index: number;
    readonly content: number;
    readonly keys: number;
    /** Those of them that expire. */
    readonly expiring: number;
  }[];
  readonly contents: number;
  readonly values: number;
}

/** Numbers below these may be in use. */
export interface StoredNumbers {
  readonly contents: number;
  readonly values: number;
}

/** The store as it is. */
export function stateOf(keyspace: Keyspace, logIndex: number, savedMs: number): StoredState {
  return {
    format: FORMAT,
    hashSeed: keyspace.arena.hashSeed,
    logIndex,
    savedMs,
    databases: keyspace.databases.map(({ index, content, size, expiring }) => ({
      index,
      content,
      keys: size,
      expiring,
    })),
    contents: keyspace.contents,
    values: keyspace.values,
  };
}

export function encodeState(state: StoredState): Buffer {
  return Buffer.from(JSON.stringify(state));
}

/** @throws EntryError. */
export function decodeState(bytes: Buffer): StoredState {
  const state = parse(bytes) as StoredState;
  if (state.format !== FORMAT) {
    throw new EntryError(`the store is of format ${state.format}, ${FORMAT} is known`);
  }
  return state;
}

export function encodeNumbers(numbers: StoredNumbers): Buffer {
  return Buffer.from(JSON.stringify(numbers));
}

/** @throws EntryError. */
export function decodeNumbers(bytes: Buffer): StoredNumbers {
  return parse(bytes) as StoredNumbers;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new EntryError('what the store wrote of itself can not be read');
  }
}
