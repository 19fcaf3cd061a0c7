/** A line of records as the settings have it: `name [ttl] [IN] type data` (RFC 1035 section 5.1). */
import {
  type DnsName,
  foldName,
  isWithin,
  lineWords,
  nameOf,
  parseRecordData,
  type RecordData,
} from '../../core/wire/index.ts';

export interface ZoneLine {
  /** In lower case. */
  readonly owner: DnsName;
  /** Undefined: the zone's. */
  readonly ttlSeconds: number | undefined;
  readonly data: RecordData;
}

/** @returns what is wrong with it, following 'has "the line", which', or the line. */
export function parseZoneLine(line: string, zone: DnsName): ZoneLine | string {
  const words = lineWords(line);
  if (words === null) return 'has a quote that is not closed';
  const owner = words[0] === undefined ? null : nameOf(words[0].text, zone);
  if (owner === null) return 'does not begin with a name';
  const folded = foldName(owner);
  if (!isWithin(folded, zone)) return 'is not within the zone';
  let at = 1;
  let ttlSeconds: number | undefined;
  const digits = /^[0-9]{1,10}$/.exec(words[at]?.text ?? '')?.[0];
  if (digits !== undefined) {
    ttlSeconds = Number(digits);
    // RFC 2181 section 8.
    if (ttlSeconds > 0x7fffffff) return 'has a TTL that is too long';
    at++;
  }
  if (words[at]?.text.toUpperCase() === 'IN') at++;
  const type = words[at]?.text;
  if (type === undefined) return 'has no type';
  const data = parseRecordData(type, words.slice(at + 1), zone);
  if (data === null) return `has no data that type ${type} could have`;
  return { owner: folded, ttlSeconds, data };
}
