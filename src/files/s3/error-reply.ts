/**
 * Errors as answers: the XML of S3, for what operations throw and for what the HTTP layer refuses before there is an
 * operation (a head that is too large, a body that stops), so that clients hear one language.
 */
import type { Answer } from '../../core/http/index.ts';
import type { Random } from '../../core/runtime/index.ts';
import { type ErrorCode, S3Error } from './errors.ts';
import type { Reply } from './reply.ts';
import { leaf, plainDocument } from './xml/writer.ts';

/** 64 bits as the support of S3 writes them. */
export function requestId(random: Random): string {
  const half = (): string => random.u32().toString(16).padStart(8, '0');
  return (half() + half()).toUpperCase();
}

/** Fields that name a request, of every answer. */
export function idHeaders(id: string): [string, string][] {
  return [
    ['x-amz-request-id', id],
    ['x-amz-id-2', id],
  ];
}

export function errorReply(error: S3Error, resource: string, id: string): Reply {
  const headers = Object.entries(error.headers);
  if (error.status === 304) return { status: 304, headers };
  return { status: error.status, headers, text: errorText(error, resource, id) };
}

function errorText({ code, says, elements }: S3Error, resource: string, id: string): string {
  return plainDocument(
    'Error',
    leaf('Code', code),
    leaf('Message', says),
    Object.entries(elements).map(([name, value]) => leaf(name, value)),
    leaf('Resource', resource),
    leaf('RequestId', id),
    leaf('HostId', id),
  );
}

/** Codes of S3 for statuses that it says otherwise. Clients try again by the code. */
const REFUSED: ReadonlyMap<number, ErrorCode> = new Map([
  [400, 'BadRequest'],
  [408, 'RequestTimeout'],
  [413, 'EntityTooLarge'],
  [414, 'RequestHeaderSectionTooLarge'],
  [417, 'BadRequest'],
  [431, 'RequestHeaderSectionTooLarge'],
  [501, 'NotImplemented'],
  [505, 'HttpVersionNotSupported'],
]);

/** The answer to a request that the HTTP layer refuses; `path` as far as it is known. */
export function refusalAnswer(
  { status, says }: { readonly status: number; readonly says: string },
  path: string,
  id: string,
): Answer {
  const error = new S3Error(REFUSED.get(status) ?? 'ServiceUnavailable', says);
  return {
    status: error.status,
    contentType: 'application/xml',
    body: Buffer.from(errorText(error, path, id)),
    otherFields: idHeaders(id),
  };
}
