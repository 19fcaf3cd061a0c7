/**
 * Answers to the challenges of authorities (RFC 8555 section 8): a text behind a path of HTTP, or TXT records of DNS.
 *
 * Invariants: any PoP answers what one of them has put up; a PoP that puts up answers and is gone is forgotten after
 * `CHALLENGE_MS_MAX`; requests for tokens that nobody has put up are not ours, so that sites may answer themselves.
 */
import type { Exchange } from '../../core/http/index.ts';
import { answer } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { MethodId, offsetIn } from '../../core/wire/index.ts';
import { CHALLENGE_MS_MAX, CHALLENGES_MAX, PUBLISH_MS_MAX } from './limits.ts';
import { type ChallengeAnswer, challengesOf, type Sharing } from './sharing.ts';

/** A name server that answers for our zones. */
export interface TxtRecords {
  /**
   * Answers with these texts and no others; none: the name is gone.
   * @throws Error when it does not serve a zone with this name.
   */
  setText(name: string, values: readonly string[]): void | Promise<void>;
}

export interface ChallengesContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of this PoP. */
  readonly pop: string;
  /** Missing: DNS-01 can not be answered. */
  readonly records?: TxtRecords;
  readonly sharing?: Sharing;
}

interface PutUp {
  readonly answers: readonly ChallengeAnswer[];
  readonly timer: Timer | undefined;
}

const KIND = 'acme-challenges';
const PREFIX = Buffer.from('/.well-known/acme-challenge/');
const TYPE = 'application/octet-stream';

export class Challenges {
  private readonly context: ChallengesContext;
  /** By PoP; its own among them. */
  private readonly putUp = new Map<string, PutUp>();
  private own: readonly ChallengeAnswer[] = [];
  private texts: ReadonlyMap<string, Buffer> = new Map();
  private names: ReadonlyMap<string, readonly string[]> = new Map();
  /** What the name server has taken. */
  private readonly named = new Map<string, readonly string[]>();
  private naming: Promise<void> = Promise.resolve();
  /** Requests answered. */
  answered = 0;

  constructor(context: ChallengesContext) {
    this.context = context;
    context.sharing?.onReceived((kind, value) => {
      const given = kind === KIND ? challengesOf(value) : undefined;
      if (given === undefined || given.pop === context.pop) return;
      void this.take(given.pop, given.answers).catch((error) => {
        context.log.warn('challenges of another PoP can not be put into DNS', { error });
      });
    });
  }

  get canAnswerDns(): boolean {
    return this.context.records !== undefined;
  }

  /**
   * Puts up answers besides those that are there, here and at the other PoPs.
   * @returns takes these down again.
   * @throws the error of the name server.
   */
  async put(answers: readonly ChallengeAnswer[]): Promise<() => Promise<void>> {
    const { pop } = this.context;
    this.own = [...this.own, ...answers];
    const down = async (): Promise<void> => {
      this.own = this.own.filter((each) => !answers.includes(each));
      await this.take(pop, this.own);
      await this.tell();
    };
    try {
      await this.take(pop, this.own);
    } catch (error) {
      await down().catch(() => {}); // the first error counts
      throw error;
    }
    await this.tell();
    return down;
  }

  /**
   * Answers a request for a token that is known. To be asked before redirects, so that an authority which comes by
   * plain HTTP is answered there (RFC 8555 section 8.3).
   * @returns false: it is not ours.
   */
  answer(exchange: Exchange): boolean {
    if (this.texts.size === 0) return false;
    const { request } = exchange;
    const { pathStart, pathLength, method } = request;
    if (pathLength <= PREFIX.length) return false;
    const bytes = request.fields.bytesAt(pathStart);
    const start = offsetIn(pathStart);
    const end = start + PREFIX.length;
    if (bytes.compare(PREFIX, 0, PREFIX.length, start, end) !== 0) return false;
    if (method !== MethodId.get && method !== MethodId.head) return false;
    const body = this.texts.get(bytes.toString('latin1', end, start + pathLength));
    if (body === undefined) return false;
    this.answered++;
    answer(exchange, { status: 200, contentType: TYPE, body });
    return true;
  }

  /** Tells other PoPs once more, for those that have come since. */
  async tell(): Promise<void> {
    const { sharing, pop, clock } = this.context;
    if (sharing === undefined) return;
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimer(PUBLISH_MS_MAX, resolve);
    });
    await Promise.race([sharing.publish(KIND, { pop, answers: this.own }), late]);
    if (timer !== undefined) clock.clearTimer(timer);
  }

  stop(): void {
    for (const { timer } of this.putUp.values()) {
      if (timer !== undefined) this.context.clock.clearTimer(timer);
    }
    this.putUp.clear();
    this.texts = new Map();
  }

  private async take(pop: string, answers: readonly ChallengeAnswer[]): Promise<void> {
    const { clock } = this.context;
    const before = this.putUp.get(pop);
    if (before?.timer !== undefined) clock.clearTimer(before.timer);
    if (answers.length === 0) this.putUp.delete(pop);
    else {
      const timer =
        pop === this.context.pop
          ? undefined
          : clock.setTimer(CHALLENGE_MS_MAX, () => void this.take(pop, []).catch(() => {}));
      timer?.unref();
      this.putUp.set(pop, { answers, timer });
    }
    await this.settle();
  }

  /** Has requests and the name server see what is put up now. @throws the first error of the name server. */
  private settle(): Promise<void> {
    const texts = new Map<string, Buffer>();
    const names = new Map<string, string[]>();
    let left = CHALLENGES_MAX;
    for (const { answers } of this.putUp.values()) {
      for (const each of answers) {
        if (left-- <= 0) break;
        if (each.kind === 'http-01') texts.set(each.token, Buffer.from(each.value));
        else names.set(each.name, [...(names.get(each.name) ?? []), each.value]);
      }
    }
    this.texts = texts;
    this.names = names;
    // One after another, so that the name server never ends with what stood before.
    const done = this.naming.then(() => this.nameAll());
    this.naming = done.catch(() => {});
    return done;
  }

  private async nameAll(): Promise<void> {
    const { records } = this.context;
    if (records === undefined) return;
    const errors: unknown[] = [];
    for (const name of new Set([...this.named.keys(), ...this.names.keys()])) {
      const values = this.names.get(name) ?? [];
      if ((this.named.get(name) ?? []).join() === values.join()) continue;
      try {
        await records.setText(name, values);
        if (values.length > 0) this.named.set(name, values);
        else this.named.delete(name);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
