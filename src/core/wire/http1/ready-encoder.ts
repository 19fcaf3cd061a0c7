/**
 * Ready responses as bytes of HTTP/1: status line, added lines, then lines and body of the response in one copy. The
 * order of fields of different names says nothing (RFC 9110 section 5.3).
 */
import { copyBytes } from '../../base/index.ts';
import type { AddedFields, ReadyResponse } from '../http/ready-response.ts';
import { statusLineOf } from '../http/status.ts';

/** The bytes that `encodeReadyResponse` writes. */
export function readyResponseBytes(
  { status, linesStart, bodyStart, bodyBytes }: ReadyResponse,
  { fields }: AddedFields,
  extra: Buffer | null,
): number {
  const added = fields.arenaEnd + (extra === null ? 0 : extra.length);
  return statusLineOf(status).length + added + bodyStart - linesStart + bodyBytes;
}

/**
 * Writes head and body at `at`, where there must be room.
 * @param extra whole lines.
 * @returns the position behind the body.
 */
export function encodeReadyResponse(
  out: Buffer,
  at: number,
  ready: ReadyResponse,
  { fields }: AddedFields,
  extra: Buffer | null,
): number {
  const line = statusLineOf(ready.status);
  copyBytes(line, 0, out, at, line.length);
  let to = at + line.length;
  copyBytes(fields.arena, 0, out, to, fields.arenaEnd);
  to += fields.arenaEnd;
  if (extra !== null) {
    copyBytes(extra, 0, out, to, extra.length);
    to += extra.length;
  }
  const { buffer, linesStart } = ready;
  const length = ready.bodyStart - linesStart + ready.bodyBytes;
  copyBytes(buffer, linesStart, out, to, length);
  return to + length;
}
