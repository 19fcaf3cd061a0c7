/**
 * Answers that we give ourselves: a status with a short text, for refusals, redirects and pages of our own.
 */
import {
  BodyKind,
  FieldId,
  isBodiless,
  MethodId,
  type ResponseHead,
  reasonOf,
} from '../wire/index.ts';
import type { Exchange } from './exchange.ts';

export interface Answer {
  readonly status: number;
  /** One sentence for people; `text` wins. */
  readonly says?: string;
  readonly contentType?: string;
  readonly body?: Buffer;
  readonly fields?: readonly (readonly [FieldId, string])[];
  /** Fields without an id, names in small letters. */
  readonly otherFields?: readonly (readonly [name: string, value: string])[];
}

const TEXT = 'text/plain; charset=utf-8';

/** Answers an exchange, whose response must not have begun. */
export function answer(
  exchange: Exchange,
  { status, says, contentType, body, fields, otherFields }: Answer,
): void {
  const { response, request } = exchange;
  const content = body ?? Buffer.from(`${status} ${says ?? reasonOf(status)}\n`);
  const bodiless = isBodiless(status);
  prepare(response, status, exchange.wallMs());
  if (!bodiless) {
    response.fields.addKnown(FieldId.contentType, contentType ?? TEXT);
    response.fields.addKnown(FieldId.contentLength, String(content.length));
    response.body = BodyKind.length;
    response.contentLength = content.length;
  }
  for (const [id, value] of fields ?? []) response.fields.addKnown(id, value);
  for (const [name, value] of otherFields ?? []) {
    response.fields.add(Buffer.from(name, 'latin1'), value);
  }
  const { sink } = exchange;
  if (bodiless || content.length === 0 || request.method === MethodId.head) {
    sink.head(response, true);
  } else {
    sink.head(response, false);
    sink.data(content, true);
    sink.end(null);
  }
  sink.flush();
}

/** An empty head with the fields that every answer of an origin has. */
function prepare(head: ResponseHead, status: number, wallMs: number): void {
  head.reset();
  head.status = status;
  head.fields.addKnown(FieldId.date, httpDate(wallMs));
  head.fields.addKnown(FieldId.server, 'plinth');
}

let dateAtSecond = 0;
let dateText = '';

/** The time as HTTP writes it (RFC 9110 section 5.6.7), made once a second. */
export function httpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== dateAtSecond) {
    dateAtSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
