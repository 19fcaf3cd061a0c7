/**
 * What stands around the parts of a 206, RFC 9110 sections 14.6 and 15.3.7: nothing around one, whose place
 * Content-Range tells; of several each has a head between boundaries.
 *
 *     --boundary  Content-Type, Content-Range, empty line  bytes   (for each part)
 *     --boundary--
 *
 * Invariant: `contentBytes` is what will be sent to the byte, before anything of it was.
 */
import type { Random } from '../../core/runtime/index.ts';
import { BodyKind, FieldId, type ResponseHead } from '../../core/wire/index.ts';
import type { Part } from '../policy/index.ts';
import { contentRangeOf } from './content-range.ts';

export interface Framing {
  readonly parts: readonly Part[];
  /** Content-Length of the response. */
  readonly contentBytes: number;
  /** Content-Type of the response; undefined: that of the representation stays, if it has one. */
  readonly contentType: string | undefined;
  /** Undefined: there are several parts, and their heads say it (section 15.3.7.2). */
  readonly contentRange: string | undefined;
  /** What is sent before each part; empty for a single one. */
  readonly heads: readonly Buffer[];
  readonly tail: Buffer;
}

/** Bytes of chance in a boundary: that a body holds it by accident, or by design, is not to be expected. */
const BOUNDARY_BYTES = 24;
const NOTHING = Buffer.alloc(0);

/**
 * @param parts at least one, as `coalesce` leaves them.
 * @param lengthBytes of the whole representation.
 * @param contentType of the representation, undefined when it has none.
 */
export function frameParts(
  parts: readonly Part[],
  lengthBytes: number,
  contentType: string | undefined,
  random: Random,
): Framing {
  const bodyBytes = parts.reduce((sum, { start, end }) => sum + end - start, 0);
  // Section 15.3.7.2: who gets one part gets it without a boundary.
  if (parts.length === 1) {
    const part = parts[0] as Part;
    return { ...plainPart(part), contentRange: contentRangeOf(part, lengthBytes) };
  }
  // Letters, digits, - and _: all of them allowed in a boundary (RFC 2046 section 5.1.1), and in a token.
  const boundary = random.bytes(BOUNDARY_BYTES).toString('base64url');
  const typeLine = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`;
  const heads = parts.map((part, nth) => {
    const range = contentRangeOf(part, lengthBytes);
    const before = nth === 0 ? '' : '\r\n';
    const head = `${before}--${boundary}\r\n${typeLine}Content-Range: ${range}\r\n\r\n`;
    return Buffer.from(head, 'latin1');
  });
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
  const headBytes = heads.reduce((sum, head) => sum + head.length, 0);
  return {
    parts,
    contentBytes: headBytes + bodyBytes + tail.length,
    contentType: `multipart/byteranges; boundary=${boundary}`,
    contentRange: undefined,
    heads,
    tail,
  };
}

/** Bytes with nothing around them. */
export function plainPart(part: Part): Framing {
  return {
    parts: [part],
    contentBytes: part.end - part.start,
    contentType: undefined,
    contentRange: undefined,
    heads: [NOTHING],
    tail: NOTHING,
  };
}

/**
 * Makes the head of a stored 200 that of the 206. All fields stay, also where the client has them already
 * and they should not be sent again (section 15.3.7 about If-Range): clients read a 206 by itself.
 */
export function becomePartial(head: ResponseHead, framing: Framing): void {
  const { fields } = head;
  head.setStatus(206);
  fields.removeAll(FieldId.contentRange);
  if (framing.contentRange !== undefined) {
    fields.addKnown(FieldId.contentRange, framing.contentRange);
  }
  if (framing.contentType !== undefined) fields.set(FieldId.contentType, framing.contentType);
  fields.set(FieldId.contentLength, String(framing.contentBytes));
  head.body = BodyKind.length;
  head.contentLength = framing.contentBytes;
}
