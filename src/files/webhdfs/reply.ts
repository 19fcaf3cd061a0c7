/** What an operation answers, and how it is sent: a head, and a text, the bytes of a file, or a text that streams. */
import { type Exchange, httpDate } from '../../core/http/index.ts';
import { BodyKind, FieldId } from '../../core/wire/index.ts';
import type { Client } from '../client.ts';

export interface Reply {
  readonly status: number;
  readonly location?: string;
  /** JSON. */
  readonly json?: string;
  readonly stream?: ReplyStream;
}

/** Bytes that stream; `close` is called once, whatever becomes of them. */
export interface ReplyStream {
  readonly type: 'application/json' | 'application/octet-stream';
  /** Undefined: it is not known. */
  readonly lengthBytes?: number;
  readonly pieces: AsyncIterable<Buffer>;
  close(): void;
}

export const OK: Reply = { status: 200 };

export function jsonReply(value: unknown): Reply {
  return { status: 200, json: JSON.stringify(value) };
}

export function booleanReply(value: boolean): Reply {
  return jsonReply({ boolean: value });
}

/** Sends a reply; resolves when all of it was handed on, or the client has gone. */
export async function send(client: Client, reply: Reply): Promise<void> {
  const { stream } = reply;
  try {
    if (client.gone) return;
    if (stream === undefined || stream.lengthBytes === 0) sendWhole(client, reply);
    else await sendStream(client, reply, stream);
  } finally {
    stream?.close();
  }
}

function sendWhole(client: Client, reply: Reply): void {
  const { exchange } = client;
  const { response, sink } = exchange;
  const text = Buffer.from(reply.json ?? '');
  const type = reply.json === undefined ? undefined : 'application/json';
  begin(exchange, reply, reply.stream?.type ?? type);
  response.fields.addKnown(FieldId.contentLength, String(text.length));
  // The last call ends the exchange, and its flow with it.
  client.finished();
  if (text.length > 0) {
    response.body = BodyKind.length;
    response.contentLength = text.length;
  }
  sink.head(response, text.length === 0);
  if (text.length > 0) {
    sink.data(text, true);
    sink.end(null);
  }
  sink.flush();
}

async function sendStream(client: Client, reply: Reply, stream: ReplyStream): Promise<void> {
  const { exchange } = client;
  const { response, sink } = exchange;
  const { lengthBytes, pieces } = stream;
  begin(exchange, reply, stream.type);
  // How it is framed is for the version of HTTP to say.
  if (lengthBytes === undefined) response.body = BodyKind.stream;
  else {
    response.body = BodyKind.length;
    response.contentLength = lengthBytes;
    response.fields.addKnown(FieldId.contentLength, String(lengthBytes));
  }
  sink.head(response, false);
  await client.sendPieces(pieces);
}

function begin(exchange: Exchange, reply: Reply, type: string | undefined): void {
  const { response } = exchange;
  response.reset();
  response.status = reply.status;
  const { fields } = response;
  fields.addKnown(FieldId.date, httpDate(exchange.wallMs()));
  fields.addKnown(FieldId.server, 'plinth');
  fields.addKnown(FieldId.cacheControl, 'no-cache');
  if (type !== undefined) fields.addKnown(FieldId.contentType, type);
  if (reply.location !== undefined) fields.addKnown(FieldId.location, reply.location);
}
