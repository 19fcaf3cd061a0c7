/**
 * A response that is put together of slices, one after the other as the client takes them.
 *
 *     begin ─▶ first slice ─▶ its head tells length and validator: 304, 416, or the head of the response
 *                  │              └─▶ slice after slice, one fetched ahead ─▶ end
 *                  ├─▶ no slice (an error, all of it)   passed on as it is
 *                  └─▶ of no use, or behind the end     asked as if there were no slices, or from the beginning
 *
 * Invariants: all bytes are of one representation, which a strong validator and the length say (RFC 9111 section 3.4);
 * when another one comes the response breaks, and what is stored of the URL is forgotten. No slice is asked for when
 * the client has left, nor more than one ahead of what it takes. The memory that a slice is sent from is held until
 * the client has taken it.
 *
 * The first slice is the newest that is known when the head goes, so its fields and its Age hold for all
 * (RFC 9110 section 15.3.7.3).
 */
import { answer, type Exchange, type ResponseFlow } from '../../core/http/index.ts';
import { FieldId, type Fields, type ResponseHead } from '../../core/wire/index.ts';
import { decideRange, isNotModified, readResponse, validatorsOf } from '../policy/index.ts';
import {
  becomePartial,
  becomeWhole,
  coalesce,
  type Framing,
  frameParts,
  type PartialResponse,
  plainPart,
  planSlices,
  probeIndex,
  type Representation,
  readSlice,
  type SlicePlan,
  type SliceStep,
  unsatisfiedRange,
} from '../ranges/index.ts';
import { CONTENT_FIELDS } from './deliver.ts';
import { RequestFlag } from './request-flags.ts';
import { SliceExchange, type SliceReader } from './slice-exchange.ts';
import { askedSlice, sliceKey } from './slice-key.ts';
import type { StageParts } from './stage-parts.ts';
import { Visit } from './visit.ts';

/** What the stage does for it. */
export interface Slicing {
  look(visit: Visit): void;
  /** Has a slice fetched for whoever comes, if it is worth it. @param from key of the slice before it. */
  fetchAhead(slice: SliceExchange, key: string, from: string): void;
  /** The slices of a key are not of one representation. */
  forgetSlices(key: string): void;
}

export class SlicedResponse implements ResponseFlow, SliceReader {
  private readonly slicing: Slicing;
  private readonly parts: StageParts;
  private readonly visit: Visit;
  private readonly exchange: Exchange;
  private readonly sliceBytes: number;
  private readonly begunMs: number;
  /** Of what it is; null before the first slice. */
  private known: Representation | null = null;
  private plan: SlicePlan | null = null;
  private framing: Framing | null = null;
  /** Which step of the plan it is at. */
  private at = 0;
  private step: SliceStep | null = null;
  /** The slice that comes; null between two of them. */
  private current: SliceExchange | null = null;
  /** Where in the representation its next byte stands. */
  private position = 0;
  /** What has come is not made of slices. */
  private relaying = false;
  private blocked = false;
  /** All that is wanted of the slice was sent, and the client has not taken it yet. */
  private sent = false;
  private running = false;
  private over = false;

  constructor(slicing: Slicing, parts: StageParts, visit: Visit) {
    this.slicing = slicing;
    this.parts = parts;
    this.visit = visit;
    this.exchange = visit.exchange;
    this.sliceBytes = parts.rule.sliceBytes;
    this.begunMs = this.exchange.wallMs();
  }

  begin(): void {
    this.exchange.flow = this;
    const { fields } = this.exchange.request;
    this.ask(this.visit.isHead ? 0 : probeIndex(fields, this.sliceBytes));
  }

  /**
   * What has come for the first slice is an answer to the client's request as it is; the client is the caller's.
   * Null: it is too late for that, and the response breaks.
   * @param changed the origin has sent something else than the representation which the slices are of.
   */
  handOver(changed: boolean): Visit | null {
    this.current = null;
    if (this.over) return null;
    if (this.known !== null) {
      if (changed) this.slicing.forgetSlices(this.visit.key);
      this.fail();
      return null;
    }
    this.finish();
    return this.visit;
  }

  /**
   * The origin sends no slice that is of use.
   * @param short the representation ends before it.
   */
  refuse(short: boolean): void {
    const { current } = this;
    this.current = null;
    current?.drop();
    if (this.over) return;
    if (this.known !== null) {
      this.slicing.forgetSlices(this.visit.key);
      this.fail();
      return;
    }
    if (short && current !== null && current.asked.start > 0) {
      // From the beginning, which tells how long it is.
      this.ask(0);
      return;
    }
    this.finish();
    this.visit.unsliced = true;
    this.slicing.look(this.visit);
  }

  // What a slice brings.

  onSliceInterim(head: ResponseHead): void {
    if (this.known === null) this.exchange.sink.interim(head);
  }

  onSliceHead(slice: SliceExchange, head: ResponseHead, end: boolean): void {
    const { known } = this;
    const nowMs = this.parts.wallMs();
    const read = readSlice(head.status, head.fields, slice.asked, known, nowMs);
    if (read.kind === 'slice') {
      if (known === null) this.answer(slice, head, read.representation, nowMs);
      if (!this.over && this.current === slice) this.beginStep();
      return;
    }
    if (known === null && (read.kind === 'whole' || read.kind === 'other')) {
      this.relaying = true;
      this.exchange.server = slice.server;
      if (end) this.finish();
      this.exchange.sink.head(head, end);
      return;
    }
    if (read.kind === 'other') this.fail();
    else this.refuse(read.kind === 'short');
  }

  onSliceData(bytes: Buffer, stays: boolean): boolean {
    const { sink } = this.exchange;
    if (this.relaying) return sink.data(bytes, stays);
    const { wanted } = this.step as SliceStep;
    const from = Math.max(0, wanted.start - this.position);
    const to = Math.min(bytes.length, wanted.end - this.position);
    this.position += bytes.length;
    if (from < to) {
      const all = from === 0 && to === bytes.length;
      this.send(all ? bytes : bytes.subarray(from, to), stays);
    }
    if (this.position >= wanted.end && !this.over) {
      this.sent = true;
      if (!this.blocked) this.endStep();
    }
    return !this.blocked;
  }

  onSliceEnd(trailers: Fields | null): void {
    if (this.relaying) {
      this.finish();
      this.exchange.sink.end(trailers);
    } else if (this.sent) {
      // What a source sends without asking is copied.
      this.endStep();
    } else {
      this.fail();
    }
  }

  onSliceFlush(): void {
    this.exchange.sink.flush();
  }

  onSliceAbort(): void {
    this.fail();
  }

  // What the client does.

  onDrain(): void {
    this.blocked = false;
    if (this.over) return;
    if (this.sent) this.endStep();
    else if (this.current === null) this.run();
    else this.current.flow?.onDrain();
  }

  onAbort(): void {
    if (this.over) return;
    this.finish();
    this.letGo();
  }

  /** The head of the response, by that of the first slice. */
  private answer(
    slice: SliceExchange,
    head: ResponseHead,
    known: Representation,
    nowMs: number,
  ): void {
    const { exchange, visit } = this;
    const { fields } = exchange.request;
    const { lengthBytes } = known;
    exchange.server = slice.server;
    this.known = known;
    const facts = readResponse(head.status, head.fields, nowMs);
    const validators = validatorsOf(head.fields);
    if (visit.has(RequestFlag.conditional) && isNotModified(fields, validators, facts, nowMs)) {
      head.setStatus(304);
      for (const id of CONTENT_FIELDS) head.fields.removeAll(id);
      this.endWith(head);
      return;
    }
    if (visit.isHead) {
      becomeWhole(head, lengthBytes);
      this.endWith(head);
      return;
    }
    const times = { lengthBytes, dateMs: facts.dateMs };
    const decision = decideRange(fields, validators, times);
    if (decision.kind === 'unsatisfiable') {
      const status = head.fields.getList(FieldId.cacheStatus);
      this.finish();
      answer(exchange, {
        status: 416,
        fields: [
          [FieldId.contentRange, unsatisfiedRange(lengthBytes)],
          ...(status === undefined ? [] : [[FieldId.cacheStatus, status] as const]),
        ],
      });
      this.letGo();
      return;
    }
    this.frame(head, known, decision.kind === 'parts' ? coalesce(decision.parts) : null);
    exchange.sink.head(head, false);
    if (this.over) return;
    this.step = (this.plan as SlicePlan).step(0);
    if (this.step.slice.start === slice.asked.start) return;
    // A range from the end: another slice than that which was likely.
    this.letGo();
    this.run();
  }

  /** @param parts null: all of it. */
  private frame(
    head: ResponseHead,
    { lengthBytes }: Omit<PartialResponse, 'part'>,
    parts: Framing['parts'] | null,
  ): void {
    if (parts === null) {
      this.framing = plainPart({ start: 0, end: lengthBytes });
      becomeWhole(head, lengthBytes);
    } else {
      const type = parts.length > 1 ? head.fields.get(FieldId.contentType) : undefined;
      this.framing = frameParts(parts, lengthBytes, type, this.parts.context.random);
      becomePartial(head, this.framing);
    }
    this.plan = planSlices(this.framing.parts, lengthBytes, this.sliceBytes);
  }

  /** Asks for slices as long as they come at once. */
  private run(): void {
    if (this.running) return;
    this.running = true;
    const plan = this.plan as SlicePlan;
    while (!this.over && !this.blocked && this.current === null) {
      if (this.at === plan.stepCount) {
        const { sink } = this.exchange;
        const { tail } = this.framing as Framing;
        this.finish();
        if (tail.length > 0) sink.data(tail, true);
        sink.end(null);
        sink.flush();
        break;
      }
      this.step = plan.step(this.at);
      this.ask(this.step.index);
    }
    this.running = false;
  }

  private ask(index: number): void {
    const slice = this.sliceOf(index);
    this.current = slice;
    const { visit } = this;
    const flags = visit.flags & (RequestFlag.directives | RequestFlag.authorization);
    const asking = new Visit(slice, this.keyOf(index), flags);
    asking.slice = this;
    this.slicing.look(asking);
  }

  /** The head of a slice has come, and it is the one whose turn it is. */
  private beginStep(): void {
    const { slice, wanted, nth, index } = this.step as SliceStep;
    const { parts, heads } = this.framing as Framing;
    this.position = slice.start;
    const head = heads[nth] as Buffer;
    if (wanted.start === parts[nth]?.start && head.length > 0) this.send(head, true);
    const plan = this.plan as SlicePlan;
    if (this.over || this.at + 1 === plan.stepCount) return;
    const next = plan.step(this.at + 1).index;
    if (next === index) return;
    this.slicing.fetchAhead(this.sliceOf(next), this.keyOf(next), this.keyOf(index));
  }

  private endStep(): void {
    this.sent = false;
    this.at++;
    this.letGo();
    this.run();
  }

  private send(bytes: Buffer, stays: boolean): void {
    if (!this.exchange.sink.data(bytes, stays)) this.blocked = true;
  }

  private sliceOf(index: number): SliceExchange {
    const sinceMs = Math.max(0, this.exchange.wallMs() - this.begunMs);
    return new SliceExchange(this.exchange, this, askedSlice(index, this.sliceBytes), sinceMs);
  }

  private keyOf(index: number): string {
    return sliceKey(this.visit.key, index, this.sliceBytes);
  }

  private endWith(head: ResponseHead): void {
    const { sink } = this.exchange;
    this.finish();
    sink.head(head, true);
    sink.flush();
    this.letGo();
  }

  /** What the client has is not all, and it must not take it for that. */
  private fail(): void {
    if (this.over) return;
    this.finish();
    this.letGo();
    this.exchange.sink.abort();
  }

  private letGo(): void {
    const { current } = this;
    this.current = null;
    current?.drop();
  }

  private finish(): void {
    this.over = true;
    if (this.exchange.flow === this) this.exchange.flow = null;
  }
}
