/** Makes the part of an answer that follows its question, for one name, type and choice of PoPs. */
import {
  dnsClasses,
  headerBits,
  MessageWriter,
  parseServiceParams,
  type RecordData,
  rcodes,
  recordTypes,
} from '../../core/wire/index.ts';
import { type Choice, isIp6 } from './director.ts';
import { limits } from './limits.ts';
import type { LookedUp } from './lookup.ts';
import type { OwnedSet, SteeringRule } from './zone.ts';

/** An answer without what differs from query to query: number, spelling of the name, EDNS. */
export interface AnswerBody {
  readonly rcode: number;
  /** AA or 0. */
  readonly flags: number;
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
  /** All records; pointers lead into the question, which has the same length in any spelling. */
  readonly bytes: Buffer;
}

const scratch = Buffer.alloc(limits.messageBytesMax);

/**
 * @param name in lower case.
 * @param choice the PoPs of a name that is steered.
 */
export function makeAnswer(
  name: string,
  type: number,
  found: LookedUp,
  choice: Choice | undefined,
): AnswerBody {
  const writer = new MessageWriter(scratch);
  writer.question(name, type);
  const start = writer.at;
  const steered =
    found.steered === undefined || choice === undefined
      ? []
      : steeredSets(found.steered.owner, found.steered.rule, type, choice);
  const { authorities, additionals } = found;
  const answers = [...found.answers, ...steered];
  // A PoP without addresses of the family asked for: there is no such record.
  const isEmpty = found.steered !== undefined && steered.length === 0;
  const negative = isEmpty ? (found.zone?.soaSet ?? []) : authorities;
  const sections = [answers, negative, additionals];
  const counts = sections.map((sets) => writeSets(writer, sets));
  if (counts.includes(-1)) return errorAnswer(rcodes.serverFailure);
  return {
    rcode: found.rcode,
    flags: found.authoritative ? headerBits.authoritative : 0,
    answers: counts[0]!,
    authorities: counts[1]!,
    additionals: counts[2]!,
    bytes: Buffer.from(scratch.subarray(start, writer.at)),
  };
}

/** An answer that only says what is wrong. */
export function errorAnswer(rcode: number): AnswerBody {
  const none = { answers: 0, authorities: 0, additionals: 0 };
  return { rcode, flags: 0, ...none, bytes: Buffer.alloc(0) };
}

/** @returns how many records, -1 when they do not fit. */
function writeSets(writer: MessageWriter, sets: readonly OwnedSet[]): number {
  let count = 0;
  for (const { owner, set } of sets) {
    for (const data of set.data) {
      if (!writer.record(owner, set.ttlSeconds, data, dnsClasses.IN)) return -1;
      count++;
    }
  }
  return count;
}

function steeredSets(
  owner: string,
  rule: SteeringRule,
  type: number,
  { pops }: Choice,
): OwnedSet[] {
  const addresses = pops.flatMap((pop) => pop.addresses);
  const ip4 = addresses.filter((address) => !isIp6(address));
  const ip6 = addresses.filter(isIp6);
  const data: RecordData[] =
    type === recordTypes.A
      ? ip4.map((address) => ({ type: 'A', address }))
      : type === recordTypes.AAAA
        ? ip6.map((address) => ({ type: 'AAAA', address }))
        : serviceRecords(rule, ip4, ip6);
  if (data.length === 0) return [];
  return [{ owner, set: { type, ttlSeconds: rule.ttlSeconds, data } }];
}

/** RFC 9460 section 9: the name itself, with its protocols and the same addresses as hints. */
function serviceRecords(
  { alpn }: SteeringRule,
  ip4: readonly string[],
  ip6: readonly string[],
): RecordData[] {
  if (ip4.length + ip6.length === 0) return [];
  const params = parseServiceParams([
    `alpn=${alpn.join(',')}`,
    ...(ip4.length === 0 ? [] : [`ipv4hint=${ip4.join(',')}`]),
    ...(ip6.length === 0 ? [] : [`ipv6hint=${ip6.join(',')}`]),
  ]);
  return params === null ? [] : [{ type: 'HTTPS', priority: 1, target: '\0', params }];
}
