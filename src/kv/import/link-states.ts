/**
 * The states of a link to a master, from the first word to the stream of its commands.
 *
 *     auth -> ping -> port -> capa -> psync -> length -> sized  -> stream
 *                                       |         \---> marked ->/
 *                                       \------ continued ------>/
 *
 * (https://redis.io/docs/latest/operate/oss_and_stack/management/replication/; Redis: replication.c)
 */

export type LinkState =
  | 'auth'
  | 'ping'
  | 'port'
  | 'capa'
  | 'psync'
  /** FULLRESYNC was promised; the snapshot's length, or its end mark, comes next. */
  | 'length'
  | 'sized'
  | 'marked'
  | 'stream'
  | 'ended';

export type LinkEvent =
  /** The answer lets the handshake go on. */
  | 'accepted'
  /** +FULLRESYNC: a snapshot comes. */
  | 'full'
  /** +CONTINUE: the stream goes on where it stopped. */
  | 'continued'
  /** $<bytes>: a snapshot of that length. */
  | 'sized'
  /** $EOF:<mark>: a snapshot that ends with the mark. */
  | 'marked'
  /** The snapshot is over. */
  | 'complete'
  /** Anything that may not stand here, or a refusal. */
  | 'fault';

const transitions: Readonly<Record<LinkState, Partial<Record<LinkEvent, LinkState>>>> = {
  auth: { accepted: 'ping', fault: 'ended' },
  ping: { accepted: 'port', fault: 'ended' },
  port: { accepted: 'capa', fault: 'ended' },
  capa: { accepted: 'psync', fault: 'ended' },
  psync: { full: 'length', continued: 'stream', fault: 'ended' },
  length: { sized: 'sized', marked: 'marked', fault: 'ended' },
  sized: { complete: 'stream', fault: 'ended' },
  marked: { complete: 'stream', fault: 'ended' },
  stream: { fault: 'ended' },
  ended: {},
};

/** The state after an event; undefined where the event may not come. */
export function nextState(state: LinkState, event: LinkEvent): LinkState | undefined {
  return transitions[state][event];
}
