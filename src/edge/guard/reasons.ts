/** Why the guard holds somebody back, and what adds up to a block: tables of what is counted, logged and answered. */

/** In the order in which they are looked at. */
export const mitigationTable = {
  'denied-network': [403, 'its network is in deny_networks'],
  'denied-country': [403, 'its country is in deny_countries'],
  'denied-asn': [403, 'its autonomous system is in deny_asns'],
  'blocked-by-operator': [403, 'an operator has blocked its network'],
  blocked: [429, 'it has misbehaved too often of late'],
  'attack-limit': [429, 'it asks far more than anybody does otherwise, while there is too much'],
  'attack-limit-wide': [
    429,
    'its network asks far more than any does otherwise, while there is too much',
  ],
  rate: [429, 'it asks more than its rule allows'],
  'rate-wide': [429, 'its network asks more than the rule allows'],
  concurrent: [429, 'it has as many requests under way as the rule allows'],
  bytes: [429, 'it has been sent more than the rule allows'],
  ranges: [416, 'it asks for a flood of ranges'],
  challenge: [403, 'it has not solved the task that is set'],
} as const satisfies Record<string, readonly [status: number, because: string]>;

export type Mitigation = keyof typeof mitigationTable;

/** Connections that are turned away before they say anything. */
export const doorTable = {
  'denied-network': 'its network is in deny_networks',
  'blocked-by-operator': 'an operator has blocked its network',
  blocked: 'it has misbehaved too often of late',
  'connection-rate': 'it opens connections faster than is allowed',
} as const;

export type DoorMitigation = keyof typeof doorTable;

/** Points that a misdeed adds; `penalties.points` of them within about half a minute are a block. */
export const misdeedTable = {
  'over-limit': [1, 'a request that was refused by a limit'],
  reset: [1, 'a response that the client broke off, as rapid resets do'],
  'head-timeout': [5, 'a head that did not come in time, as slow-loris does'],
  'body-timeout': [20, 'a body that stopped, as slow posts do'],
  'send-timeout': [10, 'a response that was not read, as slow reads do'],
  'bad-request': [10, 'what was no request, or had a head that is too large'],
  'range-flood': [10, 'many ranges that are small or overlap'],
} as const satisfies Record<string, readonly [points: number, what: string]>;

export type Misdeed = keyof typeof misdeedTable;
