/**
 * Finds the answer to a question, ready made where it can be. Hot: bench/edge-dns.ts.
 *
 * Invariants: what is kept is bounded, and void as a whole when zones or PoPs change. Names that do not exist are not
 * kept: whoever asks for made-up ones fills no memory.
 */
import { type QueryReader, rcodes, recordTypes } from '../../core/wire/index.ts';
import { Recent } from '../geo/index.ts';
import { type AnswerBody, errorAnswer, makeAnswer } from './answer-maker.ts';
import type { DnsCounts } from './counts.ts';
import { type ClientNetwork, type Decision, type Director, Family } from './director.ts';
import { limits } from './limits.ts';
import { type LookedUp, Zones } from './lookup.ts';
import { mix } from './steering.ts';
import type { SteeringRule, Zone } from './zone.ts';

/** What is kept of a question. */
export interface KeptAnswer {
  readonly name: Buffer;
  readonly type: number;
  /** 32 bits: answers of one source are alike to the limit of rates. */
  readonly kind: number;
  readonly isError: boolean;
  /** Undefined: it differs by `choice`. */
  readonly body: AnswerBody | undefined;
  readonly rule: SteeringRule | undefined;
  readonly family: Family;
  readonly found: LookedUp;
  /** By the choice's id. */
  readonly bodies: (AnswerBody | undefined)[];
}

export class Answers {
  zones: Zones = new Zones([]);
  private readonly director: Director;
  private readonly counts: DnsCounts;
  private generation = 0;
  /** Of names that do not exist, by zone and the length of what stands before it: they are all alike. */
  private readonly missing = new Map<Zone, (AnswerBody | undefined)[]>();
  /**
   * Of rules, by family and length of the name, and by the choice's id: names that are steered themselves are alike but
   * for where pointers to their zone lead.
   */
  private readonly ofRules = new Map<SteeringRule, (AnswerBody | undefined)[][]>();
  private readonly kept = new Recent<number, KeptAnswer>(limits.answersHalf);

  constructor(director: Director, counts: DnsCounts) {
    this.director = director;
    this.counts = counts;
  }

  apply(zones: Zones): void {
    this.zones = zones;
    this.forget();
  }

  /** @param query read, of class IN, no transfer. */
  find(query: QueryReader): KeptAnswer {
    if (this.generation !== this.director.generation) {
      this.generation = this.director.generation;
      this.forget();
    }
    const key = (query.nameHash ^ Math.imul(query.type, 0x9e3779b1)) | 0;
    const known = this.kept.get(key);
    if (known !== undefined && isOf(known, query)) return known;
    const made = this.make(query);
    if (made.found.rcode === rcodes.noError) this.kept.set(key, made);
    return made;
  }

  /** The bytes of a steered answer for what was decided. */
  bodyFor(kept: KeptAnswer, { choice }: Decision): AnswerBody {
    const ready = kept.bodies[choice.id];
    if (ready !== undefined) return ready;
    this.counts.built++;
    const name = kept.name.toString('latin1');
    const body = makeAnswer(name, kept.type, kept.found, choice);
    kept.bodies[choice.id] = body;
    return body;
  }

  decide(kept: KeptAnswer, network: ClientNetwork): Decision {
    return this.director.choose(kept.rule!, kept.family, network);
  }

  private forget(): void {
    this.kept.clear();
    this.missing.clear();
    this.ofRules.clear();
  }

  private make(query: QueryReader): KeptAnswer {
    const { type, nameLength } = query;
    const name = query.name.toString('latin1', 0, nameLength);
    const found = this.zones.lookUp(name, type);
    const rule = found.steered?.rule;
    const isError = found.rcode !== rcodes.noError;
    const family =
      type === recordTypes.A ? Family.ip4 : type === recordTypes.AAAA ? Family.ip6 : Family.any;
    const isDirect = rule !== undefined && found.answers.length === 0;
    return {
      // Errors are not kept, so nobody compares it.
      name: isError ? noName : Buffer.from(name, 'latin1'),
      type,
      kind: kindOf(found, type),
      isError,
      body: rule === undefined ? this.staticBody(name, type, found) : undefined,
      rule,
      family,
      found,
      bodies: isDirect ? this.bodiesOf(rule, family, nameLength) : [],
    };
  }

  private staticBody(name: string, type: number, found: LookedUp): AnswerBody {
    const { zone } = found;
    if (zone === undefined) return refused;
    const isMissing = found.rcode === rcodes.nameError && found.answers.length === 0;
    if (!isMissing) {
      this.counts.built++;
      return makeAnswer(name, type, found, undefined);
    }
    const before = name.length - zone.name.length;
    const bodies = this.missing.get(zone) ?? [];
    this.missing.set(zone, bodies);
    const ready = bodies[before];
    if (ready !== undefined) return ready;
    this.counts.built++;
    // Pointers must lead to the zone's name and to nothing before it.
    const body = makeAnswer(filler(before) + zone.name, type, found, undefined);
    bodies[before] = body;
    return body;
  }

  private bodiesOf(
    rule: SteeringRule,
    family: Family,
    nameLength: number,
  ): (AnswerBody | undefined)[] {
    const lists = this.ofRules.get(rule) ?? [];
    this.ofRules.set(rule, lists);
    const at = family * NAME_LENGTHS + nameLength;
    lists[at] ??= [];
    return lists[at];
  }
}

const noName = Buffer.alloc(0);
/** RFC 1035 section 3.1: 255 octets at most. */
const NAME_LENGTHS = 256;

/** Labels that no name of a zone ends with, `octets` long. */
function filler(octets: number): string {
  let labels = '';
  while (labels.length < octets) {
    const left = octets - labels.length;
    // A label takes two octets at least.
    const length = left > 64 ? Math.min(64, left - 2) : left;
    labels += String.fromCharCode(length - 1) + '\xff'.repeat(length - 1);
  }
  return labels;
}

const refused = errorAnswer(rcodes.refused);

function isOf(kept: KeptAnswer, query: QueryReader): boolean {
  const { name } = kept;
  const length = query.nameLength;
  if (kept.type !== query.type || name.length !== length) return false;
  const asked = query.name;
  for (let at = 0; at < length; at++) if (name[at] !== asked[at]) return false;
  return true;
}

/** Errors of one zone are alike whatever was asked, other answers by name and type. */
function kindOf({ rcode, source }: LookedUp, type: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < source.length; at++) {
    hash = Math.imul(hash ^ source.charCodeAt(at), 0x01000193);
  }
  return mix(hash, rcode === rcodes.noError ? type : 0x10000 + rcode);
}
