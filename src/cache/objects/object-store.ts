/**
 * Stored responses by key, within a limit of memory: what is worth least leaves when there is no room (S3-FIFO).
 *
 *     awake: objects ──not asked for lately──▶ asleep: records outside the heap (sleepers.ts)
 *        ▲                                        │
 *        └──────────── asked for ─────────────────┘
 *
 * Invariants: every response that is linked to a resource stands in the eviction queue, and the other way round; what
 * objects cost is counted when they come and taken off when they leave. All variants of a resource are awake or all are
 * asleep. Responses fall asleep in `rest` only, so that nobody loses one in the middle of a turn.
 */
import { hashBytes } from '../../core/base/index.ts';
import type { Address } from '../../core/memory/index.ts';
import type { Slot } from '../eviction/queue.ts';
import { S3Fifo } from '../eviction/s3-fifo.ts';
import {
  AWAKE_MAX,
  BYTES_PER_AWAKE,
  NEW_SHARE,
  PARTS_PER_RESOURCE_MAX,
  VARIANTS_MAX,
} from '../limits.ts';
import { OBJECT_HEAP_BYTES, ObjectMemory } from './object-memory.ts';
import { type PassMark, Resource, Space } from './resource.ts';
import { RestingRing } from './resting-ring.ts';
import { Sleepers } from './sleepers.ts';
import { SleepingResponse } from './sleeping-response.ts';
import { StoredResponse } from './stored-response.ts';

/** The number of a tag in a list. */
const TAG_NUMBER_BYTES = 8;
/** A mark that says to pass by, with its resource: heap only. */
const PASS_MARK_BYTES = 400;
/** Resources that one call of `rest` looks at: about 200 µs. */
const REST_STEPS = 256;

/** Keys asked for lately while they slept, by their hash: a power of two. */
const PEEKED_SLOTS = 4096;

/** For the bytes of a key. */
let scratch: Buffer = Buffer.allocUnsafeSlow(1024);

/** @param evicted it leaves for lack of room; else it is not to be used again. */
export type OnLeaving = (stored: StoredResponse, evicted: boolean) => void;

export interface ObjectStoreOptions {
  /** For everything that stored responses cost, heap included. */
  readonly bytesMax: number;
  /** Of the process' own, for hashes of keys. */
  readonly hashSeed?: number;
  /** Resources beyond so many fall asleep; by default up to `AWAKE_MAX`, by memory. */
  readonly awakeMax?: number;
  wallMs(): number;
  /** One that was added is in no index any more; its memory is given back behind that. */
  readonly onLeaving: OnLeaving;
}

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
  /** Too many are awake: somebody should call `rest` soon. */
  onCrowded: () => void = () => {};
  private readonly options: ObjectStoreOptions;
  private readonly awakeMax: number;
  private readonly hashSeed: number;
  private readonly spaces = new Map<string, Space>();
  private readonly numbered: Space[] = [];
  private readonly queue = new S3Fifo();
  /** What stands in the queue and is awake. */
  private readonly holders = new Map<Slot, StoredResponse | PassMark>();
  private readonly sleepers: Sleepers;
  /** Awake and asked for once, and those that were asked for again. */
  private readonly fresh = new RestingRing();
  private readonly known = new RestingRing();
  /** What slept and was asked for: when it is asked for again soon, it wakes. */
  private readonly peekedHashes = new Uint32Array(PEEKED_SLOTS);
  private readonly peeked: StoredResponse;
  private evictions = 0;
  private victimAgeSeconds = 0;
  private objects = 0;

  constructor(options: ObjectStoreOptions) {
    this.options = options;
    const awakeMax = Math.min(AWAKE_MAX, Math.floor(options.bytesMax / BYTES_PER_AWAKE));
    this.awakeMax = options.awakeMax ?? awakeMax;
    this.hashSeed = options.hashSeed ?? 0;
    this.memory = new ObjectMemory(options.bytesMax, () => this.evictOne());
    this.sleepers = new Sleepers(this.memory);
    const nowhere = new Resource(new Space('', 0), '', 0);
    nowhere.touches = 1;
    this.peeked = new StoredResponse(nowhere, this.memory);
    this.memory.tableBytes = () => this.queue.tableBytes + this.sleepers.tableBytes;
  }

  get stats(): ObjectStats {
    const { objects, evictions, victimAgeSeconds, memory } = this;
    return { objects, bytes: memory.usedBytes, evictions, victimAgeSeconds };
  }

  /** The space of a route. */
  space(name: string): Space {
    let space = this.spaces.get(name);
    if (space === undefined) {
      space = new Space(name, this.numbered.length);
      this.spaces.set(name, space);
      this.numbered.push(space);
    }
    return space;
  }

  /** What is known under a key; undefined: nothing. */
  find(space: Space, key: string): Resource | undefined {
    const resource = space.awake.get(key);
    if (resource !== undefined || space.asleep === 0) return resource;
    const address = this.sleepers.find(space.number, this.hashOf(space, key), scratch, key.length);
    return address === 0 ? undefined : this.wake(space, address);
  }

  /**
   * The one response under a key, if it sleeps and was not asked for lately, for an answer in this turn: it sleeps on,
   * and whoever gets it may only read it and call `used`. Null: look for the resource.
   */
  peek(space: Space, key: string): StoredResponse | null {
    if (space.asleep === 0) return null;
    const hash = this.hashOf(space, key);
    const { sleepers, peekedHashes, peeked } = this;
    const address = sleepers.find(space.number, hash, scratch, key.length);
    if (address === 0 || sleepers.olderOf(address) !== 0) return null;
    const place = hash & (PEEKED_SLOTS - 1);
    if (peekedHashes[place] === hash) return null;
    peekedHashes[place] = hash;
    sleepers.read(address, peeked);
    peeked.wakeUp();
    return peeked;
  }

  /** The resource of a key; it is known from now on, until `forget` finds that it is empty. */
  resourceOf(space: Space, key: string): Resource {
    const known = this.find(space, key);
    if (known !== undefined) return known;
    // A text that was put together keeps its parts beside it: a copy is one text alone.
    const flat = Buffer.from(key, 'latin1').toString('latin1');
    const resource = new Resource(space, flat, this.hashOf(space, key));
    space.awake.set(flat, resource);
    this.awaitRest(resource);
    return resource;
  }

  /** Lets a resource go about which nothing is known any more. */
  forget(resource: Resource): void {
    const { space, key } = resource;
    if (resource.isEmpty && space.awake.get(key) === resource) space.awake.delete(key);
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
    this.memory.heapBytes += heapOf(stored);
    this.objects++;
    stored.slot = this.queue.add(resource.hash, costOf(stored));
    this.holders.set(stored.slot, stored);
    if (!resource.awaitsRest) this.awaitRest(resource);
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
    const { resource, slot } = stored;
    this.queue.used(slot);
    if (resource.touches > 0) return;
    resource.touches++;
    if (!resource.awaitsRest) this.awaitRest(resource);
  }

  /** Its blocks have changed. */
  resized(stored: StoredResponse): void {
    this.queue.resize(stored.slot, costOf(stored));
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
    const { slot } = stored;
    if (slot === 0) return;
    this.queue.remove(slot);
    this.holders.delete(slot);
    this.drop(stored, false);
  }

  /** Notes that responses to a resource are not stored, so that nobody waits for another one's. */
  markPass(resource: Resource, untilMs: number, why: string): void {
    if (resource.pass === null) {
      const bytes = PASS_MARK_BYTES + resource.key.length;
      const mark = { resource, bytes, slot: this.queue.add(resource.hash, bytes) };
      this.memory.heapBytes += bytes;
      this.holders.set(mark.slot, mark);
      resource.pass = mark;
    }
    resource.passUntilMs = untilMs;
    resource.passReason = why;
  }

  /** Lets go of everything. */
  clear(): void {
    while (this.evictOne());
  }

  /**
   * Lets what was not asked for lately fall asleep, as far as too much is awake: between two turns of the loop only.
   * @returns whether there is more to do.
   */
  rest(): boolean {
    const { fresh, known } = this;
    for (let steps = REST_STEPS; steps > 0 && this.isCrowded; steps--) {
      const resource = (fresh.size > this.freshMax ? fresh : known).shift();
      resource.awaitsRest = false;
      // Nothing was known about it any more.
      if (resource.space.awake.get(resource.key) !== resource) continue;
      if (resource.touches > 0) {
        resource.touches = 0;
        resource.awaitsRest = true;
        known.push(resource);
      } else if (resource.isAtRest) this.fallAsleep(resource);
      // Else it waits again when it is used again.
    }
    return this.isCrowded;
  }

  private get isCrowded(): boolean {
    return this.fresh.size > this.freshMax || this.known.size > this.awakeMax;
  }

  private get freshMax(): number {
    return Math.ceil(this.awakeMax * NEW_SHARE);
  }

  /** Resources that are awake. */
  *awake(): Generator<Resource> {
    for (const space of this.spaces.values()) yield* space.awake.values();
  }

  /**
   * All responses, one after the other awake, whatever comes and goes meanwhile; a few may be left out then. Who
   * looks at all of them should not hold any of them.
   */
  *responses(): Generator<StoredResponse> {
    for (const resource of this.awake()) yield* responsesOf(resource);
    for (const address of this.sleepers.each()) {
      const resource = this.wakeAt(address);
      yield* responsesOf(resource);
      if (resource.isAtRest) this.fallAsleep(resource);
    }
  }

  /** The same without waking anybody. */
  *swept(): Generator<StoredResponse | SleepingResponse> {
    for (const resource of this.awake()) yield* responsesOf(resource);
    const { sleepers } = this;
    const view = new SleepingResponse(sleepers);
    for (const newest of sleepers.each()) {
      const { changes } = sleepers;
      for (let at: Address = newest; at !== 0; at = sleepers.olderOf(at)) {
        view.address = at;
        yield view;
        // What was done about it has woken it, and its variants with it.
        if (sleepers.changes !== changes) break;
      }
    }
  }

  /** The response behind a record. */
  wakeResponse({ address }: SleepingResponse): StoredResponse {
    const slot = this.sleepers.slotOf(address);
    this.wakeAt(address);
    return this.holders.get(slot) as StoredResponse;
  }

  private wakeAt(address: Address): Resource {
    const { sleepers } = this;
    const space = this.numbered[sleepers.spaceOf(address)] as Space;
    return this.find(space, sleepers.keyOf(address)) as Resource;
  }

  /** @param newest record of the newest variant. */
  private wake(space: Space, newest: Address): Resource {
    const { sleepers, memory } = this;
    sleepers.remove(newest);
    space.asleep--;
    const key = sleepers.keyOf(newest);
    const resource = new Resource(space, key, sleepers.hashOf(newest));
    space.awake.set(key, resource);
    const records: Address[] = [];
    for (let at = newest; at !== 0; at = sleepers.olderOf(at)) records.push(at);
    for (const address of records.reverse()) {
      const stored = new StoredResponse(resource, memory);
      sleepers.read(address, stored);
      stored.wakeUp();
      sleepers.drop(address);
      resource.link(stored);
      memory.heapBytes += heapOf(stored);
      this.queue.own(stored.slot, 0);
      this.queue.resize(stored.slot, costOf(stored));
      this.holders.set(stored.slot, stored);
    }
    resource.touches = -1;
    this.awaitRest(resource);
    return resource;
  }

  private fallAsleep(resource: Resource): void {
    const { sleepers, memory } = this;
    const variants: StoredResponse[] = [];
    for (let at = resource.newest; at !== null; at = at.nextVariant) variants.push(at);
    const records: Address[] = [];
    for (let i = variants.length - 1, older = 0; i >= 0; i--) {
      older = sleepers.write(resource, variants[i]!, older);
      if (older === 0) {
        for (const address of records) sleepers.drop(address);
        return;
      }
      records.unshift(older);
    }
    for (const [i, stored] of variants.entries()) {
      const address = records[i] as Address;
      memory.heapBytes -= heapOf(stored);
      this.queue.own(stored.slot, address);
      this.queue.resize(stored.slot, stored.blockBytes + memory.capacityOf(address));
      this.holders.delete(stored.slot);
      stored.fallAsleep();
    }
    sleepers.insert(records[0] as Address);
    const { space } = resource;
    space.asleep++;
    space.awake.delete(resource.key);
    resource.newest = null;
    resource.variants = 0;
  }

  private awaitRest(resource: Resource): void {
    resource.awaitsRest = true;
    this.fresh.push(resource);
    if (this.isCrowded) this.onCrowded();
  }

  private evictOne(): boolean {
    const slot = this.queue.evict();
    if (slot === 0) return false;
    const record = this.queue.ownedOf(slot);
    if (record !== 0) {
      if (this.sleepers.isAlone(record)) {
        this.evictAsleep(record);
        return true;
      }
      this.wakeAt(record);
    }
    const victim = this.holders.get(slot) as StoredResponse | PassMark;
    this.holders.delete(slot);
    if (victim instanceof StoredResponse) {
      this.noteEviction(victim);
      this.drop(victim, true);
    } else {
      this.forgetMark(victim);
    }
    return true;
  }

  /** The only variant of its resource leaves without being woken. */
  private evictAsleep(address: Address): void {
    const { sleepers, memory } = this;
    const space = this.numbered[sleepers.spaceOf(address)] as Space;
    const resource = new Resource(space, sleepers.keyOf(address), sleepers.hashOf(address));
    const stored = new StoredResponse(resource, memory);
    sleepers.read(address, stored);
    stored.wakeUp();
    stored.slot = 0;
    sleepers.remove(address);
    sleepers.drop(address);
    space.asleep--;
    this.objects--;
    this.noteEviction(stored);
    this.options.onLeaving(stored, true);
    stored.leave();
  }

  private noteEviction({ responseMs }: StoredResponse): void {
    this.evictions++;
    this.victimAgeSeconds += Math.max(0, this.options.wallMs() - responseMs) / 1000;
  }

  private drop(stored: StoredResponse, evicted: boolean): void {
    const { resource } = stored;
    stored.slot = 0;
    resource.unlink(stored);
    this.memory.heapBytes -= heapOf(stored);
    this.objects--;
    this.options.onLeaving(stored, evicted);
    stored.leave();
    this.forget(resource);
  }

  private dropMark(resource: Resource): void {
    const mark = resource.pass as PassMark;
    this.queue.remove(mark.slot);
    this.holders.delete(mark.slot);
    this.forgetMark(mark);
  }

  private forgetMark(mark: PassMark): void {
    this.memory.heapBytes -= mark.bytes;
    mark.resource.pass = null;
    mark.resource.passUntilMs = 0;
    mark.resource.passReason = '';
    this.forget(mark.resource);
  }

  /** The bytes of the key lie in `scratch` behind it. */
  private hashOf(space: Space, key: string): number {
    if (scratch.length < key.length) scratch = Buffer.allocUnsafeSlow(key.length * 2);
    const length = scratch.write(key, 0, 'latin1');
    return hashBytes(scratch, 0, length, this.hashSeed ^ Math.imul(space.number, 0x9e3779b1));
  }
}

function* responsesOf(resource: Resource): Generator<StoredResponse> {
  if (resource.parts !== null) yield* resource.parts;
  let at = resource.newest;
  while (at !== null) {
    const next = at.nextVariant;
    yield at;
    at = next;
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
