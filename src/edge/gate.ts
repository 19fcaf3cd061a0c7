/**
 * The first stage of every route of the edge: who comes as another PoP, who runs in a circle, and only then the guard's
 * rules for users.
 *
 *     other PoPs' listener ─▶ token? ─▶ circle? ─▶ next          no token: 403
 *     users' listeners ─▶ challenge of an authority? answered ─▶ circle? ─▶ guard ─▶ next
 *
 * Invariants: on the listener of PoPs nothing is decided about users, that was done where they came in; nobody but a
 * PoP is believed to be one.
 */
import { timingSafeEqual } from 'node:crypto';
import { answer, type Exchange, type Handler, type StageMaker } from '../core/http/index.ts';
import { HOP_FIELD, loopId } from './expand/index.ts';

const HOP_NAME = Buffer.from(HOP_FIELD);
/** RFC 8586. */
const LOOP_NAME = Buffer.from('cdn-loop');

export interface GateOptions {
  /** Name of this PoP. */
  readonly pop: string;
  /** Port of the listener of PoPs. */
  readonly tierPort: number;
  readonly hopToken: string;
  /** Answers what an authority asks to see. False: it is no such request. */
  answersChallenge(exchange: Exchange): boolean;
  /** Rules of the guard; undefined: there is no such rule. */
  readonly guard: StageMaker;
}

export class GateCounts {
  /** On the listener of PoPs without their token. */
  strangers = 0;
  /** Had been here before. */
  circles = 0;
}

export class Gate implements StageMaker {
  readonly counts: GateCounts = new GateCounts();
  private readonly options: GateOptions;
  private readonly token: Buffer;
  private readonly loopId: Buffer;

  constructor(options: GateOptions) {
    this.options = options;
    this.token = Buffer.from(options.hopToken, 'latin1');
    this.loopId = Buffer.from(loopId(options.pop), 'latin1');
  }

  /** @param rule of the guard; empty: none for users. */
  make(rule: string, route: string, next: Handler): Handler | undefined {
    const { tierPort, guard, answersChallenge } = this.options;
    const guarded = rule === '' ? next : guard.make(rule, route, next);
    if (guarded === undefined) return undefined;
    return (exchange) => {
      if (isOfPops(exchange, tierPort)) {
        if (!this.isPop(exchange)) this.refuseStranger(exchange);
        else if (this.wasHere(exchange)) this.refuseCircle(exchange);
        else next(exchange);
        return;
      }
      if (answersChallenge(exchange)) return;
      if (this.wasHere(exchange)) this.refuseCircle(exchange);
      else guarded(exchange);
    };
  }

  private isPop({ request: { fields } }: Exchange): boolean {
    const index = fields.findName(HOP_NAME);
    if (index === -1) return false;
    const shown = fields.valueBytes(index);
    return shown.length === this.token.length && timingSafeEqual(shown, this.token);
  }

  /** CDN-Loop names this PoP, which it says only of what it sends to origins. */
  private wasHere({ request: { fields } }: Exchange): boolean {
    for (let at = fields.findName(LOOP_NAME); at !== -1; at = fields.findName(LOOP_NAME, at + 1)) {
      if (lists(fields.valueBytes(at), this.loopId)) return true;
    }
    return false;
  }

  private refuseStranger(exchange: Exchange): void {
    this.counts.strangers++;
    exchange.journey.failure = 'no-pop';
    answer(exchange, { status: 403, says: 'Only points of presence may ask here.' });
  }

  private refuseCircle(exchange: Exchange): void {
    this.counts.circles++;
    exchange.journey.failure = 'circle';
    answer(exchange, { status: 508, says: 'The origin sends this request back to the network.' });
  }
}

/** A stage for users: what another PoP brings has passed it there. */
export class ForUsers implements StageMaker {
  private readonly stage: StageMaker;
  private readonly tierPort: number;

  constructor(stage: StageMaker, tierPort: number) {
    this.stage = stage;
    this.tierPort = tierPort;
  }

  make(rule: string, route: string, next: Handler): Handler | undefined {
    const forUsers = this.stage.make(rule, route, next);
    if (forUsers === undefined) return undefined;
    const { tierPort } = this;
    return (exchange) => (isOfPops(exchange, tierPort) ? next(exchange) : forUsers(exchange));
  }
}

function isOfPops({ client }: Exchange, tierPort: number): boolean {
  return client.localPort === tierPort;
}

/** Whether a list of `id; parameters` has this identifier. */
function lists(value: Buffer, id: Buffer): boolean {
  for (let at = value.indexOf(id); at !== -1; at = value.indexOf(id, at + 1)) {
    if (isEdge(value[at - 1]) && isEdge(value[at + id.length])) return true;
  }
  return false;
}

/** What stands before and behind an identifier: nothing, blanks, `,` and `;`. */
function isEdge(byte: number | undefined): boolean {
  return byte === undefined || byte === 0x20 || byte === 0x09 || byte === 0x2c || byte === 0x3b;
}
