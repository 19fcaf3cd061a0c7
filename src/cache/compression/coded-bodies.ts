/**
 * The codings of one stored response: what may be made of it, what is not worth it, and the bodies that were made, in
 * the memory of the store.
 *
 * Invariants: what bodies take is counted as long as they are there; they leave with their response. A coding is
 * `notMade` from the beginning of its making on; when that went well it is `made` instead.
 */
import type { ObjectMemory } from '../objects/object-memory.ts';
import { Pieces } from '../objects/pieces.ts';
import type { Attached } from '../objects/stored-response.ts';
import type { Coding } from '../policy/index.ts';
import type { BodySource } from '../ranges/index.ts';
import type { CodingsAtHand } from './choose-coding.ts';
import type { CompressionSettings } from './settings.ts';

/** What a made body takes of the heap beside its blocks. */
const HEAP_BYTES = 400;

/** A body that was made. */
export class CodedBody implements BodySource {
  readonly coding: Coding;
  private readonly pieces: Pieces;
  private readonly memory: ObjectMemory;

  constructor(coding: Coding, bytes: number, memory: ObjectMemory) {
    this.coding = coding;
    this.memory = memory;
    this.pieces = new Pieces(memory, bytes);
    memory.heapBytes += HEAP_BYTES;
  }

  get bytes(): number {
    return this.pieces.bytes;
  }

  /** False: there is no memory for all of them. */
  append(bytes: Buffer): boolean {
    return this.pieces.append(bytes);
  }

  piece(from: number, to: number): Buffer {
    return this.pieces.view(from, to);
  }

  free(): void {
    this.pieces.free();
    this.memory.heapBytes -= HEAP_BYTES;
  }
}

export class CodedBodies implements CodingsAtHand, Attached {
  /** What holds for it. */
  rule: CompressionSettings;
  readonly original: Coding;
  convertible: boolean;
  readonly made: Coding[] = [];
  readonly notMade: Coding[] = [];
  private readonly bodies: CodedBody[] = [];
  private readonly waiting = new Map<Coding, ((made: boolean) => void)[]>();

  constructor(rule: CompressionSettings, original: Coding, convertible: boolean) {
    this.rule = rule;
    this.original = original;
    this.convertible = convertible;
  }

  get bytes(): number {
    return this.bodies.reduce((sum, { bytes }) => sum + bytes + HEAP_BYTES, 0);
  }

  bodyOf(coding: Coding): CodedBody | undefined {
    return this.bodies.find((body) => body.coding === coding);
  }

  /** The settings have changed: what was made stays, what was not worth it may be by now. */
  follow(rule: CompressionSettings, convertible: boolean): void {
    this.rule = rule;
    this.convertible = convertible;
    this.notMade.splice(0, Number.POSITIVE_INFINITY, ...this.waiting.keys());
  }

  begin(coding: Coding): void {
    this.notMade.push(coding);
    this.waiting.set(coding, []);
  }

  /** False: it is not being made, and `then` will not be called. */
  whenMade(coding: Coding, then: (made: boolean) => void): boolean {
    const waiting = this.waiting.get(coding);
    waiting?.push(then);
    return waiting !== undefined;
  }

  /** @param body null: nothing came of it, and nothing will. */
  settle(coding: Coding, body: CodedBody | null): void {
    if (body !== null) {
      this.bodies.push(body);
      this.made.push(coding);
      this.notMade.splice(this.notMade.indexOf(coding), 1);
    }
    // Those who have waited look again, and must not wait for the same.
    const waiting = this.waiting.get(coding) ?? [];
    this.waiting.delete(coding);
    for (const then of waiting) then(body !== null);
  }

  free(): void {
    for (const body of this.bodies.splice(0)) body.free();
    this.made.length = 0;
  }
}
