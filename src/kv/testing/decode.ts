/** Decodes replies into plain values, for tests. */

/**
 * Bulk and simple strings are strings (bytes as latin1), integers and doubles numbers (bigint beyond
 * 2^53), null is null, errors `{ error }`, maps `{ map }` as pairs, sets `{ set }`, pushes `{ push }`,
 * verbatim strings `{ verbatim }`. Undefined: no reply.
 */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Reply[]
  | { error: string }
  | { map: [Reply, Reply][] }
  | { set: Reply[] }
  | { push: Reply[] }
  | { verbatim: string }
  | { double: number };

/** All replies in `bytes`; throws when they end in the middle of one. */
export function decodeReplies(bytes: Buffer): Reply[] {
  const replies: Reply[] = [];
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) throw new RangeError('a reply without an end');
    const text = bytes.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  const list = (count: number): Reply[] => Array.from({ length: count }, () => read());
  const blob = (length: number): string => {
    const text = bytes.toString('latin1', at, at + length);
    if (text.length < length) throw new RangeError('a reply without an end');
    at += length + 2;
    return text;
  };
  const read = (): Reply => {
    const head = line();
    const rest = head.slice(1);
    switch (head[0]) {
      case '+':
        return rest;
      case '-':
        return { error: rest };
      case ':': {
        const n = Number(rest);
        return Number.isSafeInteger(n) ? n : BigInt(rest);
      }
      case '$':
        return rest === '-1' ? null : blob(Number(rest));
      case '*':
        return rest === '-1' ? null : list(Number(rest));
      case '_':
        return null;
      case '#':
        return rest === 't';
      case ',':
        return { double: rest === 'inf' ? Infinity : rest === '-inf' ? -Infinity : Number(rest) };
      case '(':
        return BigInt(rest);
      case '=':
        return { verbatim: blob(Number(rest)).slice(4) };
      case '~':
        return { set: list(Number(rest)) };
      case '>':
        return { push: list(Number(rest)) };
      case '%':
        return {
          map: Array.from({ length: Number(rest) }, (): [Reply, Reply] => [read(), read()]),
        };
      case '|':
        for (let i = Number(rest) * 2; i > 0; i--) read();
        return read();
      default:
        throw new RangeError(`no reply begins with ${head[0] ?? 'nothing'}`);
    }
  };
  while (at < bytes.length) replies.push(read());
  return replies;
}
