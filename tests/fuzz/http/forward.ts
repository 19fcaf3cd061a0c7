/**
 * What a proxy sends on of a message that it accepted, read by llhttp as the next server would.
 *
 * The rule: it is one message, whole, with the same method and body, whose fields are those received, without
 * the ones that belong to a connection, in their order. Were it two, somebody's request would be smuggled.
 */
import { readTheirs } from './llhttp.ts';
import type { MessageView, Side } from './view.ts';

/** Fields that a proxy drops, RFC 9110 section 7.6.1, besides those that Connection names. */
const HOP_BY_HOP =
  /^(?:connection|keep-alive|proxy-connection|proxy-authenticate|proxy-authorization|proxy-authentication-info|te|upgrade|http2-settings)$/;

/** What is wrong with the message as it is sent on, or undefined. */
export function differentForwarded(our: MessageView, side: Side): string | undefined {
  const { forwarded } = our;
  // Tunnels, and bodies whose end no field says, are bytes and no messages to who reads them.
  if (forwarded === undefined || our.upgrade || our.method === 'CONNECT') return undefined;
  const response = side.type === 'response';
  const bodiless = response && (side.requestMethod === 'HEAD' || /^(?:1|204|304)/.test(our.start));
  const chunked = !bodiless && /^transfer-encoding:[ \t]*chunked\r$/im.test(forwarded);
  const body = chunked ? inChunks(our.body) : our.body;
  const theirs = readTheirs([Buffer.from(forwarded + body, 'latin1')], side);
  const [first] = theirs.messages;
  const shown = JSON.stringify(forwarded + body);
  if (first === undefined) return `llhttp refuses what is sent on (${theirs.end}): ${shown}`;
  if (theirs.messages.length > 1) return `sent on it is more than one message: ${shown}`;
  if (first.body !== our.body) return `sent on it has another body: ${shown}`;
  if (theirs.end !== 'waiting' && theirs.end !== 'over') return `sent on: ${theirs.end}: ${shown}`;
  if (first.method !== our.method) return `sent on it has another method: ${shown}`;
  const wanted = JSON.stringify(endToEnd(our));
  const got = JSON.stringify(endToEnd(first));
  return wanted === got ? undefined : `sent on it has the fields ${got}, not ${wanted}`;
}

function endToEnd(message: MessageView): readonly (readonly [string, string])[] {
  const named = new Set(
    message.fields
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.toLowerCase().split(/[ \t,]+/))
      // It says how the message is framed, and stays.
      .filter((option) => option !== 'transfer-encoding'),
  );
  return message.fields.filter(([name]) => {
    const lower = name.toLowerCase();
    // RFC 9110 section 8.6: 1xx and 204 have no length; a received one of 0 is dropped.
    if (lower === 'content-length' && /^(?:1|204)/.test(message.start)) return false;
    return !HOP_BY_HOP.test(lower) && !named.has(lower);
  });
}

function inChunks(body: string): string {
  return body === '' ? '0\r\n\r\n' : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}
