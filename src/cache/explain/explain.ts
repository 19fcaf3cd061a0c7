/**
 * Explains what would become of a request: the key, the variant, the arithmetic of freshness and what decided, as
 * data. Pure: what is stored is given.
 *
 * Invariant: the verdict is that of the policy, asked in the same way as for a request that comes.
 */
import { FieldId, type Fields, MethodId, type RequestHead } from '../../core/wire/index.ts';
import { linesOfKey, urlOfKey } from '../key/index.ts';
import type { LifetimeSource } from '../policy/freshness.ts';
import {
  currentAge,
  type Directives,
  decideReuse,
  freshnessLifetime,
  type HeuristicRules,
  lifetimeByStatus,
  mayServeOnError,
  NO_DIRECTIVES,
  parseCacheControl,
  type ResponseFacts,
  readResponse,
  reuseReasons,
  type StatusLifetimes,
  type StoredFreshness,
} from '../policy/index.ts';
import type { ReuseReason } from '../policy/reuse.ts';
import type { PurgeVerdict } from '../purge/index.ts';
import type {
  ExplainedLifetime,
  ExplainedResponse,
  ExplainedVerdict,
  Explanation,
} from './explanation.ts';
import { refusalSays } from './refusal-says.ts';

/** What is known of the response that is stored for a request. */
export interface FoundResponse {
  readonly status: number;
  readonly fields: Fields;
  readonly tier: 'memory' | 'disk';
  readonly bodyBytes: number;
  readonly varyNames: readonly string[];
  /** As policy/vary.ts writes it. */
  readonly variant: string;
  readonly tags: readonly string[];
  /** Wall milliseconds. */
  readonly responseMs: number;
  readonly initialAgeSeconds: number;
  readonly lifetimeSeconds: number;
  readonly invalidated: boolean;
  readonly seq: number;
  /** What purges say that it has not been compared with yet. */
  readonly purged: PurgeVerdict | undefined;
}

export interface ToExplain {
  readonly route: string;
  readonly rule: {
    readonly name: string;
    readonly heuristics: HeuristicRules;
    readonly lifetimes: { readonly byStatus: StatusLifetimes; readonly jitterShare: number };
    readonly graceSeconds: number;
    readonly clientDirectives: boolean;
  };
  readonly request: RequestHead;
  /** Of the request, or of the slice that it begins in; empty when it would be too long. */
  readonly key: string;
  readonly nowMs: number;
  readonly found: FoundResponse | null;
  /** Responses under the key for other requests. */
  readonly otherVariants: number;
  /** Nothing of it is in memory, and a disk that has not been asked may have it. */
  readonly isOnDisk?: boolean;
  /** Purges of its network may not be known here. */
  readonly isInDoubt?: boolean;
  /** Why the last response was not stored, and until when that is remembered. */
  readonly refused?: { readonly reason: string; readonly untilMs: number } | undefined;
}

export function explain(input: ToExplain): Explanation {
  const { route, rule, key, nowMs, found, refused } = input;
  const head = { route, rule: rule.name, url: urlOfKey(key), keyLines: linesOfKey(key) };
  const stored = found === null ? null : explainResponse(found, input);
  const [verdict, why] = verdictOn(key, input);
  const isRefused = refused !== undefined && refused.untilMs > nowMs;
  return {
    ...head,
    verdict,
    why,
    otherVariants: input.otherVariants,
    stored,
    refused: isRefused
      ? {
          reason: refused.reason,
          says: refusalSays(refused.reason),
          forSeconds: (refused.untilMs - nowMs) / 1000,
        }
      : null,
  };
}

type Decided = readonly [ExplainedVerdict, string];

function verdictOn(key: string, input: ToExplain): Decided {
  const { method, fields } = input.request;
  if (method !== MethodId.get && method !== MethodId.head) {
    return ['pass', 'RFC 9111 section 3: only responses to GET are stored'];
  }
  if (key === '') return ['pass', 'its key would be too long'];
  // RFC 9110 sections 13.1.1 and 13.1.4.
  if (fields.has(FieldId.ifMatch) || fields.has(FieldId.ifUnmodifiedSince)) {
    return ['pass', 'RFC 9110 section 13.1.1: its precondition is for the origin'];
  }
  const directives = requestDirectives(fields, input.rule);
  const [verdict, why] = lookupVerdict(directives, input);
  const needsOrigin = verdict === 'miss' || verdict === 'validate';
  return needsOrigin && directives.has('only-if-cached')
    ? [verdict, `${why}; RFC 9111 section 5.2.1.7: only-if-cached is answered with 504`]
    : [verdict, why];
}

function lookupVerdict(directives: Directives, input: ToExplain): Decided {
  const { found, nowMs, otherVariants } = input;
  if (found === null) {
    if (input.isOnDisk === true) return ['miss', 'nothing is in memory, and the disk is asked'];
    return otherVariants > 0
      ? ['miss', 'RFC 9111 section 4.1: what is stored is for requests with other fields']
      : ['miss', 'RFC 9111 section 4: nothing is stored under its key'];
  }
  if (found.purged === 'hard') return ['miss', 'a purge has named what is stored'];
  if (input.isInDoubt === true) return ['validate', 'purges of its network may not be known here'];
  const { verdict, reason } = decideReuse(directives, freshnessOf(found, nowMs), nowMs);
  const says = saysReason(reason);
  const why = found.purged === 'soft' ? `a soft purge has named it; ${says}` : says;
  if (verdict === 'use') return ['hit', why];
  return verdict === 'background' ? ['hit-and-refresh', why] : ['validate', why];
}

function explainResponse(found: FoundResponse, input: ToExplain): ExplainedResponse {
  const { nowMs, rule } = input;
  const facts = factsOf(found);
  const freshness = freshnessOf(found, nowMs);
  const { responseMs, initialAgeSeconds } = found;
  const { dateMs } = facts;
  const currentSeconds = currentAge(freshness, nowMs);
  const apparentSeconds = Number.isNaN(dateMs) ? null : Math.max(0, responseMs - dateMs) / 1000;
  return {
    status: found.status,
    tier: found.tier,
    bodyBytes: found.bodyBytes,
    variesBy: valuesOfVariant(found.variant),
    tags: found.tags,
    directives: directivesText(found.fields, facts),
    lifetime: explainLifetime(found, facts, rule, freshness.lifetimeSeconds),
    age: {
      apparentSeconds,
      initialSeconds: initialAgeSeconds,
      residentSeconds: currentSeconds - initialAgeSeconds,
      currentSeconds,
    },
    ttlSeconds: freshness.lifetimeSeconds - currentSeconds,
    invalidated: freshness.invalidated,
    servedOnError: mayServeOnError(
      requestDirectives(input.request.fields, rule),
      freshness,
      rule,
      nowMs,
    ),
    seq: found.seq,
  };
}

/** Where each lifetime comes from. */
const LIFETIME_SAYS: Readonly<Record<LifetimeSource, string>> = {
  's-maxage': 's-maxage (RFC 9111 section 5.2.2.10)',
  'max-age': 'max-age (RFC 9111 section 5.2.2.1)',
  expires: 'Expires (RFC 9111 section 5.3)',
  heuristic: 'a share of the time since Last-Modified (RFC 9111 section 4.2.2)',
  none: 'nothing says that it is fresh (RFC 9111 section 4.2.1)',
};

function explainLifetime(
  { responseMs, status }: FoundResponse,
  facts: ResponseFacts,
  { heuristics, lifetimes }: ToExplain['rule'],
  seconds: number,
): ExplainedLifetime {
  const exchanged = { requestMs: responseMs, responseMs };
  const own = freshnessLifetime(facts, exchanged, heuristics);
  const byStatus = lifetimeByStatus(facts, own, lifetimes.byStatus);
  const isTargeted = facts.targeted && (own.source === 's-maxage' || own.source === 'max-age');
  const says = isTargeted
    ? `${own.source} of CDN-Cache-Control (RFC 9213 section 2.2)`
    : LIFETIME_SAYS[own.source];
  const by = byStatus === undefined ? says : `what the rule says of ${status}`;
  const whole = byStatus ?? own.seconds;
  if (seconds === whole) return { seconds, by };
  const isJittered = seconds < whole && seconds >= whole * (1 - lifetimes.jitterShare);
  return isJittered
    ? { seconds, by: `${by}, less what chance takes off (jitter of the rule)` }
    : { seconds, by: 'the rule that held when it was stored, or a soft purge' };
}

function factsOf({ status, fields, responseMs }: FoundResponse): ResponseFacts {
  return readResponse(status, fields, responseMs);
}

function freshnessOf(found: FoundResponse, nowMs: number): StoredFreshness {
  const { lifetimeSeconds, initialAgeSeconds, responseMs, invalidated, purged } = found;
  const { directives } = factsOf(found);
  const freshness = { lifetimeSeconds, initialAgeSeconds, responseMs, directives, invalidated };
  if (purged !== 'soft') return freshness;
  // What a soft purge will make of it when it is asked for.
  return { ...freshness, lifetimeSeconds: Math.min(lifetimeSeconds, currentAge(freshness, nowMs)) };
}

/** RFC 9111 section 5.4: Pragma counts where there is no Cache-Control. */
function requestDirectives(fields: Fields, rule: ToExplain['rule']): Directives {
  if (!rule.clientDirectives) return NO_DIRECTIVES;
  const list = fields.getList(FieldId.cacheControl);
  if (list !== undefined) return parseCacheControl(list);
  const pragma = parseCacheControl(fields.getList(FieldId.pragma) ?? '');
  return parseCacheControl(pragma.has('no-cache') ? 'no-cache' : '');
}

function directivesText(fields: Fields, { targeted }: ResponseFacts): string {
  return fields.getList(targeted ? FieldId.cdnCacheControl : FieldId.cacheControl) ?? '';
}

function saysReason(reason: ReuseReason): string {
  const says = reuseReasons[reason];
  return says.startsWith('section') ? `RFC 9111 ${says}` : says;
}

/** `name:value` and `name` lines, as policy/vary.ts makes them. */
function valuesOfVariant(variant: string): ExplainedResponse['variesBy'] {
  return variant
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return colon === -1
        ? { name: line, value: null }
        : { name: line.slice(0, colon), value: line.slice(colon + 1) };
    });
}
