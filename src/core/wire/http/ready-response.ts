/**
 * Responses that lie whole in memory and are sent to many, so that each sending is a few copies.
 *
 * Invariants: all lines of one have been checked when they came, none belongs to one connection only, and one of them
 * is the Content-Length of the body; an id of fields is never given to others, so that what was made of them once may
 * be kept under it.
 */
import type { FieldId } from './field-ids.ts';
import { Fields } from './fields.ts';

export interface ReadyResponse {
  /** One that may have a body. */
  readonly status: number;
  /** Of its fields: `nextFieldsId`. */
  readonly fieldsId: number;
  /** Above 0. */
  readonly bodyBytes: number;
  /** Where it lies: lines as of HTTP/1, an empty line, the body. Valid during the call that it is given to. */
  readonly buffer: Buffer;
  readonly linesStart: number;
  readonly bodyStart: number;
  readFields(fields: Fields): void;
}

let lastFieldsId = 0;

/** Another one each time in this process, from 1. */
export function nextFieldsId(): number {
  return ++lastFieldsId;
}

/** Fields that are added to ready responses, the same to many. */
export class AddedFields {
  /** Fields with known names only, whole lines in the arena one behind the other. */
  readonly fields: Fields = new Fields();
  fieldsId = 0;

  /** Others from now on. A value that can not stand in a field is left out. */
  set(list: readonly (readonly [id: FieldId, value: string])[]): void {
    this.fields.reset();
    for (const [id, value] of list) this.fields.addKnown(id, value);
    this.fieldsId = nextFieldsId();
  }

  /** Appends them to others. */
  addTo(fields: Fields): void {
    for (let i = 0; i < this.fields.count; i++) {
      fields.addKnown(this.fields.id(i) as FieldId, this.fields.valueBytes(i));
    }
  }
}
