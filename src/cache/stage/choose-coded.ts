/**
 * Which bytes of a stored response answer a request under a rule that compresses: those that came, or a coding that
 * was made of them; and whether one is worth making.
 *
 *     client has one of the codings ──▶ 304
 *     a coding it takes is at hand  ──▶ that one; a better one is begun for those who come later
 *     it takes none                 ──▶ waits until what came coded is undone; if it can not be, past the cache
 */
import type { Exchange, ResponseFlow } from '../../core/http/index.ts';
import { FieldId, MethodId } from '../../core/wire/index.ts';
import {
  type CodedBodies,
  type CodedBody,
  type CodingWork,
  type CompressionSettings,
  heldCoding,
  selectCoding,
} from '../compression/index.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import { type Coding, validatorsOf } from '../policy/index.ts';
import { RequestFlag } from './request-flags.ts';
import { fieldsOf } from './stored-facts.ts';

/** What is sent of a response that others may get in another coding. */
export interface Chosen {
  readonly coding: Coding;
  /** Null: as it came. */
  readonly body: CodedBody | null;
  /** Range may be applied to it. */
  readonly ranges: boolean;
  /** The client has it already. */
  readonly held: boolean;
}

export interface CodedRequest {
  readonly exchange: Exchange;
  /** `RequestFlag`s. */
  readonly flags: number;
  /** Whole. */
  readonly stored: StoredResponse;
}

/**
 * Null: there is one coding of it and will be. `later`: it is being made, and `again` will be called, unless the
 * client leaves. `pass`: it can not be made, and the origin may have it.
 */
export function chooseCoded(
  codings: CodingWork,
  rule: CompressionSettings,
  { exchange, flags, stored }: CodedRequest,
  again: (made: boolean) => void,
): Chosen | 'later' | 'pass' | null {
  const bodies = codings.bodiesOf(stored, rule);
  if (!bodies.convertible) return null;
  const { fields } = exchange.request;
  const weights = codings.accepted.weightsOf(fields.getList(FieldId.acceptEncoding));
  const told = RequestFlag.conditional | RequestFlag.range;
  const etag = (flags & told) === 0 ? undefined : validatorsOf(fieldsOf(stored)).etag;
  const list = fields.getList(FieldId.ifNoneMatch);
  if (list !== undefined && stored.status < 300) {
    const coding = heldCoding(list, etag, bodies.original, weights);
    if (coding !== undefined) return { coding, body: null, ranges: false, held: true };
  }
  const selected = selectCoding(fields, weights, etag, bodies, rule.codings);
  const { make, serve, ranges } = selected;
  const isGet = exchange.request.method === MethodId.get;
  if (make !== undefined && (isGet || !selected.acceptable)) codings.make(stored, bodies, make);
  // Who takes none of the codings that could be made gets what there is (RFC 9110 section 12.5.3).
  if (!selected.acceptable && bodies.original !== 'identity' && weights.identity > 0) {
    return awaitsIdentity(exchange, bodies, again) ? 'later' : 'pass';
  }
  const body = bodies.bodyOf(serve) ?? null;
  return { coding: serve, body, ranges, held: false };
}

/** False: what came coded is not being undone. */
function awaitsIdentity(
  exchange: Exchange,
  bodies: CodedBodies,
  again: (made: boolean) => void,
): boolean {
  let left = false;
  const waiting: ResponseFlow = {
    onDrain() {
      // Nothing has been sent yet.
    },
    onAbort() {
      left = true;
    },
  };
  const awaited = bodies.whenMade('identity', (made) => {
    if (left) return;
    exchange.flow = null;
    again(made);
  });
  if (awaited) exchange.flow = waiting;
  return awaited;
}
