/** What an operation answers, and how it is sent: a head, and a text or the bytes of an object. */

import { type Exchange, httpDate } from '../../core/http/index.ts';
import { BodyKind, FieldId, LENGTH_UNKNOWN, MethodId } from '../../core/wire/index.ts';
import type { Client } from '../client.ts';

export interface Reply {
  readonly status: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** XML or JSON; its type is application/xml unless `headers` say otherwise. */
  readonly text?: string;
  readonly bytes?: ReplyBytes;
}

/** Bytes that stream; `close` is called once, whatever becomes of them. */
export interface ReplyBytes {
  readonly lengthBytes: number;
  readonly pieces: AsyncIterable<Buffer>;
  close(): void;
}

/** Nothing more to say. */
export const NO_CONTENT: Reply = { status: 204 };
export const OK: Reply = { status: 200 };

export function xmlReply(text: string, status = 200): Reply {
  return { status, text };
}

/** Sends a reply; resolves when all of it was handed on, or the client has gone. */
export async function send(
  client: Client,
  reply: Reply,
  extra: readonly (readonly [string, string])[],
): Promise<void> {
  const { bytes } = reply;
  try {
    if (client.gone) return;
    const { exchange } = client;
    // The last call ends the exchange, and its flow with it.
    if (bytes === undefined) client.finished();
    const more = writeHead(exchange, reply, extra);
    if (bytes === undefined) return;
    if (more) await client.sendPieces(bytes.pieces);
    else client.finished();
  } finally {
    bytes?.close();
  }
}

/** @returns whether a body is to follow. */
function writeHead(
  exchange: Exchange,
  reply: Reply,
  extra: readonly (readonly [string, string])[],
): boolean {
  const { response, sink, request } = exchange;
  response.reset();
  response.status = reply.status;
  const { fields } = response;
  fields.addKnown(FieldId.date, httpDate(exchange.wallMs()));
  fields.addKnown(FieldId.server, 'plinth');
  let hasType = false;
  for (const [name, value] of [...extra, ...(reply.headers ?? [])]) {
    if (name === 'content-type') hasType = true;
    fields.add(nameBytes(name), fieldValue(value));
  }
  const text = reply.text === undefined ? undefined : Buffer.from(reply.text);
  const length = reply.bytes?.lengthBytes ?? text?.length ?? 0;
  if (text !== undefined && !hasType) fields.addKnown(FieldId.contentType, 'application/xml');
  if (reply.status === 204 || reply.status === 304) {
    sink.head(response, true);
    sink.flush();
    return false;
  }
  response.body = BodyKind.length;
  response.contentLength = length;
  fields.addKnown(FieldId.contentLength, String(length));
  const bodiless = length === 0 || request.method === MethodId.head;
  if (bodiless) response.contentLength = LENGTH_UNKNOWN;
  sink.head(response, bodiless);
  if (!bodiless && text !== undefined) {
    sink.data(text, true);
    sink.end(null);
  }
  const more = !bodiless && text === undefined;
  // The head of a body that follows leaves with its first piece.
  if (!more) sink.flush();
  return more;
}

const names = new Map<string, Buffer>();

function nameBytes(name: string): Buffer {
  const known = names.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(name, 'latin1');
  if (names.size < 256) names.set(name, bytes);
  return bytes;
}

/** A character a byte if it is so, else UTF-8. */
function fieldValue(value: string): string | Buffer {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0xff) return Buffer.from(value);
  return value;
}
