/**
 * What a question's answer is, but for which PoP: RFC 1034 section 4.3.2, wildcards of RFC 4592, negative answers of
 * RFC 2308, aliases within our zones. Pure.
 */
import {
  type DnsName,
  foldName,
  isWithin,
  metaTypes,
  parentOf,
  ROOT,
  rcodes,
  recordTypes,
} from '../../core/wire/index.ts';
import { limits } from './limits.ts';
import type { OwnedSet, RecordSet, SteeringRule, Zone, ZoneNode } from './zone.ts';

export interface LookedUp {
  readonly rcode: number;
  readonly authoritative: boolean;
  /** The zone of the question; undefined: none of ours. */
  readonly zone: Zone | undefined;
  /** What makes answers alike: the node, the wildcard, the delegation or the zone that they are from. */
  readonly source: DnsName;
  readonly answers: readonly OwnedSet[];
  /** What PoPs answer goes behind the answers. */
  readonly steered: { readonly owner: DnsName; readonly rule: SteeringRule } | undefined;
  readonly authorities: readonly OwnedSet[];
  readonly additionals: readonly OwnedSet[];
}

/** DS (RFC 4034), which stands with the zone above. */
const dsType = 43;
const addressTypes = [recordTypes.A, recordTypes.AAAA];

export class Zones {
  readonly list: readonly Zone[];
  private readonly byName: ReadonlyMap<DnsName, Zone>;
  /** Zones that have no other one within them. */
  private readonly innermost: ReadonlySet<Zone>;
  /** One of these, found last: floods of made-up names are of one zone. */
  private last: Zone | undefined;

  constructor(list: readonly Zone[]) {
    this.list = list;
    this.byName = new Map(list.map((zone) => [zone.name, zone]));
    const outer = new Set(
      list.map(({ name }) => (name === ROOT ? undefined : this.search(parentOf(name)))),
    );
    this.innermost = new Set(list.filter((zone) => !outer.has(zone)));
  }

  /** The zone that a name is in: of nested ones the inner. @param name in lower case. */
  zoneOf(name: DnsName): Zone | undefined {
    const { last } = this;
    if (last !== undefined && isWithin(name, last.name)) return last;
    const zone = this.search(name);
    if (zone !== undefined && this.innermost.has(zone)) this.last = zone;
    return zone;
  }

  private search(name: DnsName): Zone | undefined {
    for (let at = name; ; at = parentOf(at)) {
      const zone = this.byName.get(at);
      if (zone !== undefined || at === ROOT) return zone;
    }
  }

  /** @param name in lower case. @param type not a transfer. */
  lookUp(name: DnsName, type: number): LookedUp {
    // A zone's delegation is answered by the zone above, if that is ours too.
    const parent = type === dsType ? this.zoneOf(parentOf(name)) : undefined;
    const zone = parent ?? this.zoneOf(name);
    if (zone === undefined) return { ...nothing(rcodes.refused, undefined), authoritative: false };
    const answers: OwnedSet[] = [];
    let owner = name;
    let within = zone;
    // Of an alias that leads away.
    let source = zone.name;
    for (let aliases = 0; aliases <= limits.aliasesMax; aliases++) {
      const node = find(within, owner);
      const cut = node.cut;
      if (cut !== undefined && !(type === dsType && cut.name === owner)) {
        // Behind an alias the resolver goes on by itself.
        return answers.length > 0
          ? { ...nothing(rcodes.noError, zone), answers, source }
          : this.referral(zone, cut);
      }
      const texts = type === recordTypes.TXT ? within.texts.get(owner) : undefined;
      if (texts !== undefined) {
        const all = [...answers, { owner, set: texts }];
        return { ...nothing(rcodes.noError, zone), answers: all, source: owner };
      }
      if (node.kind === 'none') {
        const exists = within.textNames.size > 0 && within.textNames.has(owner);
        return negative(
          exists ? rcodes.noError : rcodes.nameError,
          within,
          zone,
          answers,
          zone.name,
        );
      }
      const { found } = node;
      const alias = found.sets.get(recordTypes.CNAME)?.data[0];
      const set = alias === undefined ? undefined : found.sets.get(recordTypes.CNAME);
      if (set === undefined || alias?.type !== 'CNAME' || type === recordTypes.CNAME) {
        return this.atNode(found, { owner, type, answers, within, zone });
      }
      if (answers.length === 0) source = found.name;
      answers.push({ owner, set });
      if (type === metaTypes.ANY) return { ...nothing(rcodes.noError, zone), answers, source };
      owner = foldName(alias.target);
      const next = this.zoneOf(owner);
      if (next === undefined) return { ...nothing(rcodes.noError, zone), answers, source };
      within = next;
    }
    return { ...nothing(rcodes.serverFailure, zone), authoritative: false };
  }

  private atNode(
    node: ZoneNode,
    at: { owner: DnsName; type: number; answers: OwnedSet[]; within: Zone; zone: Zone },
  ): LookedUp {
    const { owner, type, answers, within, zone } = at;
    const ok = { ...nothing(rcodes.noError, zone), answers, source: node.name };
    if (type === metaTypes.ANY && (node.sets.size > 0 || node.rule !== undefined)) {
      return { ...ok, answers: [...answers, { owner, set: minimalAny }] };
    }
    const set = node.sets.get(type);
    if (set !== undefined) return { ...ok, answers: [...answers, { owner, set }] };
    const { rule } = node;
    const isSteered =
      rule !== undefined &&
      (type === recordTypes.A ||
        type === recordTypes.AAAA ||
        (type === recordTypes.HTTPS && rule.alpn.length > 0));
    if (isSteered) return { ...ok, steered: { owner, rule } };
    return negative(rcodes.noError, within, zone, answers, node.name);
  }

  /** RFC 1034 section 4.3.2 step 3b, with the addresses that the zone has for servers within the delegation. */
  private referral(zone: Zone, cut: ZoneNode): LookedUp {
    const set = cut.sets.get(recordTypes.NS)!;
    const additionals = set.data.flatMap((data) => {
      if (data.type !== 'NS') return [];
      const target = foldName(data.target);
      if (!isWithin(target, zone.name)) return [];
      const node = zone.nodes.get(target);
      return addressTypes.flatMap((type) => {
        const glue = node?.sets.get(type);
        return glue === undefined ? [] : [{ owner: target, set: glue }];
      });
    });
    return {
      ...nothing(rcodes.noError, zone),
      authoritative: false,
      source: cut.name,
      authorities: [{ owner: cut.name, set }],
      additionals,
    };
  }
}

/** RFC 8482 section 4.2: who wants everything gets little. */
const minimalAny: RecordSet = {
  type: recordTypes.HINFO,
  ttlSeconds: 3_600,
  data: [{ type: 'HINFO', cpu: 'RFC8482', os: '' }],
};

type Found =
  | { readonly kind: 'node'; readonly found: ZoneNode; readonly cut: ZoneNode | undefined }
  | { readonly kind: 'none'; readonly cut: ZoneNode | undefined };

/** The node of a name: its own, or the wildcard of the closest name that there is (RFC 4592 section 3.3.1). */
function find(zone: Zone, name: DnsName): Found {
  const own = zone.nodes.get(name);
  if (own !== undefined) return { kind: 'node', found: own, cut: own.cut };
  let closest: ZoneNode | undefined;
  for (let at = parentOf(name); closest === undefined; at = parentOf(at)) {
    closest = at === zone.name ? zone.apex : zone.nodes.get(at);
  }
  const { cut, wildcard } = closest;
  if (cut !== undefined || wildcard === undefined) return { kind: 'none', cut };
  return { kind: 'node', found: wildcard, cut: undefined };
}

function nothing(rcode: number, zone: Zone | undefined): LookedUp {
  return {
    ...{ rcode, authoritative: true, zone, source: zone?.name ?? ROOT, answers: [] },
    ...{ steered: undefined, authorities: [], additionals: [] },
  };
}

/** RFC 2308 section 2: with the SOA of the zone that has nothing. */
function negative(
  rcode: number,
  within: Zone,
  zone: Zone,
  answers: readonly OwnedSet[],
  source: DnsName,
): LookedUp {
  return {
    rcode,
    authoritative: true,
    zone,
    source,
    answers,
    steered: undefined,
    authorities: within.soaSet,
    additionals: none,
  };
}

const none: readonly OwnedSet[] = [];
