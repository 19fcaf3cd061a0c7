/** Why a question is answered as it is, for people. */
import { formatIp, parseIp, plainAddress } from '../../core/base/index.ts';
import {
  foldName,
  nameOf,
  nameText,
  rcodeNames,
  recordDataText,
  recordTypes,
  typeName,
  typeOf,
} from '../../core/wire/index.ts';
import { distanceKm, type Place } from '../geo/index.ts';
import { makeAnswer } from './answer-maker.ts';
import { ClientAddress } from './client-address.ts';
import { type Director, Family, isIp6 } from './director.ts';
import type { Zones } from './lookup.ts';
import type { SteeringReason } from './steering.ts';

export interface Explanation {
  readonly name: string;
  readonly type: string;
  /** The client's address. */
  readonly client: string;
  readonly rcode: string;
  /** Undefined: no zone of ours. */
  readonly zone: string | undefined;
  /** `name ttl type data`. */
  readonly answers: readonly string[];
  /** Undefined: the answer is the same for all. */
  readonly steering: ExplainedSteering | undefined;
}

export interface ExplainedSteering {
  readonly rule: string;
  readonly place: Place;
  readonly reason: SteeringReason;
  /** For which prefix of the client's address the answer holds. */
  readonly scopeBits: number;
  readonly chosen: readonly string[];
  /** The nearest first. */
  readonly candidates: readonly ExplainedCandidate[];
}

export interface ExplainedCandidate {
  readonly pop: string;
  readonly city: string;
  /** Undefined: nobody knows where the client is. */
  readonly distanceKm: number | undefined;
  readonly up: boolean;
  readonly drained: boolean;
  readonly capacity: number;
  /** Share of its clients that go elsewhere, for its load. */
  readonly moving: number;
  /** Why it could not be chosen; undefined: it could. */
  readonly excluded: string | undefined;
}

/** @returns what is wrong with the question, or its explanation. */
export function explain(
  zones: Zones,
  director: Director,
  question: { readonly name: string; readonly type: string; readonly client: string },
): Explanation | string {
  const name = nameOf(question.name);
  const type = typeOf(question.type);
  const address = parseIp(plainAddress(question.client));
  if (name === null) return `${JSON.stringify(question.name)} is no name`;
  if (type === undefined) return `${JSON.stringify(question.type)} is no type of records`;
  if (address === null) return `${JSON.stringify(question.client)} is no address`;
  const client = new ClientAddress();
  client.set(formatIp(address));
  const found = zones.lookUp(foldName(name), type);
  const network = director.networkOf(client);
  const { steered } = found;
  const family =
    type === recordTypes.A ? Family.ip4 : type === recordTypes.AAAA ? Family.ip6 : Family.any;
  const decision =
    steered === undefined ? undefined : director.choose(steered.rule, family, network);
  const body = makeAnswer(foldName(name), type, found, decision?.choice);
  const statics = found.answers.flatMap(({ owner, set }) =>
    set.data.map((data) =>
      [nameText(owner), set.ttlSeconds, typeName(set.type), recordDataText(data)].join(' '),
    ),
  );
  const given = (decision?.choice.pops ?? []).flatMap((pop) =>
    pop.addresses
      .filter((each) => family === Family.any || isIp6(each) === (family === Family.ip6))
      .map((each) =>
        [nameText(steered!.owner), steered!.rule.ttlSeconds, typeName(type), each].join(' '),
      ),
  );
  return {
    name: nameText(name),
    type: typeName(type),
    client: formatIp(address),
    rcode: rcodeNames.get(body.rcode) ?? `${body.rcode}`,
    zone: found.zone === undefined ? undefined : nameText(found.zone.name),
    answers: [...statics, ...given],
    steering:
      steered === undefined || decision === undefined
        ? undefined
        : {
            rule: steered.rule.name,
            place: network.place,
            reason: decision.reason,
            scopeBits: decision.scopeBits,
            chosen: decision.choice.pops.map((pop) => pop.name),
            candidates: candidatesFor(director, steered.rule, family, network.place),
          },
  };
}

function candidatesFor(
  director: Director,
  rule: Parameters<Director['candidatesFor']>[0],
  family: Family,
  { latitude, longitude }: Place,
): ExplainedCandidate[] {
  const eligible = new Set(director.candidatesFor(rule, family).pops.map(({ pop }) => pop.name));
  const { regions } = rule;
  const all = director.states().map(({ pop, up, moving }): ExplainedCandidate => {
    const { name, city, drained, capacity } = pop;
    const km =
      latitude === undefined || longitude === undefined
        ? undefined
        : Math.round(distanceKm({ latitude, longitude }, pop));
    const why =
      regions.length > 0 && !regions.includes(pop.region)
        ? 'its region is none of the rule’s'
        : !up
          ? 'it is down'
          : drained
            ? 'it is drained'
            : capacity === 0
              ? 'it has no capacity'
              : 'it has no address of this family';
    const excluded = eligible.has(name) ? undefined : why;
    return { pop: name, city, distanceKm: km, up, drained, capacity, moving, excluded };
  });
  return all.toSorted((a, b) => (a.distanceKm ?? 0) - (b.distanceKm ?? 0));
}
