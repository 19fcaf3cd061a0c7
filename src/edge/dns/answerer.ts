/**
 * From the bytes of a query to those of its answer. Hot: bench/edge-dns.ts.
 *
 * Promises: no answer to what is no query; an answer repeats the question as it was spelled; by UDP it is no longer
 * than client and settings allow, else it is cut to nothing and marked (TC), so the client comes by TCP.
 */
import type { Networks } from '../../core/base/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import {
  DNSSEC_OK,
  dnsClasses,
  ednsOptions,
  HEADER_BYTES,
  headerBits,
  metaTypes,
  OPT_BYTES,
  QueryReader,
  QueryVerdict,
  rcodes,
} from '../../core/wire/index.ts';
import type { AnswerBody } from './answer-maker.ts';
import { errorAnswer } from './answer-maker.ts';
import type { Answers } from './answers.ts';
import { ClientAddress } from './client-address.ts';
import { CLIENT_COOKIE_BYTES, type Cookies, SERVER_COOKIE_BYTES } from './cookies.ts';
import type { DnsCounts } from './counts.ts';
import { type Director, markAnswered } from './director.ts';
import { type RateLimit, type RateRule, RateVerdict } from './rate-limit.ts';

export interface AnswererRules {
  readonly udpBytesMax: number;
  readonly clientSubnet: boolean;
  readonly nsid: Buffer;
  readonly answerRate: RateRule;
  readonly errorRate: RateRule;
  readonly unlimited: Networks;
}

export interface AnswererParts {
  readonly clock: Clock;
  readonly answers: Answers;
  readonly director: Director;
  readonly cookies: Cookies;
  readonly rates: RateLimit;
  readonly counts: DnsCounts;
  /** Nobody else knows it. */
  readonly hashSeed: number;
}

const errors: readonly AnswerBody[] = [
  rcodes.noError,
  rcodes.formatError,
  rcodes.serverFailure,
  rcodes.nameError,
  rcodes.notImplemented,
  rcodes.refused,
].map(errorAnswer);
const badVersion = errorAnswer(rcodes.badVersion);
/** What errors have in common where no zone is. */
const errorKind = 0x5f356495;
const wholeCookieBytes = CLIENT_COOKIE_BYTES + SERVER_COOKIE_BYTES;
/** RFC 6895 section 3.1: types from here to ANY are no data. */
const metaTypeFirst = 128;

export class Answerer {
  rules: AnswererRules;
  /** Who asks; set it before `answer`. */
  readonly client = new ClientAddress();
  private readonly parts: AnswererParts;
  private readonly query: QueryReader;
  /** Whose place decides. */
  private readonly asker = new ClientAddress();
  private isError = false;
  private kind = 0;
  private scopeBits = 0;

  constructor(parts: AnswererParts, rules: AnswererRules) {
    this.parts = parts;
    this.rules = rules;
    this.query = new QueryReader(parts.hashSeed);
  }

  /**
   * @param bytes of which `length` count.
   * @param address the client's, as sockets tell it.
   * @param out gets the answer; has room for any.
   * @returns the bytes of the answer, 0: there is none.
   */
  answer(bytes: Uint8Array, length: number, address: string, isTcp: boolean, out: Buffer): number {
    const { counts, clock } = this.parts;
    const { query, client } = this;
    const verdict = query.read(bytes, length);
    if (verdict === QueryVerdict.ignore || !client.set(address)) {
      counts.ignored++;
      return 0;
    }
    if (isTcp) counts.queries.tcp++;
    else counts.queries.udp++;
    this.isError = true;
    this.kind = errorKind;
    this.scopeBits = 0;
    const nowMs = clock.monotonicMs();
    const body = verdict === QueryVerdict.answer ? this.find(bytes, nowMs) : errorFor(verdict);
    let hasCookie = false;
    let nowSeconds = 0;
    if (query.cookieAt > 0) {
      nowSeconds = Math.floor(clock.wallMs() / 1000);
      hasCookie = this.hasOurCookie(bytes, nowSeconds);
    }
    let isCut = false;
    if (!isTcp && !hasCookie) {
      const verdictOfRate = this.rate(address, nowMs);
      if (verdictOfRate === RateVerdict.drop) {
        counts.limitedDropped++;
        return 0;
      }
      isCut = verdictOfRate === RateVerdict.slip;
      if (isCut) counts.limitedCut++;
    }
    counts.answered(body.rcode);
    return this.write(bytes, body, out, { isTcp, isCut, hasCookie, nowSeconds });
  }

  private find(bytes: Uint8Array, nowMs: number): AnswerBody {
    const { query } = this;
    const { type } = query;
    this.parts.counts.asked(type);
    if (query.class !== dnsClasses.IN) return errors[rcodes.refused]!;
    if (type >= metaTypeFirst && type < metaTypes.ANY) {
      const isTransfer = type === metaTypes.AXFR || type === metaTypes.IXFR;
      return errors[isTransfer ? rcodes.refused : rcodes.notImplemented]!;
    }
    const { answers } = this.parts;
    const kept = answers.find(query);
    this.isError = kept.isError;
    this.kind = kept.kind;
    if (kept.body !== undefined) return kept.body;
    const decision = answers.decide(kept, this.networkOf(bytes));
    this.scopeBits = this.tellsSubnet() && query.subnetBits > 0 ? decision.scopeBits : 0;
    markAnswered(decision.choice, nowMs + kept.rule!.ttlSeconds * 1000);
    return answers.bodyFor(kept, decision);
  }

  /** By the client's subnet when a resolver tells it, else by who asks (RFC 7871 section 7.2.1). */
  private networkOf(bytes: Uint8Array): ReturnType<Director['networkOf']> {
    const { query, asker, client } = this;
    const isTold = this.tellsSubnet() && query.subnetBits > 0;
    if (!isTold) return this.parts.director.networkOf(client);
    this.parts.counts.subnets++;
    const length = query.subnetFamily === 1 ? 4 : 16;
    asker.setPrefix(length, bytes, query.subnetAt, (query.subnetBits + 7) >>> 3);
    return this.parts.director.networkOf(asker);
  }

  private hasOurCookie(bytes: Uint8Array, nowSeconds: number): boolean {
    const { query, client } = this;
    const { cookies, counts } = this.parts;
    const { cookieAt, cookieLength } = query;
    if (cookieLength !== wholeCookieBytes) return false;
    const { bytes: address, length } = client;
    const isOurs = cookies.isValid(bytes, cookieAt, cookieLength, address, length, nowSeconds);
    if (isOurs) counts.cookies++;
    return isOurs;
  }

  private rate(address: string, nowMs: number): RateVerdict {
    const rule = this.isError ? this.rules.errorRate : this.rules.answerRate;
    if (rule.perSecond === 0 || this.rules.unlimited.contains(address)) return RateVerdict.send;
    return this.parts.rates.take(this.client.prefixHash(), this.kind, nowMs, rule);
  }

  private write(
    bytes: Uint8Array,
    body: AnswerBody,
    out: Buffer,
    how: { isTcp: boolean; isCut: boolean; hasCookie: boolean; nowSeconds: number },
  ): number {
    const { query, rules } = this;
    const questionEnd = query.questionEnd;
    const start = questionEnd === 0 ? HEADER_BYTES : questionEnd;
    const bytesMax = how.isTcp ? out.length : Math.min(rules.udpBytesMax, query.udpBytes);
    const needed = start + body.bytes.length + (query.hasEdns ? this.ednsBytes() : 0);
    const isLong = needed > bytesMax;
    if (isLong) this.parts.counts.truncated++;
    const isTruncated = isLong || how.isCut;
    const kept = headerBits.opcode | headerBits.recursionDesired | headerBits.checkingDisabled;
    const flags =
      headerBits.response |
      (query.flags & kept) |
      body.flags |
      (isTruncated ? headerBits.truncated : 0) |
      (body.rcode & headerBits.rcode);
    put16(out, 0, query.id);
    put16(out, 2, flags);
    put16(out, 4, questionEnd === 0 ? 0 : 1);
    put16(out, 6, isTruncated ? 0 : body.answers);
    put16(out, 8, isTruncated ? 0 : body.authorities);
    put16(out, 10, (isTruncated ? 0 : body.additionals) + (query.hasEdns ? 1 : 0));
    for (let at = HEADER_BYTES; at < start; at++) out[at] = bytes[at]!;
    let at = start;
    if (!isTruncated) {
      const tail = body.bytes;
      const length = tail.length;
      // A call costs more than short copies do.
      if (length > 128) out.set(tail, at);
      else for (let index = 0; index < length; index++) out[at + index] = tail[index]!;
      at += length;
    }
    return query.hasEdns ? this.writeEdns(bytes, body.rcode, out, at, how) : at;
  }

  /** Who does not go by subnets says nothing of them (RFC 7871 section 7.2.2). */
  private tellsSubnet(): boolean {
    return this.query.hasSubnet && this.rules.clientSubnet;
  }

  private ednsBytes(): number {
    const { query, rules } = this;
    return (
      OPT_BYTES +
      (query.cookieAt > 0 ? 4 + wholeCookieBytes : 0) +
      (this.tellsSubnet() ? 8 + ((query.subnetBits + 7) >>> 3) : 0) +
      (query.wantsNsid && rules.nsid.length > 0 ? 4 + rules.nsid.length : 0)
    );
  }

  /** RFC 6891 section 6.1.2, with options in the order of their numbers. */
  private writeEdns(
    bytes: Uint8Array,
    rcode: number,
    out: Buffer,
    start: number,
    { hasCookie, nowSeconds }: { hasCookie: boolean; nowSeconds: number },
  ): number {
    const { query, rules, client } = this;
    out[start] = 0;
    put16(out, start + 1, metaTypes.OPT);
    put16(out, start + 3, rules.udpBytesMax);
    out[start + 5] = rcode >>> 4;
    out[start + 6] = 0;
    put16(out, start + 7, query.dnssecOk ? DNSSEC_OK : 0);
    let at = start + OPT_BYTES;
    if (query.wantsNsid && rules.nsid.length > 0) {
      put16(out, at, ednsOptions.nsid);
      put16(out, at + 2, rules.nsid.length);
      out.set(rules.nsid, at + 4);
      at += 4 + rules.nsid.length;
    }
    if (this.tellsSubnet()) {
      const octets = (query.subnetBits + 7) >>> 3;
      put16(out, at, ednsOptions.clientSubnet);
      put16(out, at + 2, 4 + octets);
      put16(out, at + 4, query.subnetFamily);
      out[at + 6] = query.subnetBits;
      out[at + 7] = this.scopeBits;
      for (let index = 0; index < octets; index++)
        out[at + 8 + index] = bytes[query.subnetAt + index]!;
      at += 8 + octets;
    }
    if (query.cookieAt > 0) {
      put16(out, at, ednsOptions.cookie);
      put16(out, at + 2, wholeCookieBytes);
      at += 4;
      const { cookies } = this.parts;
      const { bytes: address, length } = client;
      at += cookies.write(bytes, query.cookieAt, address, length, nowSeconds, hasCookie, out, at);
    }
    put16(out, start + 9, at - start - OPT_BYTES);
    return at;
  }
}

function errorFor(verdict: QueryVerdict): AnswerBody {
  if (verdict === QueryVerdict.cookieOnly) return errors[rcodes.noError]!;
  if (verdict === QueryVerdict.badVersion) return badVersion;
  const rcode =
    verdict === QueryVerdict.notImplemented ? rcodes.notImplemented : rcodes.formatError;
  return errors[rcode]!;
}

function put16(out: Buffer, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value & 0xff;
}
