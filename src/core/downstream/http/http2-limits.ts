/** The limits of a listener as HTTP/2 needs them, and what its problems are called among those of HTTP. */
import {
  type Http2Limits,
  type Http2Problem,
  type HttpProblem,
  http2LimitsDefault,
  http2ProblemTable,
} from '../../wire/index.ts';
import type { HttpLimits } from './limits.ts';

/** Pseudo-fields, which HTTP/1 does not count as fields. */
const PSEUDO_FIELDS = 4;
/** What a slow client may have waiting besides what its streams hold up. */
const OUTPUT_BYTES_MAX = 131_072;

/** A client that does not answer our PING in a drain is not waited for longer, milliseconds. */
export const DRAIN_ANSWER_MS = 2_000;

const known = new WeakMap<HttpLimits, Http2Limits>();

/** Made once for each set of limits. `connectProtocol`: CONNECT with `:protocol` is offered (RFC 8441). */
export function http2LimitsOf(limits: HttpLimits, connectProtocol: boolean): Http2Limits {
  let made = known.get(limits);
  if (made === undefined || made.connectProtocol !== connectProtocol) {
    const { headBytes, fieldsMax } = limits.head;
    made = {
      ...http2LimitsDefault,
      headBytesMax: headBytes,
      fieldsMax: fieldsMax + PSEUDO_FIELDS,
      blockBytesMax: headBytes * 2,
      outputBytesMax: OUTPUT_BYTES_MAX,
      connectProtocol,
    };
    known.set(limits, made);
  }
  return made;
}

/** Problems of HTTP/2 for `HttpServerEvents.onRefused`. Their code is none that a parser of HTTP/1 returns. */
export const http2Refusals: Readonly<Record<Http2Problem, HttpProblem>> = Object.fromEntries(
  Object.entries(http2ProblemTable).map(([key, { says }]) => [
    key,
    { code: 0, name: `h2-${key}`, status: key === 'head-too-large' ? 431 : 400, says },
  ]),
) as Record<Http2Problem, HttpProblem>;
