/** `HTTP/1.1` and `HTTP/1.0`, RFC 9112 section 2.3: eight bytes, capital letters, one digit a part. */
import { isDigit } from '../http/grammar.ts';
import { Version } from '../http/message-head.ts';
import { problems } from '../http/problems.ts';

export const VERSION_BYTES = 8;
const PREFIX = Buffer.from('HTTP/', 'latin1');

/** The version at `start`; 0 when not all of it has come; negative: a problem. */
export function readVersion(buf: Buffer, start: number, end: number): number {
  const there = Math.min(end - start, VERSION_BYTES);
  for (let i = 0; i < there && i < 5; i++) {
    if (buf[start + i] !== PREFIX[i]) return problems.badVersion.code;
  }
  if (there > 5 && !isDigit(buf[start + 5]!)) return problems.badVersion.code;
  if (there > 6 && buf[start + 6] !== 0x2e) return problems.badVersion.code;
  if (there < VERSION_BYTES) return 0;
  const minor = buf[start + 7]!;
  if (!isDigit(minor)) return problems.badVersion.code;
  if (buf[start + 5] === 0x31) {
    if (minor === 0x31) return Version.http11;
    if (minor === 0x30) return Version.http10;
  }
  return problems.versionNotSupported.code;
}
