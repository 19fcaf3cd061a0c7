/** What a pool keys on, as a number: for the policies that give the same request to the same server. */
import { ownBytes } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import { FIELD_STRIDE, FieldId, lowerName, offsetIn } from '../../core/wire/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { hashAddress, hashRange, NO_KEY } from '../keys/hash.ts';
import { hashCookie, hashQuery } from '../keys/pairs.ts';
import { policyTable } from '../policies/policy-table.ts';

/** The key of an exchange, `NO_KEY` when it lacks what the pool keys on. */
export type KeyOf = (exchange: Exchange) => number;

/**
 * Policies that look at no key get none: slow start and priorities would else decide by client, and where all come
 * by one proxy, the same for all of them.
 */
export function keyOf({ policy, hashOn, hashName = '' }: PoolSettings): KeyOf {
  if (!policyTable[policy].keyed) return () => NO_KEY;
  switch (hashOn) {
    case 'source':
      return ({ client }) => hashAddress(client.remoteAddress);
    case 'header':
      return headerKey(lowerName(hashName));
    case 'cookie':
      return cookieKey(ownBytes(hashName, 'latin1'));
    case 'path':
      return ({ request: { fields, pathStart, pathLength } }) =>
        hashRange(fields.bytesAt(pathStart), offsetIn(pathStart), pathLength);
    case 'query': {
      const name = ownBytes(hashName, 'latin1');
      return ({ request: { fields, queryStart, queryLength } }) =>
        hashQuery(fields.bytesAt(queryStart), offsetIn(queryStart), queryLength, name);
    }
  }
}

function headerKey(name: Buffer): KeyOf {
  return ({ request: { fields } }) => {
    const index = fields.findName(name);
    if (index === -1 || fields.valueLength(index) === 0) return NO_KEY;
    const start = fields.at[index * FIELD_STRIDE + 2]!;
    return hashRange(fields.bytesAt(start), offsetIn(start), fields.valueLength(index));
  };
}

function cookieKey(name: Buffer): KeyOf {
  return ({ request: { fields } }) => {
    for (let i = fields.find(FieldId.cookie); i !== -1; i = fields.find(FieldId.cookie, i + 1)) {
      const start = fields.at[i * FIELD_STRIDE + 2]!;
      const key = hashCookie(fields.bytesAt(start), offsetIn(start), fields.valueLength(i), name);
      if (key !== NO_KEY) return key;
    }
    return NO_KEY;
  };
}
