/** Why links end. */
export const endingTable = {
  ended: 'the other end has closed it',
  lost: 'the connection broke',
  silent: 'there was no sign of life',
  slow: 'the other end does not take what it is sent',
  'line-too-long': 'a line was longer than allowed',
  'bad-message': 'a line was no message, or none that belongs there',
  'greeting-late': 'the greeting took too long',
  version: 'the other end speaks another version',
  untrusted: 'the other end does not know the secret',
  'unknown-pop': 'the settings here have no such PoP',
  superseded: 'the PoP has come by another link',
  behind: 'the PoP lacks what is not kept any more',
  stopped: 'this end was stopped',
} as const;
export type Ending = keyof typeof endingTable;

/** Counts by ending. */
export type EndingCounts = Map<Ending, number>;
