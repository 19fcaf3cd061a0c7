/**
 * Which purges there were, so that nothing purged is ever served, however many responses a purge names.
 *
 * A purge only writes down its sequence beside what it names. Whoever is about to use a stored response asks for
 * the purges behind the sequence that the response was compared with last, and then notes the new one; a fetch is as
 * old as its beginning. A sweeper takes away what nobody asks for.
 *
 * Invariants: a purge costs the same whatever it names; the sequence only grows; no purge is ever forgotten. All
 * tables are bounded: what is oldest is folded into something coarser (a tag or a URL into its hash, a prefix into
 * its host), which names too much and never too little.
 */
import { urlOfKey } from '../key/index.ts';
import { NamedMarks } from './named-marks.ts';
import type { Purge, PurgeVerdict } from './purge.ts';
import { TagTable } from './tag-table.ts';

export interface LedgerLimits {
  /** Tags known by name: those of stored responses, and purged ones. */
  readonly tagsMax: number;
  readonly urlsMax: number;
  readonly hostsMax: number;
  /** Letters of all tags, and of all URLs, that are known by name and that nothing stored bears. */
  readonly tagBytesMax: number;
  readonly urlBytesMax: number;
  readonly prefixesMax: number;
  /** Places for what is known by its hash only, a power of two. */
  readonly tagSlots: number;
  readonly urlSlots: number;
  readonly hostSlots: number;
}

export const LEDGER_LIMITS: LedgerLimits = {
  tagsMax: 524_288,
  urlsMax: 16_384,
  hostsMax: 1024,
  tagBytesMax: 16 * 1024 * 1024,
  urlBytesMax: 4 * 1024 * 1024,
  prefixesMax: 256,
  tagSlots: 131_072,
  urlSlots: 65_536,
  hostSlots: 4096,
};

/** Limits for a cache with so much memory: the ledger takes a small part of it. */
export function ledgerLimitsFor(memoryBytes: number): LedgerLimits {
  const tagsMax = Math.min(LEDGER_LIMITS.tagsMax, Math.max(4096, Math.floor(memoryBytes / 2048)));
  return {
    ...LEDGER_LIMITS,
    tagsMax,
    tagBytesMax: Math.min(LEDGER_LIMITS.tagBytesMax, memoryBytes / 32),
    urlBytesMax: Math.min(LEDGER_LIMITS.urlBytesMax, memoryBytes / 64),
  };
}

interface PrefixPurge {
  readonly prefix: string;
  readonly seq: number;
  readonly soft: boolean;
}

export class PurgeLedger {
  /**
   * Until this moment, wall milliseconds, all purges there are stand here; what is stored must be asked about behind
   * it, as somebody may have purged it without our knowledge. Read on every hit.
   */
  completeUntilMs: number = Number.POSITIVE_INFINITY;
  private last = 0;
  private allHard = 0;
  private allSoft = 0;
  private readonly prefixesMax: number;
  /** The oldest first. */
  private readonly prefixes: PrefixPurge[] = [];
  private readonly urls: NamedMarks;
  private readonly hosts: NamedMarks;
  private readonly tags: TagTable;

  constructor(limits: LedgerLimits = LEDGER_LIMITS) {
    this.prefixesMax = limits.prefixesMax;
    this.urls = new NamedMarks(limits.urlsMax, limits.urlBytesMax, limits.urlSlots);
    this.hosts = new NamedMarks(limits.hostsMax, limits.urlBytesMax, limits.hostSlots);
    this.tags = new TagTable(limits.tagsMax, limits.tagBytesMax, limits.tagSlots);
  }

  /** The sequence of the last purge; 0 before the first one. */
  get seq(): number {
    return this.last;
  }

  /** About what it takes of memory. */
  get bytes(): number {
    return this.tags.bytes + this.urls.bytes + this.hosts.bytes + this.prefixes.length * 200;
  }

  /** What is known by name. */
  get sizes(): { readonly tags: number; readonly urls: number; readonly prefixes: number } {
    return { tags: this.tags.size, urls: this.urls.size, prefixes: this.prefixes.length };
  }

  /** The number of a tag. Valid until others are asked for, unless it is retained: `retainTags` does both. */
  tagId(tag: string): number {
    return this.tags.idOf(tag);
  }

  /** The tag of a number, for people; undefined when many tags share the number. */
  tagName(id: number): string | undefined {
    return this.tags.nameOf(id);
  }

  /** Numbers of the tags of a response that is to be stored; `release` gives them back. */
  retainTags(tags: readonly string[]): readonly number[] {
    if (tags.length === 0) return NONE;
    return tags.map((tag) => {
      const id = this.tags.idOf(tag);
      this.tags.retain(id);
      return id;
    });
  }

  retain(ids: readonly number[]): void {
    for (const id of ids) this.tags.retain(id);
  }

  release(ids: readonly number[]): void {
    for (const id of ids) this.tags.release(id);
  }

  /** How many stored responses bear a tag; those that came when the table was full are not counted. */
  usesOfTag(tag: string): number {
    return this.tags.usesOf(tag);
  }

  /** Purges, and gives the sequence: what is stored, or was asked for, before it and is named by it is not used. */
  purge(what: Purge): number {
    this.last++;
    this.apply(what, this.last);
    return this.last;
  }

  /** Takes over a purge of an earlier process; in any order, before anything is stored. */
  restore(what: Purge, seq: number): void {
    this.last = Math.max(this.last, seq);
    this.apply(what, seq);
  }

  /** Purges of earlier processes came this far, whether they are still known or not. */
  advance(seq: number): void {
    this.last = Math.max(this.last, seq);
  }

  /**
   * What purges behind `seq` say of something that is stored under a key with tags; undefined: nothing, and it has
   * now been compared with all of them.
   */
  verdictOn(key: string, tags: readonly number[], seq: number): PurgeVerdict | undefined {
    if (seq >= this.last) return undefined;
    if (this.allHard > seq) return 'hard';
    let isSoft = this.allSoft > seq;
    if (this.tags.newest > seq) {
      for (let i = 0; i < tags.length; i++) {
        const verdict = this.tags.verdictOn(tags[i]!, seq);
        if (verdict === 'hard') return verdict;
        if (verdict === 'soft') isSoft = true;
      }
    }
    const verdict = this.verdictOnUrl(urlOfKey(key), seq);
    return verdict ?? (isSoft ? 'soft' : undefined);
  }

  /**
   * Whether a purge behind `seq` may name something under a key of which the tags are not known yet: then any purge
   * by tag may.
   */
  mayName(key: string, seq: number): boolean {
    return this.tags.newest > seq || this.verdictOn(key, NONE, seq) !== undefined;
  }

  private verdictOnUrl(url: string, seq: number): PurgeVerdict | undefined {
    const ofUrl = this.urls.verdictOn(url, seq);
    if (ofUrl === 'hard') return ofUrl;
    const ofHost = this.hosts.newest > seq ? this.hosts.verdictOn(hostOfUrl(url), seq) : undefined;
    if (ofHost === 'hard') return ofHost;
    let verdict = ofUrl ?? ofHost;
    for (let i = this.prefixes.length - 1; i >= 0; i--) {
      const purge = this.prefixes[i]!;
      if (purge.seq <= seq) break;
      if (!url.startsWith(purge.prefix)) continue;
      if (!purge.soft) return 'hard';
      verdict = 'soft';
    }
    return verdict;
  }

  private apply({ kind, value, soft }: Purge, seq: number): void {
    switch (kind) {
      case 'url':
        this.urls.mark(value, seq, soft);
        return;
      case 'host':
        this.hosts.mark(value, seq, soft);
        return;
      case 'tag':
        this.tags.mark(value, seq, soft);
        return;
      case 'prefix':
        this.addPrefix({ prefix: value, seq, soft });
        return;
      case 'all':
        if (soft) this.allSoft = Math.max(this.allSoft, seq);
        else this.allHard = Math.max(this.allHard, seq);
        return;
    }
  }

  private addPrefix(purge: PrefixPurge): void {
    const { prefixes } = this;
    // An earlier one of the same prefix says no more, unless it forgets what this one makes stale.
    const earlier = prefixes.findIndex(
      ({ prefix, seq, soft }) => prefix === purge.prefix && seq <= purge.seq && soft === purge.soft,
    );
    if (earlier !== -1) prefixes.splice(earlier, 1);
    let at = prefixes.length;
    while (at > 0 && prefixes[at - 1]!.seq > purge.seq) at--;
    prefixes.splice(at, 0, purge);
    if (prefixes.length <= this.prefixesMax) return;
    const oldest = prefixes.shift() as PrefixPurge;
    this.hosts.mark(hostOfUrl(oldest.prefix), oldest.seq, oldest.soft);
  }
}

/** The host of a URL as keys have it, without its port and the dot of the root that some write behind it. */
export function hostOfUrl(url: string): string {
  const start = url.indexOf('://') + 3;
  const slash = url.indexOf('/', start);
  const authority = slash === -1 ? url.slice(start) : url.slice(start, slash);
  const colon = authority.lastIndexOf(':');
  // Colons of an address stand in its brackets.
  const host = colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority;
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

const NONE: readonly number[] = [];
