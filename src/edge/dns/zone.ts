/**
 * A zone made ready for look-ups (RFC 1034 section 4.3.2).
 *
 * Invariants: every name between a record and the zone's own is a node, so that names without records of their own are
 * known to exist (RFC 4592 section 2.2.2); each node knows the delegation that it lies under and the wildcard below it.
 * Immutable: a change makes a new one.
 */
import {
  type DnsName,
  foldName,
  nameOf,
  parentOf,
  type RecordData,
  type StartOfAuthority,
  typeNumber,
} from '../../core/wire/index.ts';
import type { SteeredSettings, ZoneSettings } from './dns-fields.ts';
import { parseZoneLine } from './zone-text.ts';

/** All records of one name and type. */
export interface RecordSet {
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: readonly RecordData[];
}

/** What PoPs answer a name, and how. */
export interface SteeringRule {
  readonly name: string;
  readonly regions: readonly string[];
  readonly ttlSeconds: number;
  readonly alpn: readonly string[];
}

/** With the name that has them. */
export interface OwnedSet {
  readonly owner: DnsName;
  readonly set: RecordSet;
}

export interface ZoneNode {
  /** In lower case. */
  readonly name: DnsName;
  readonly sets: ReadonlyMap<number, RecordSet>;
  readonly rule: SteeringRule | undefined;
  /** The node where another zone begins: this one or one above it. */
  readonly cut: ZoneNode | undefined;
  /** The node `*` below it. */
  readonly wildcard: ZoneNode | undefined;
}

export interface Zone {
  readonly name: DnsName;
  readonly soa: RecordSet & { readonly data: readonly [StartOfAuthority] };
  /** The same for negative answers. */
  readonly soaSet: readonly OwnedSet[];
  readonly nodes: ReadonlyMap<DnsName, ZoneNode>;
  /** The node of the zone's own name. */
  readonly apex: ZoneNode;
  readonly rules: readonly SteeringRule[];
  /**
   * TXT records set while the program runs. They are no nodes: a name that a wildcard answers must stay so while a
   * challenge for it stands below.
   */
  readonly texts: ReadonlyMap<DnsName, RecordSet>;
  /** Their names and all between them and the zone's own, which exist thereby. */
  readonly textNames: ReadonlySet<DnsName>;
}

/** Texts set while the program runs, by name in lower case. */
export type RuntimeTexts = ReadonlyMap<DnsName, readonly string[]>;

/** They are for certificates (RFC 8555), which are checked at once. */
const runtimeTtlSeconds = 1;
const nsType = 2;

interface Draft {
  name: DnsName;
  sets: Map<number, RecordSet>;
  rule: SteeringRule | undefined;
  cut: Draft | undefined;
  wildcard: Draft | undefined;
}

/** @param settings without conflicts. @param texts those within the zone. */
export function makeZone(settings: ZoneSettings, texts: RuntimeTexts = new Map()): Zone {
  const name = zoneName(settings)!;
  const nodes = new Map<DnsName, Draft>();
  const soa = startOfAuthority(settings, name);
  const apex = nodeAt(nodes, name, name);
  apex.sets.set(soa.type, soa);
  const ttlSeconds = seconds(settings.ttlMs);
  const servers = settings.nameServers.map(
    (server): RecordData => ({ type: 'NS', target: nameOf(server, name)! }),
  );
  apex.sets.set(nsType, { type: nsType, ttlSeconds, data: servers });
  for (const line of settings.records) {
    const parsed = parseZoneLine(line, name);
    if (typeof parsed === 'string') continue;
    add(nodeAt(nodes, parsed.owner, name), parsed.data, parsed.ttlSeconds ?? ttlSeconds);
  }
  const rules = settings.steered.map(ruleOf);
  settings.steered.forEach(({ hosts }, at) => {
    for (const host of hosts) {
      nodeAt(nodes, foldName(nameOf(host, name)!), name).rule = rules[at];
    }
  });
  for (const node of nodes.values()) {
    node.cut = cutAbove(nodes, node, name);
    if (node.name.startsWith('\x01*')) {
      const below = nodes.get(parentOf(node.name));
      if (below !== undefined && node !== below) below.wildcard = node;
    }
  }
  const textNames = new Set<DnsName>();
  for (const owner of texts.keys()) {
    for (let at = owner; at !== name; at = parentOf(at)) textNames.add(at);
  }
  const textSets = new Map([...texts].map(([owner, values]) => [owner, textSet(values)]));
  const soaSet = [{ owner: name, set: soa }];
  return { name, soa, soaSet, nodes, apex, rules, texts: textSets, textNames };
}

/** The zone's name in lower case; null: it is no name. */
export function zoneName({ zone }: { readonly zone: string }): DnsName | null {
  const name = nameOf(zone);
  return name === null ? null : foldName(name);
}

export function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

function textSet(values: readonly string[]): RecordSet {
  const data = values.map((value): RecordData => ({ type: 'TXT', texts: pieces(value) }));
  return { type: 16, ttlSeconds: runtimeTtlSeconds, data };
}

/** A text may have 255 octets (RFC 1035 section 3.3), a record several. */
function pieces(value: string): string[] {
  const octets = Buffer.from(value, 'utf8').toString('latin1');
  const found: string[] = [];
  for (let at = 0; at < octets.length; at += 255) found.push(octets.slice(at, at + 255));
  return found.length === 0 ? [''] : found;
}

function ruleOf({ name, regions, ttlMs, alpn }: SteeredSettings): SteeringRule {
  return { name, regions, ttlSeconds: seconds(ttlMs), alpn };
}

/** The node of a name, made with all between it and the zone's own. */
function nodeAt(nodes: Map<DnsName, Draft>, name: DnsName, zone: DnsName): Draft {
  const known = nodes.get(name);
  if (known !== undefined) return known;
  const node: Draft = {
    ...{ name, sets: new Map(), rule: undefined },
    ...{ cut: undefined, wildcard: undefined },
  };
  nodes.set(name, node);
  if (name !== zone) nodeAt(nodes, parentOf(name), zone);
  return node;
}

/** Records of one set have one TTL (RFC 2181 section 5.2): the shortest given. */
function add(node: Draft, data: RecordData, ttlSeconds: number): void {
  const type = typeNumber(data);
  const before = node.sets.get(type);
  node.sets.set(type, {
    type,
    ttlSeconds: Math.min(ttlSeconds, before?.ttlSeconds ?? ttlSeconds),
    data: [...(before?.data ?? []), data],
  });
}

/** The topmost delegation at or above a node. */
function cutAbove(nodes: Map<DnsName, Draft>, node: Draft, zone: DnsName): Draft | undefined {
  let cut: Draft | undefined;
  for (let name = node.name; name !== zone; name = parentOf(name)) {
    const above = nodes.get(name);
    if (above?.sets.has(nsType)) cut = above;
  }
  return cut;
}

function startOfAuthority(settings: ZoneSettings, name: DnsName): Zone['soa'] {
  const negativeSeconds = seconds(settings.negativeTtlMs);
  const data: StartOfAuthority = {
    type: 'SOA',
    primary: nameOf(settings.nameServers[0]!, name)!,
    contact: nameOf(settings.contact, name)!,
    serial: settings.serial,
    refreshSeconds: seconds(settings.refreshMs),
    retrySeconds: seconds(settings.retryMs),
    expireSeconds: seconds(settings.expireMs),
    negativeSeconds,
  };
  // RFC 2308 section 3: with this TTL it goes along with negative answers.
  return { type: 6, ttlSeconds: negativeSeconds, data: [data] };
}
