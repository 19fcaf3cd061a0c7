/**
 * Why a request is not let through to the content: a table of what is counted and logged. The client is told only the
 * text of its group, never which part of a signature was wrong.
 */

export type RefusalGroup = 'place' | 'origin' | 'referrer' | 'signature';

/** What clients read. */
export const groupSays: Readonly<Record<RefusalGroup, string>> = {
  place: 'This content is not available where you are.',
  origin: 'This origin may not read from here.',
  referrer: 'This content may not be embedded elsewhere.',
  signature: 'This address is not valid, or not any more.',
};

/** In the order in which they are looked at. */
export const refusalTable = {
  'geo-network': ['place', 'its network is in deny_networks'],
  'geo-country': ['place', 'its country is denied, or not among those let in'],
  'geo-asn': ['place', 'its autonomous system is denied, or not among those let in'],
  'geo-unknown': ['place', 'nobody knows where it is, and only some places are let in'],
  'cors-origin': ['origin', 'a preflight came from an origin that is not allowed'],
  hotlink: ['referrer', 'another site embeds or links it'],
  'signature-missing': ['signature', 'neither parameter nor cookie has a policy'],
  'signature-malformed': ['signature', 'its policy can not be read'],
  'signature-key': ['signature', 'no key has the name that the policy says'],
  'signature-wrong': ['signature', 'the signature does not belong to policy and request'],
  'signature-path': ['signature', 'the path is not below the prefix of the policy'],
  'signature-client': ['signature', 'another client was given the policy'],
  'signature-early': ['signature', 'the time of the policy has not begun'],
  'signature-late': ['signature', 'the time of the policy is over'],
  'signature-long': ['signature', 'the time of the policy is longer than the rule allows'],
} as const satisfies Record<string, readonly [RefusalGroup, string]>;

export type AccessRefusal = keyof typeof refusalTable;

/** Requests by what was decided, of one rule. */
export class AccessCounts {
  passed = 0;
  preflights = 0;
  readonly refused = new Map<AccessRefusal, number>();

  refuse(reason: AccessRefusal): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }
}
