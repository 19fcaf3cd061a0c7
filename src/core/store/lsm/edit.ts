/**
 * Edits: what a flush, a compaction or a move changes about the set of tables; entries of `manifest/`
 * (docs/formats/lsm.md, 'Edit').
 *
 * Promise: what is decoded is what was encoded. A member that is not known, of the wrong type or out of
 * range is damage, never guessed around. `drop` counts before `add`: a table that moves is in both.
 */
import { ownCopy } from '../../base/index.ts';
import { LsmError } from './errors.ts';
import type { TableMeta } from './types.ts';

/** Of the edits and tables; told by whole edits, before which a reader believes none. */
const FORMAT = 1;
/** Levels of an engine: 0 to 6. */
export const LEVELS = 7;

/** A table and the level it is on. */
export interface LeveledTable {
  readonly level: number;
  readonly meta: TableMeta;
}

/** What is absent does not change. */
export interface Edit {
  /** What was said before is void; this edit names every table and every counter. */
  readonly whole?: boolean;
  readonly drop?: readonly number[];
  readonly add?: readonly LeveledTable[];
  readonly nextTable?: number;
  readonly sequence?: number;
  readonly walIndex?: number;
  readonly mark?: number;
  readonly markSequence?: number;
}

export const COUNTERS = ['nextTable', 'sequence', 'walIndex', 'mark', 'markSequence'] as const;
export type Counters = Readonly<Record<(typeof COUNTERS)[number], number>>;

/** Of an engine that has nothing. */
export const COUNTERS_AT_FIRST: Counters = {
  nextTable: 1,
  sequence: 0,
  walIndex: 0,
  mark: 0,
  markSequence: 0,
};

/** As an edit leaves them. */
export function countersAfter(counters: Counters, edit: Edit): Counters {
  const { nextTable, sequence, walIndex, mark, markSequence } = { ...counters, ...edit };
  return { nextTable, sequence, walIndex, mark, markSequence };
}

const TABLE_COUNTS = [
  'number',
  'level',
  'bytes',
  'entries',
  'deletes',
  'rangeDeletes',
  'minSequence',
  'maxSequence',
  'minExpiresAt',
] as const;
const TABLE_KEYS = ['smallest', 'end'] as const;
const TABLE_MEMBERS: readonly string[] = [...TABLE_COUNTS, ...TABLE_KEYS];
const EDIT_MEMBERS: readonly string[] = ['format', 'whole', 'drop', 'add', ...COUNTERS];

export function encodeEdit(edit: Edit): Buffer {
  const { add, ...rest } = edit;
  const format = edit.whole === true ? { format: FORMAT } : {};
  const tables = add === undefined ? {} : { add: add.map(plain) };
  return Buffer.from(JSON.stringify({ ...format, ...rest, ...tables }));
}

function plain({ level, meta }: LeveledTable): object {
  return {
    number: meta.number,
    level,
    bytes: meta.bytes,
    entries: meta.entries,
    deletes: meta.deletes,
    rangeDeletes: meta.rangeDeletes,
    smallest: meta.smallest.toString('base64'),
    end: meta.end.toString('base64'),
    minSequence: meta.minSequence,
    maxSequence: meta.maxSequence,
    minExpiresAt: meta.minExpiresAtMs,
  };
}

/**
 * Reads the payload of entry `index` of the manifest in `file`.
 * @throws LsmError 'corrupt', 'version', naming both.
 */
export function decodeEdit(payload: Buffer, file: string, index: number): Edit {
  try {
    const value = parse(payload);
    const format = formatOf(value);
    if (format > FORMAT) {
      const detail = `entry ${index}: format ${format}, known is ${FORMAT}`;
      throw new LsmError('version', { file, detail });
    }
    return editOf(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new LsmError('corrupt', { file, detail: `entry ${index}: ${error.message}` });
  }
}

/** Looked at before anything else: what follows it may be of another form. */
function formatOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('format' in value)) return FORMAT;
  return countOf(value.format, 'format', 1);
}

/** Why an edit does not hold; becomes an LsmError at the door of this file. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch (error) {
    throw new Refusal('it is no JSON', { cause: error });
  }
}

function editOf(value: unknown): Edit {
  const members = objectOf(value, 'an edit', EDIT_MEMBERS);
  const edit: { -readonly [member in keyof Edit]: Edit[member] } = {};
  const { whole, drop, add } = members;
  if (whole === true && members.format === undefined)
    throw new Refusal('a whole edit has no format');
  if (whole !== undefined) {
    if (typeof whole !== 'boolean') throw new Refusal('whole is neither true nor false');
    edit.whole = whole;
  }
  if (drop !== undefined) {
    edit.drop = listOf(drop, 'drop').map((number) => countOf(number, 'a number of drop', 1));
    refuseTwice(edit.drop, 'drop');
  }
  if (add !== undefined) {
    edit.add = listOf(add, 'add').map(tableOf);
    const numbers = edit.add.map(({ meta }) => meta.number);
    refuseTwice(numbers, 'add');
  }
  for (const counter of COUNTERS) {
    if (members[counter] !== undefined) edit[counter] = countOf(members[counter], counter, 0);
    else if (edit.whole === true) throw new Refusal(`a whole edit has no ${counter}`);
  }
  return edit;
}

function tableOf(value: unknown): LeveledTable {
  const members = objectOf(value, 'a table', TABLE_MEMBERS);
  const count = (name: (typeof TABLE_COUNTS)[number], min = 0): number =>
    countOf(members[name], `${name} of a table`, min);
  const key = (name: (typeof TABLE_KEYS)[number]): Buffer =>
    bytesOf(members[name], `${name} of a table`);
  const level = count('level');
  if (level >= LEVELS) throw new Refusal(`a table is on level ${level}`);
  const meta: TableMeta = {
    number: count('number', 1),
    bytes: count('bytes', 1),
    entries: count('entries'),
    deletes: count('deletes'),
    rangeDeletes: count('rangeDeletes'),
    smallest: key('smallest'),
    end: key('end'),
    minSequence: count('minSequence'),
    maxSequence: count('maxSequence'),
    minExpiresAtMs: count('minExpiresAt'),
  };
  if (meta.smallest.compare(meta.end) >= 0) throw new Refusal('a table ends before it begins');
  if (meta.minSequence > meta.maxSequence) throw new Refusal('a table has no sequence numbers');
  return { level, meta };
}

function objectOf(
  value: unknown,
  what: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(`${what} is no object`);
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw new Refusal(`${what} has the unknown member ${name}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Refusal(`${what} is no array`);
  return value;
}

function countOf(value: unknown, what: string, min: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    throw new Refusal(`${what} is no integer from ${min} on`);
  }
  return value;
}

function bytesOf(value: unknown, what: string): Buffer {
  if (typeof value === 'string') {
    // Node skips what is no base64: only what comes out the same again went in whole.
    const bytes = ownCopy(Buffer.from(value, 'base64'));
    if (bytes.toString('base64') === value) return bytes;
  }
  throw new Refusal(`${what} is no base64`);
}

function refuseTwice(numbers: readonly number[], what: string): void {
  if (new Set(numbers).size < numbers.length) throw new Refusal(`${what} names a table twice`);
}
