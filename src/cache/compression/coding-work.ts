/**
 * Makes codings of stored responses: begun by the first request that would rather have one, for those that come later.
 *
 * Invariant: a response is held while a coding of it is made; what was made of one that has left meanwhile is dropped.
 */
import type { Clock } from '../../core/runtime/index.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { SMALL_BODY_BYTES, type StoredResponse } from '../objects/stored-response.ts';
import type { Coding } from '../policy/index.ts';
import { factsOf, fieldsOf } from '../stage/stored-facts.ts';
import { AcceptedCodings } from './choose-coding.ts';
import { CodedBodies, CodedBody } from './coded-bodies.ts';
import type { Compressed, Compressor } from './compressor.ts';
import { codingOf, whyNotCompressed } from './eligibility.ts';
import { CodingCounts } from './metrics.ts';
import { type CompressionSettings, levelOf, type MadeCoding } from './settings.ts';

/** What is copied into the store in one turn of the loop. */
const COPY_BYTES_MAX = 256 * 1024;

export class CodingWork {
  readonly accepted: AcceptedCodings = new AcceptedCodings();
  readonly counts: CodingCounts = new CodingCounts();
  private readonly compressor: Compressor;
  private readonly objects: ObjectStore;
  private readonly clock: Clock;

  constructor(compressor: Compressor, objects: ObjectStore, clock: Clock) {
    this.compressor = compressor;
    this.objects = objects;
    this.clock = clock;
  }

  /** The codings of a response that is whole. */
  bodiesOf(stored: StoredResponse, rule: CompressionSettings): CodedBodies {
    const { attached } = stored;
    if (attached instanceof CodedBodies) {
      if (attached.rule !== rule) attached.follow(rule, isConvertible(stored, rule));
      return attached;
    }
    const original = codingOf(fieldsOf(stored)) ?? 'identity';
    const bodies = new CodedBodies(rule, original, isConvertible(stored, rule));
    stored.attached = bodies;
    return bodies;
  }

  /** Its fields have changed by a validation. */
  freshened(stored: StoredResponse): void {
    const { attached } = stored;
    if (!(attached instanceof CodedBodies)) return;
    attached.convertible = isConvertible(stored, attached.rule);
  }

  /** Begins to make a coding, if there is room for more work. */
  make(stored: StoredResponse, bodies: CodedBodies, coding: Coding): void {
    const { rule, original } = bodies;
    const body = bodyOf(stored);
    const taken =
      coding === 'identity'
        ? this.compressor.decompress(body, original as MadeCoding, rule.maxBytes)
        : this.compressor.compress(body, coding, levelOf(rule, coding));
    if (taken === 'busy') {
      this.counts.busy++;
      return;
    }
    bodies.begin(coding);
    stored.pin();
    void taken.then((result) => this.keep(stored, bodies, coding, result));
  }

  private keep(
    stored: StoredResponse,
    bodies: CodedBodies,
    coding: Coding,
    result: Compressed,
  ): void {
    if (result.kind !== 'done') {
      this.counts[result.kind === 'no-gain' ? 'noGain' : 'failed']++;
      this.over(stored, bodies, coding, null);
      return;
    }
    const bytes = Buffer.from(result.bytes.buffer, result.bytes.byteOffset, result.bytes.length);
    const body = new CodedBody(coding, bytes.length, this.objects.memory);
    this.copy(bytes, 0, body, (whole) => {
      const wanted = whole && !stored.gone;
      if (wanted) {
        this.counts.made++;
        this.counts.madeBytes += bytes.length;
        this.counts.originalBytes += stored.bodyBytes;
      } else {
        this.counts.failed++;
        body.free();
      }
      this.over(stored, bodies, coding, wanted ? body : null);
    });
  }

  private copy(bytes: Buffer, from: number, body: CodedBody, done: (whole: boolean) => void): void {
    const to = Math.min(bytes.length, from + COPY_BYTES_MAX);
    if (!body.append(bytes.subarray(from, to))) done(false);
    else if (to === bytes.length) done(true);
    else this.clock.nextTurn(() => this.copy(bytes, to, body, done));
  }

  private over(
    stored: StoredResponse,
    bodies: CodedBodies,
    coding: Coding,
    body: CodedBody | null,
  ): void {
    bodies.settle(coding, body);
    if (body !== null && !stored.gone) this.objects.resized(stored);
    stored.unpin();
  }
}

function isConvertible(stored: StoredResponse, rule: CompressionSettings): boolean {
  const { directives } = factsOf(stored);
  const { status, varyNames, bodyBytes } = stored;
  const fields = fieldsOf(stored);
  return whyNotCompressed({ status, fields, directives, varyNames, bodyBytes }, rule) === undefined;
}

/** A short body may move at any time: it is copied. */
function bodyOf(stored: StoredResponse): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < stored.bodyBytes; ) {
    const piece = stored.body(at, stored.bodyBytes);
    at += piece.length;
    pieces.push(stored.bodyBytes <= SMALL_BODY_BYTES ? Buffer.from(piece) : piece);
  }
  return pieces;
}
