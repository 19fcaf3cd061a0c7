/**
 * Conditions of a route besides host and path: methods, fields and parameters of the query. All must hold.
 *
 *     name           it is there            `X-Debug`          `page`
 *     name: value    one line is the value  `X-Tier: gold`     `page=2`
 *     !name          it is not there        `!X-Debug`         `!page`
 *
 * Methods and values are compared byte by byte, names of fields without case. Names and values of parameters
 * are compared decoded (`%61` is `a`, `+` a space), so that an encoding neither hides nor feigns one. Of several
 * lines or parameters with a name each counts.
 */
import { equalBytes } from '../../core/base/index.ts';
import {
  FIELD_STRIDE,
  FieldId,
  type Fields,
  fieldIdOf,
  HEX_VALUE,
  lowerName,
  MethodId,
  methodIdOf,
  offsetIn,
  type RequestHead,
  TOKEN,
} from '../../core/wire/index.ts';
import type { Report } from './route-problems.ts';

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/** What a condition wants of its name. */
const Want = { present: 0, value: 1, absent: 2 } as const;
type Want = (typeof Want)[keyof typeof Want];

interface FieldCondition {
  readonly want: Want;
  readonly id: FieldId;
  readonly lower: Buffer;
  readonly value: Buffer;
}

interface QueryCondition {
  readonly want: Want;
  readonly name: Buffer;
  readonly value: Buffer;
}

interface ConditionSettings {
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly query: readonly string[];
}

export class Conditions {
  /** How specific they are: a condition on the method counts most, then fields, then parameters. */
  readonly rank: number;
  /** Bits of the methods that have a number; 0 with no names: all methods. */
  private readonly methodBits: number;
  private readonly otherMethods: readonly Buffer[];
  private readonly fields: readonly FieldCondition[];
  private readonly query: readonly QueryCondition[];

  constructor(settings: ConditionSettings, report: Report) {
    const { methods } = settings;
    let bits = 0;
    const others: Buffer[] = [];
    for (const method of methods) {
      const name = Buffer.from(method);
      if (!/^[A-Z0-9_-]+$/.test(method)) report('methods', `has ${method}, which is no method`);
      const id = methodIdOf(name, 0, name.length);
      if (id === MethodId.other) others.push(name);
      else bits |= 1 << id;
    }
    this.methodBits = bits;
    this.otherMethods = others;
    this.fields = settings.headers.flatMap((text) => fieldCondition(text, report));
    this.query = settings.query.flatMap((text) => queryCondition(text, report));
    this.rank = (methods.length > 0 ? 1e6 : 0) + this.fields.length * 1e3 + this.query.length;
  }

  hold(request: RequestHead): boolean {
    if (this.rank === 0) return true;
    return this.methodHolds(request) && this.fieldsHold(request.fields) && this.queryHolds(request);
  }

  private methodHolds({ method, fields, methodStart, methodLength }: RequestHead): boolean {
    const { methodBits, otherMethods } = this;
    if (methodBits === 0 && otherMethods.length === 0) return true;
    if (method !== MethodId.other) return (methodBits & (1 << method)) !== 0;
    const buf = fields.bytesAt(methodStart);
    for (let i = 0; i < otherMethods.length; i++) {
      const name = otherMethods[i]!;
      if (name.length !== methodLength) continue;
      if (equalBytes(name, 0, buf, offsetIn(methodStart), methodLength)) return true;
    }
    return false;
  }

  private fieldsHold(fields: Fields): boolean {
    const conditions = this.fields;
    for (let i = 0; i < conditions.length; i++)
      if (!fieldHolds(fields, conditions[i]!)) return false;
    return true;
  }

  private queryHolds(request: RequestHead): boolean {
    const conditions = this.query;
    if (conditions.length === 0) return true;
    const { queryStart, queryLength } = request;
    const buf = request.fields.bytesAt(queryStart);
    const start = offsetIn(queryStart);
    for (let i = 0; i < conditions.length; i++) {
      const condition = conditions[i]!;
      const there = hasParameter(buf, start, start + queryLength, condition);
      if (there === (condition.want === Want.absent)) return false;
    }
    return true;
  }
}

function fieldHolds(fields: Fields, { want, id, lower, value }: FieldCondition): boolean {
  let index = findField(fields, id, lower, 0);
  if (want !== Want.value) return (index === -1) === (want === Want.absent);
  for (; index !== -1; index = findField(fields, id, lower, index + 1)) {
    const length = fields.valueLength(index);
    if (length === value.length && valueEquals(fields, index, value)) return true;
  }
  return false;
}

/** The first field at or after `from` that has the name, known by number or not; -1 when there is none. */
export function findField(fields: Fields, id: FieldId, lower: Buffer, from: number): number {
  return id === FieldId.other ? fields.findName(lower, from) : fields.find(id, from);
}

function valueEquals(fields: Fields, index: number, value: Buffer): boolean {
  const start = fields.at[index * FIELD_STRIDE + 2]!;
  return equalBytes(fields.bytesAt(start), offsetIn(start), value, 0, value.length);
}

/** Whether the query has a parameter with the name, and with the value where one is wanted. */
function hasParameter(
  buf: Buffer,
  start: number,
  end: number,
  { want, name, value }: QueryCondition,
): boolean {
  let at = start;
  while (at < end) {
    let stop = at;
    while (stop < end && buf[stop] !== AMPERSAND) stop++;
    let equals = at;
    while (equals < stop && buf[equals] !== EQUALS) equals++;
    if (
      equalsDecoded(buf, at, equals, name) &&
      (want !== Want.value || equalsDecoded(buf, Math.min(equals + 1, stop), stop, value))
    ) {
      return stop > at;
    }
    at = stop + 1;
  }
  return false;
}

/** Whether a range, decoded, is these bytes. A broken encoding stands for itself. */
function equalsDecoded(buf: Buffer, start: number, end: number, wanted: Buffer): boolean {
  // An encoding has three bytes, so lengths tell most pairs apart.
  if (end - start < wanted.length || end - start > wanted.length * 3) return false;
  let at = start;
  for (let i = 0; i < wanted.length; i++, at++) {
    if (at >= end) return false;
    let byte = buf[at]!;
    if (byte === PLUS) byte = SPACE;
    else if (byte === PERCENT && at + 2 < end) {
      const high = HEX_VALUE[buf[at + 1]!]!;
      const low = HEX_VALUE[buf[at + 2]!]!;
      if (high !== 255 && low !== 255) {
        byte = (high << 4) | low;
        at += 2;
      }
    }
    if (byte !== wanted[i]) return false;
  }
  return at === end;
}

function fieldCondition(text: string, report: Report): FieldCondition[] {
  const [, not, name, value] = /^(!?)([^:]*)(?::(.*))?$/s.exec(text) as unknown as string[];
  const lower = lowerName((name as string).trim());
  if (lower.length === 0 || !lower.every((byte) => TOKEN[byte] !== 0)) {
    report('headers', `has ${JSON.stringify(text)}, which names no field`);
    return [];
  }
  if (not === '!' && value !== undefined) {
    report('headers', `has ${JSON.stringify(text)}: ! is for a name without a value`);
    return [];
  }
  const want = not === '!' ? Want.absent : value === undefined ? Want.present : Want.value;
  const bytes = Buffer.from((value ?? '').trim());
  return [{ want, id: fieldIdOf(lower, 0, lower.length), lower, value: bytes }];
}

function queryCondition(text: string, report: Report): QueryCondition[] {
  const [, not, name, value] = /^(!?)([^=]*)(?:=(.*))?$/s.exec(text) as unknown as string[];
  if (name === '') {
    report('query', `has ${JSON.stringify(text)}, which names no parameter`);
    return [];
  }
  if (not === '!' && value !== undefined) {
    report('query', `has ${JSON.stringify(text)}: ! is for a name without a value`);
    return [];
  }
  const want = not === '!' ? Want.absent : value === undefined ? Want.present : Want.value;
  return [{ want, name: Buffer.from(name as string), value: Buffer.from(value ?? '') }];
}
