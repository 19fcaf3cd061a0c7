/**
 * A journal entry: the records that an operation puts and deletes, as bytes.
 */

import type { WriteBatch } from '../../core/store/index.ts';
import { RecordDamage, RecordReader, RecordWriter } from '../codec.ts';
import type { Changes } from './draft.ts';

const FORMAT = 1;
const DELETE = 0;
const PUT = 1;

export function encodeChanges(changes: Changes): Buffer {
  const writer = new RecordWriter(512).u8(FORMAT);
  for (const [text, value] of changes) {
    writer.u8(value === null ? DELETE : PUT).bytes(Buffer.from(text, 'latin1'));
    if (value !== null) writer.bytes(value);
  }
  return writer.done();
}

/** Adds what an entry changes to a batch of the engine. @throws RecordDamage. */
export function applyEntry(bytes: Buffer, start: number, end: number, batch: WriteBatch): void {
  const reader = new RecordReader(bytes, start, end);
  const format = reader.u8();
  if (format !== FORMAT) {
    throw new RecordDamage(`a journal entry is of format ${format}, ${FORMAT} is known`);
  }
  while (reader.more) {
    const kind = reader.u8();
    const key = reader.view();
    if (kind === DELETE) batch.delete(key);
    else if (kind === PUT) batch.put(key, reader.view());
    else throw new RecordDamage(`a journal entry has a change of kind ${kind}`);
  }
}

/** The same of changes that were not encoded. */
export function applyChanges(changes: Changes, batch: WriteBatch): void {
  for (const [text, value] of changes) {
    const key = Buffer.from(text, 'latin1');
    if (value === null) batch.delete(key);
    else batch.put(key, value);
  }
}
