/**
 * Stored responses by key, within a limit of memory: what is worth least leaves when there is no room (S3-FIFO).
 *
 * Invariants: every response that is linked to a resource stands in the eviction queue, and the other way round; what
 * objects cost is counted when they come and taken off when they leave.
 */

import { Evictable } from '../eviction/queue.ts';
import { S3Fifo } from '../eviction/s3-fifo.ts';
import { PARTS_PER_RESOURCE_MAX, VARIANTS_MAX } from '../limits.ts';
import { OBJECT_HEAP_BYTES, ObjectMemory } from './object-memory.ts';
import { Resource, Space } from './resource.ts';
import { StoredResponse } from './stored-response.ts';

/** The number of a tag in a list. */
const TAG_NUMBER_BYTES = 8;
/** A mark that says to pass by, with its resource: heap only. */
const PASS_MARK_BYTES = 400;

class PassMark extends Evictable {
  readonly resource: Resource;

  constructor(resource: Resource) {
    super(PASS_MARK_BYTES + resource.key.length, resource.hash);
    this.resource = resource;
  }
}

/** @param evicted it leaves for lack of room; else it is not to be used again. */
export type OnLeaving = (stored: StoredResponse, evicted: boolean) => void;

export interface ObjectStats {
  /** Responses in memory, and what they cost together, bytes. */
  readonly objects: number;
  readonly bytes: number;
  readonly evictions: number;
  /** Sum of the ages of those evicted, seconds. */
  readonly victimAgeSeconds: number;
}

export class ObjectStore {
  readonly memory: ObjectMemory;
  private readonly spaces = new Map<string, Space>();
  private readonly queue = new S3Fifo();
  private readonly wallMs: () => number;
  private readonly onLeaving: OnLeaving;
  private evictions = 0;
  private victimAgeSeconds = 0;
  private objects = 0;

  /**
   * @param bytesMax for everything that stored responses cost, heap included.
   * @param onLeaving one that was added is in no index any more; its memory is given back behind that.
   */
  constructor(bytesMax: number, wallMs: () => number, onLeaving: OnLeaving) {
    this.onLeaving = onLeaving;
    this.memory = new ObjectMemory(bytesMax, () => this.evictOne());
    this.wallMs = wallMs;
  }

  get stats(): ObjectStats {
    const { objects, evictions, victimAgeSeconds, memory } = this;
    return { objects, bytes: memory.usedBytes, evictions, victimAgeSeconds };
  }

  /** The space of a route. */
  space(name: string): Space {
    let space = this.spaces.get(name);
    if (space === undefined) {
      space = new Space(name);
      this.spaces.set(name, space);
    }
    return space;
  }

  /** The resource of a key; it is known from now on, until `forget` finds that it is empty. */
  resourceOf(space: Space, key: string): Resource {
    let resource = space.resources.get(key);
    if (resource === undefined) {
      // A text that was put together keeps its parts beside it: a copy is one text alone.
      const flat = Buffer.from(key, 'latin1').toString('latin1');
      resource = new Resource(space, flat, hashOf(key));
      space.resources.set(flat, resource);
    }
    return resource;
  }

  /** Lets a resource go about which nothing is known any more. */
  forget(resource: Resource): void {
    const { space, key } = resource;
    if (resource.isEmpty && space.resources.get(key) === resource) space.resources.delete(key);
  }

  /** A response that is to come; it stands in no index yet. */
  begin(resource: Resource): StoredResponse {
    return new StoredResponse(resource, this.memory);
  }

  /** Stores a response that is whole in the place of the same variant, or a part beside others. */
  add(stored: StoredResponse): void {
    const { resource } = stored;
    // Linked first: a resource without any response is forgotten.
    resource.link(stored);
    if (stored.partial === null) this.replace(stored);
    else if (resource.parts!.length > PARTS_PER_RESOURCE_MAX) this.remove(resource.parts![0]!);
    stored.bytes = costOf(stored);
    this.memory.heapBytes += heapOf(stored);
    this.objects++;
    this.queue.add(stored);
    if (resource.pass !== null) this.dropMark(resource);
  }

  /** Removes what a response takes the place of. */
  private replace(stored: StoredResponse): void {
    const { resource } = stored;
    for (const part of resource.parts ?? []) {
      if (part.variant === stored.variant) this.remove(part);
    }
    for (let at = stored.nextVariant; at !== null; at = at.nextVariant) {
      if (at.variant === stored.variant && sameNames(at.varyNames, stored.varyNames)) {
        this.remove(at);
        break;
      }
    }
    if (resource.variants > VARIANTS_MAX) this.remove(oldestOf(resource));
  }

  used(stored: StoredResponse): void {
    this.queue.used(stored);
  }

  /** Its blocks have changed. */
  resized(stored: StoredResponse): void {
    this.queue.resize(stored, costOf(stored));
  }

  /** It varies by other fields now. */
  revary(stored: StoredResponse, names: readonly string[], variant: string): void {
    const before = heapOf(stored);
    stored.varyNames = names;
    stored.variant = variant;
    this.memory.heapBytes += heapOf(stored) - before;
  }

  /** Its tags are others now. */
  retag(stored: StoredResponse, tags: readonly number[]): void {
    this.memory.heapBytes += (tags.length - stored.tags.length) * TAG_NUMBER_BYTES;
    stored.tags = tags;
  }

  /** Takes a response out of the index. */
  remove(stored: StoredResponse): void {
    if (stored.queue === null) return;
    this.queue.remove(stored);
    this.drop(stored, false);
  }

  /** Notes that responses to a resource are not stored, so that nobody waits for another one's. */
  markPass(resource: Resource, untilMs: number, why: string): void {
    if (resource.pass === null) {
      resource.pass = new PassMark(resource);
      this.memory.heapBytes += resource.pass.bytes;
      this.queue.add(resource.pass);
    }
    resource.passUntilMs = untilMs;
    resource.passReason = why;
  }

  /** Lets go of everything. */
  clear(): void {
    while (this.evictOne());
  }

  /** All resources. */
  *entries(): Iterable<Resource> {
    for (const space of this.spaces.values()) yield* space.resources.values();
  }

  /** All responses, whatever comes and goes meanwhile; a few may be left out then. */
  *responses(): Generator<StoredResponse> {
    for (const resource of this.entries()) {
      if (resource.parts !== null) yield* resource.parts;
      let at = resource.newest;
      while (at !== null) {
        const next = at.nextVariant;
        yield at;
        at = next;
      }
    }
  }

  private evictOne(): boolean {
    const victim = this.queue.evict();
    if (victim === null) return false;
    if (victim instanceof StoredResponse) {
      this.evictions++;
      this.victimAgeSeconds += Math.max(0, this.wallMs() - victim.responseMs) / 1000;
      this.drop(victim, true);
    } else if (victim instanceof PassMark) {
      this.forgetMark(victim);
    }
    return true;
  }

  private drop(stored: StoredResponse, evicted: boolean): void {
    const { resource } = stored;
    resource.unlink(stored);
    this.memory.heapBytes -= heapOf(stored);
    this.objects--;
    this.onLeaving(stored, evicted);
    stored.leave();
    this.forget(resource);
  }

  private dropMark(resource: Resource): void {
    const mark = resource.pass as PassMark;
    this.queue.remove(mark);
    this.forgetMark(mark);
  }

  private forgetMark(mark: PassMark): void {
    this.memory.heapBytes -= mark.bytes;
    mark.resource.pass = null;
    mark.resource.passUntilMs = 0;
    mark.resource.passReason = '';
    this.forget(mark.resource);
  }
}

function heapOf(stored: StoredResponse): number {
  const { resource, variant, tags } = stored;
  return OBJECT_HEAP_BYTES + resource.key.length + variant.length + tags.length * TAG_NUMBER_BYTES;
}

function costOf(stored: StoredResponse): number {
  return stored.blockBytes + heapOf(stored);
}

function oldestOf(resource: Resource): StoredResponse {
  let at = resource.newest as StoredResponse;
  while (at.nextVariant !== null) at = at.nextVariant;
  return at;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]));
}

/** FNV-1a of the key's UTF-16 units: for the memory of what was evicted only, where a collision costs nothing. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
