/** The messages of client-side caching as bytes. */

/** Channel on which a RESP2 client gets what is redirected to it. */
const CHANNEL = '__redis__:invalidate';

/**
 * Keys that are no longer valid, undefined for all: RESP3 as a push of its own kind, RESP2 as a message
 * of a channel.
 */
export function invalidation(keys: readonly string[] | undefined, protocol: 2 | 3): Buffer {
  let text =
    protocol === 3
      ? '>2\r\n$10\r\ninvalidate\r\n'
      : `*3\r\n$7\r\nmessage\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n`;
  if (keys === undefined) text += protocol === 3 ? '_\r\n' : '$-1\r\n';
  else {
    text += `*${keys.length}\r\n`;
    for (const key of keys) text += `$${key.length}\r\n${key}\r\n`;
  }
  return Buffer.from(text, 'latin1');
}

/** To a RESP3 client: the session it redirects to is gone. */
export function redirectBroken(id: number): Buffer {
  return Buffer.from(`>2\r\n$21\r\ntracking-redir-broken\r\n:${id}\r\n`);
}
