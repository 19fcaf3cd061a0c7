/**
 * The stage `access`: decides whether a request gets the content, before the cache is asked for it.
 *
 *     request ─▶ place ─▶ preflight? answered ─▶ referrer ─▶ signature, taken out ─▶ next (cache, origin)
 *                  └── refused ──────────────────────┴──────────────┘
 *
 * Invariants: a refusal says one sentence of its group and nothing else; each has a reason that is counted and stands
 * as `failure` in the access log; no refusal is stored by anybody. A rule that changes holds from the next request on.
 */
import { answer, type Exchange, type Handler, type StageMaker } from '../../core/http/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import type { GeoLookup } from '../guard/geo-lookup.ts';
import { addressOf } from '../guard/visitor.ts';
import type { AccessRuleSettings } from './access-fields.ts';
import { type AccessRule, accessRuleOf } from './access-rule.ts';
import type { CorsRule } from './cors.ts';
import { AccessCounts, type AccessRefusal, groupSays, refusalTable } from './reasons.ts';

/** A rule under its name, as stages hold it. */
interface RuleRef {
  current: AccessRule;
  readonly counts: AccessCounts;
}

const NO_STORE: readonly [FieldId, string] = [FieldId.cacheControl, 'no-store'];

export class Access implements StageMaker {
  private readonly rules = new Map<string, RuleRef>();
  private readonly geo: GeoLookup | undefined;

  /** @param geo undefined: nobody knows where addresses are. */
  constructor(rules: readonly AccessRuleSettings[], geo?: GeoLookup) {
    this.geo = geo;
    this.setRules(rules);
  }

  make(rule: string, _route: string, next: Handler): Handler | undefined {
    const ref = this.rules.get(rule);
    return ref === undefined ? undefined : (exchange) => handle(ref, next, exchange);
  }

  /** Other settings, from the next request on; counts of rules that stay go on. */
  setRules(rules: readonly AccessRuleSettings[]): void {
    const names = new Set(rules.map(({ name }) => name));
    for (const name of this.rules.keys()) if (!names.has(name)) this.rules.delete(name);
    for (const settings of rules) {
      const known = this.rules.get(settings.name);
      const current = accessRuleOf(settings, this.geo);
      if (known === undefined)
        this.rules.set(settings.name, { current, counts: new AccessCounts() });
      else known.current = current;
    }
  }

  /** By the name of the rule. */
  counts(): Iterable<readonly [string, AccessCounts]> {
    return [...this.rules].map(([name, { counts }]) => [name, counts] as const);
  }
}

function handle({ current: rule, counts }: RuleRef, next: Handler, exchange: Exchange): void {
  const { geo, cors } = rule;
  const away = geo?.refuses(addressOf(exchange));
  if (away !== undefined) {
    refuse(rule, counts, exchange, away);
    return;
  }
  if (cors !== undefined) {
    if (cors.isPreflight(exchange.request)) {
      preflight(rule, counts, exchange, cors);
      return;
    }
    exchange.sink = cors.before(exchange.sink, exchange.request);
  }
  const refusal = refusalOf(rule, exchange);
  if (refusal !== undefined) {
    refuse(rule, counts, exchange, refusal);
    return;
  }
  counts.passed++;
  next(exchange);
}

function refusalOf({ hotlink, signed }: AccessRule, exchange: Exchange): AccessRefusal | undefined {
  if (hotlink !== undefined && !hotlink.passes(exchange.request)) return 'hotlink';
  return signed?.refuses(exchange);
}

/** Answered without a body, and without asking anybody. */
function preflight(
  rule: AccessRule,
  counts: AccessCounts,
  exchange: Exchange,
  cors: CorsRule,
): void {
  const otherFields = cors.preflight(exchange.request);
  if (otherFields === undefined) {
    refuse(rule, counts, exchange, 'cors-origin');
    return;
  }
  counts.preflights++;
  answer(exchange, { status: 204, otherFields });
}

function refuse(
  rule: AccessRule,
  counts: AccessCounts,
  exchange: Exchange,
  reason: AccessRefusal,
): void {
  counts.refuse(reason);
  exchange.journey.failure = reason;
  const says = groupSays[refusalTable[reason][0]];
  if (reason === 'hotlink' && rule.hotlinkRedirect !== undefined) {
    const fields = [[FieldId.location, rule.hotlinkRedirect] as const, NO_STORE];
    answer(exchange, { status: 302, says, fields });
    return;
  }
  const status = statusOf(rule, reason);
  const link = status === 451 ? rule.blockedBy : undefined;
  answer(exchange, {
    ...{ status, says },
    fields:
      link === undefined
        ? [NO_STORE]
        : // RFC 7725 section 4.
          [NO_STORE, [FieldId.link, `<${link}>; rel="blocked-by"`]],
  });
}

function statusOf({ geoStatus, signed }: AccessRule, reason: AccessRefusal): number {
  if (refusalTable[reason][0] === 'place') return geoStatus;
  return reason === 'signature-late' ? (signed?.expiredStatus ?? 403) : 403;
}
