/**
 * Content that only bearers of a signed policy get. Order: the policy is read, its key found, its signature checked,
 * and only then what it says of path, client and time, so that nobody learns from an answer what was wrong with a
 * signature that he made up.
 */
import { parseNetwork } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import { NetworkRanges } from '../guard/network-ranges.ts';
import { addressOf } from '../guard/visitor.ts';
import type { AccessRuleSettings } from './access-fields.ts';
import { type Policy, type ReceivedPolicy, readPolicy, type SignedThing } from './policy.ts';
import type { AccessRefusal } from './reasons.ts';
import { RightSignatures } from './right-signatures.ts';
import { splitQuery } from './sign.ts';
import { cookieOf, parameterOf, removeCookie, removeParameter } from './tokens-of-request.ts';

export interface SignedRule {
  /** Undefined: it passes, without the policy. */
  refuses(exchange: Exchange): AccessRefusal | undefined;
  /** Of a right signature whose time is over. */
  readonly expiredStatus: number;
}

/** Undefined: there is none. */
export function signedRuleOf(settings: AccessRuleSettings['signed']): SignedRule | undefined {
  return settings.by === 'none' ? undefined : new Signed(settings);
}

class Signed implements SignedRule {
  readonly expiredStatus: number;
  private readonly settings: AccessRuleSettings['signed'];
  private readonly secrets: ReadonlyMap<string, string>;
  private readonly right = new RightSignatures();

  constructor(settings: AccessRuleSettings['signed']) {
    this.settings = settings;
    this.expiredStatus = Number(settings.expiredStatus);
    this.secrets = new Map(settings.keys.map(({ name, secret }) => [name, secret.reveal()]));
  }

  refuses(exchange: Exchange): AccessRefusal | undefined {
    const { request } = exchange;
    const { by, parameter, cookie } = this.settings;
    let text: string | undefined = '';
    if (by !== 'cookie' && request.hasQuery) text = parameterOf(request.query(), parameter);
    const isInQuery = text !== '';
    if (text === '' && by !== 'url') text = cookieOf(request, cookie);
    if (text === '') return 'signature-missing';
    const received = text === undefined ? undefined : readPolicy(text);
    if (received === undefined) return 'signature-malformed';
    const refusal = this.judge(received, exchange);
    if (refusal !== undefined) return refusal;
    if (isInQuery && !removeParameter(request, parameter)) return 'signature-malformed';
    if (by !== 'url' && !removeCookie(request, cookie)) return 'signature-malformed';
    return undefined;
  }

  private judge(received: ReceivedPolicy, exchange: Exchange): AccessRefusal | undefined {
    const { policy } = received;
    const secret = this.secrets.get(policy.key);
    if (secret === undefined) return 'signature-key';
    const thing = this.thingOf(exchange, policy);
    if (!this.right.isRight(received, thing, secret)) return 'signature-wrong';
    const { prefix, client } = policy;
    if (prefix !== undefined && !isBelow(exchange.request.path(), prefix)) return 'signature-path';
    if (client !== undefined && !isFrom(exchange, client)) return 'signature-client';
    return this.judgeTime(policy, exchange.wallMs());
  }

  private judgeTime({ from, until }: Policy, nowMs: number): AccessRefusal | undefined {
    const { skewMs, lifetimeMaxMs } = this.settings;
    if (from !== undefined && from * 1000 > nowMs + skewMs) return 'signature-early';
    if (until * 1000 <= nowMs) return 'signature-late';
    if (lifetimeMaxMs > 0 && until * 1000 > nowMs + lifetimeMaxMs + skewMs) return 'signature-long';
    return undefined;
  }

  private thingOf({ request }: Exchange, { prefix }: Policy): SignedThing {
    const { host, parameter, query } = this.settings;
    const method = request.methodName();
    const isPrefix = prefix !== undefined;
    return {
      method: method === 'HEAD' ? 'GET' : method,
      host: host ? request.host().toLowerCase() : '',
      path: isPrefix ? '' : request.path(),
      query: isPrefix ? '' : splitQuery(request.query(), parameter, query).signed,
    };
  }
}

/** What an origin could take for a step upwards, or for something else than it looks. */
const CROOKED = /(^|\/)\.{1,2}(;|\/|$)|%2e|%2f|%5c|%25|%00|\\/i;

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && !CROOKED.test(path);
}

function isFrom(exchange: Exchange, client: string): boolean {
  const address = addressOf(exchange);
  return (
    address !== null &&
    parseNetwork(client).kind === 'network' &&
    new NetworkRanges([client]).has(address)
  );
}
