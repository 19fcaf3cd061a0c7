/**
 * Writes heads and trailers as header blocks: RFC 9113, 8.2 and 8.3.
 *
 * Names become small, fields of a HTTP/1 connection stay out (8.2.2). `Fields` promise that names and
 * values have nothing in them that may not stand there.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import {
  FIELD_STRIDE,
  FieldId,
  type Fields,
  MethodId,
  methodNameOf,
  offsetIn,
  type RequestHead,
  type ResponseHead,
  TargetForm,
} from '../http/index.ts';
import type { HpackEncoder } from './hpack/encoder.ts';
import { Policy } from './hpack/policy.ts';
import type { Output } from './output.ts';

/** Static indexes (RFC 7541, appendix A). */
const AUTHORITY = 1;
const METHOD = 2;
const METHOD_GET = 2;
const METHOD_POST = 3;
const PATH = 4;
const PATH_ROOT = 4;
const SCHEME_HTTP = 6;
const SCHEME_HTTPS = 7;

const SLASH = 0x2f;
const ASTERISK = Buffer.from('*', 'latin1');
const PROTOCOL = Buffer.from(':protocol', 'latin1');

export function writeResponseHead(encoder: HpackEncoder, output: Output, head: ResponseHead): void {
  encoder.begin(output);
  encoder.status(output, head.status);
  writeFields(encoder, output, head.fields, FieldId.other);
}

/** Writes a request. Its authority is that of the Host field, else its own (RFC 9113, 8.3.1). */
export function writeRequestHead(
  encoder: HpackEncoder,
  output: Output,
  head: RequestHead,
  secure: boolean,
): void {
  const { fields } = head;
  encoder.begin(output);
  if (head.method === MethodId.get) encoder.whole(output, METHOD_GET);
  else if (head.method === MethodId.post) encoder.whole(output, METHOD_POST);
  else if (head.method === MethodId.other) {
    const from = fields.bytesAt(head.methodStart);
    encoder.named(
      output,
      METHOD,
      from,
      offsetIn(head.methodStart),
      head.methodLength,
      Policy.repeat,
    );
  } else {
    const name = methodNameOf(head.method);
    encoder.named(output, METHOD, name, 0, name.length, Policy.repeat);
  }
  const tunnel = head.method === MethodId.connect && head.upgrade;
  if (head.form !== TargetForm.authority) {
    encoder.whole(output, secure ? SCHEME_HTTPS : SCHEME_HTTP);
    writePath(encoder, output, head);
  }
  writeAuthority(encoder, output, head);
  if (tunnel) {
    const upgrade = fields.find(FieldId.upgrade);
    if (upgrade !== -1) {
      const start = fields.at[upgrade * FIELD_STRIDE + 2]!;
      const length = fields.valueLength(upgrade);
      const from = fields.bytesAt(start);
      encoder.field(output, 0, PROTOCOL, 0, PROTOCOL.length, from, offsetIn(start), length, false);
    }
  }
  writeFields(encoder, output, fields, FieldId.host);
}

export function writeTrailers(encoder: HpackEncoder, output: Output, fields: Fields): void {
  encoder.begin(output);
  writeFields(encoder, output, fields, FieldId.other);
}

function writePath(encoder: HpackEncoder, output: Output, head: RequestHead): void {
  if (head.asksServer) {
    encoder.named(output, PATH, ASTERISK, 0, 1, Policy.literal);
    return;
  }
  const from = head.fields.bytesAt(head.originStart);
  const start = offsetIn(head.originStart);
  const length = head.originLength;
  const policy = head.secretPath ? Policy.never : Policy.literal;
  const isRoot = length === 0 || (length === 1 && from[start] === SLASH);
  if (isRoot && !head.secretPath) encoder.whole(output, PATH_ROOT);
  else if (length > 0 && from[start] === SLASH) {
    encoder.named(output, PATH, from, start, length, policy);
  } else {
    // A target of HTTP/1 as `http://host?query` has no path; HTTP/2 wants one.
    const path = Buffer.allocUnsafe(length + 1);
    path[0] = SLASH;
    from.copy(path, 1, start, start + length);
    encoder.named(output, PATH, path, 0, path.length, policy);
  }
}

function writeAuthority(encoder: HpackEncoder, output: Output, head: RequestHead): void {
  const { fields } = head;
  const host = head.form === TargetForm.authority ? -1 : fields.find(FieldId.host);
  const at = host === -1 ? head.authorityStart : fields.at[host * FIELD_STRIDE + 2]!;
  const length = host === -1 ? head.authorityLength : fields.valueLength(host);
  if (length === 0) return;
  const policy =
    head.secretAuthority || (host !== -1 && fields.isSecret(host)) ? Policy.never : Policy.repeat;
  encoder.named(output, AUTHORITY, fields.bytesAt(at), offsetIn(at), length, policy);
}

/** All fields but those with the id `without`, if that is not 0. */
export function writeFields(
  encoder: HpackEncoder,
  output: Output,
  fields: Fields,
  without: FieldId,
): void {
  const { at, count } = fields;
  for (let row = 0; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    const id = at[row + 4]!;
    if (id < 0 || (id === without && id !== 0)) continue;
    const name = at[row]!;
    const value = at[row + 2]!;
    encoder.field(
      output,
      id,
      fields.bytesAt(name),
      offsetIn(name),
      at[row + 1]!,
      fields.bytesAt(value),
      offsetIn(value),
      at[row + 3]!,
      fields.isSecret(row / FIELD_STRIDE),
    );
  }
}
