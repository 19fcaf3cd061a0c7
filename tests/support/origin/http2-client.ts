/** One request by HTTP/2 without TLS, on a connection of its own, in the form of `raw-client.ts`. */
import { type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { RawRequest, Received, ReceivedLine } from './raw-client.ts';

const LIMIT_MS = 20_000;

/** Asks once. @throws when nothing that is a response comes in time */
export async function askHttp2(request: RawRequest): Promise<Received> {
  const session = connect(`http://127.0.0.1:${request.port}`);
  session.on('error', () => {});
  try {
    return await exchange(
      session.request(headersOf(request), { endStream: request.body === '' }),
      request,
    );
  } finally {
    session.destroy();
  }
}

function headersOf({ method, target, fields }: RawRequest): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { ':method': method, ':path': target };
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    const key = lower === 'host' ? ':authority' : lower;
    const known = headers[key];
    headers[key] = known === undefined ? value : [known, value].flat();
  }
  return headers;
}

function exchange(stream: ClientHttp2Stream, { method, body }: RawRequest): Promise<Received> {
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  const interim: { status: number; fields: ReceivedLine[] }[] = [];
  const pieces: Buffer[] = [];
  let head: { status: number; fields: ReceivedLine[] } | undefined;
  let trailers: ReceivedLine[] = [];
  const late = setTimeout(() => {
    reject(new Error('no end of a response in time'));
    stream.close();
  }, LIMIT_MS);
  stream.on('headers', (headers) => interim.push(messageOf(headers)));
  stream.on('response', (headers) => {
    head = messageOf(headers);
  });
  stream.on('trailers', (headers) => {
    trailers = messageOf(headers).fields;
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('error', () => {});
  stream.on('close', () => {
    clearTimeout(late);
    if (head === undefined) {
      reject(new Error('this is no response: nothing came'));
      return;
    }
    const bytes = Buffer.concat(pieces);
    const length = head.fields.find(([name]) => name === 'content-length')?.[1];
    const bodiless = method === 'HEAD' || head.status === 304;
    const fits = length === undefined || bodiless || Number(length) === bytes.length;
    const whole = stream.rstCode === constants.NGHTTP2_NO_ERROR && fits;
    resolve({ ...head, body: bytes, trailers, interim, whole });
  });
  if (body !== '') stream.end(Buffer.from(body, 'latin1'));
  return promise;
}

function messageOf(headers: IncomingHttpHeaders & { ':status'?: number | undefined }): {
  status: number;
  fields: ReceivedLine[];
} {
  const fields = Object.entries(headers).flatMap(([name, value]): ReceivedLine[] =>
    name.startsWith(':') || value === undefined
      ? []
      : [value].flat().map((each): ReceivedLine => [name, `${each}`]),
  );
  return { status: Number(headers[':status']), fields };
}
