/**
 * What a request with the method PURGE is answered.
 *
 *     PURGE /a                       the URL with all its variants, by either scheme
 *     PURGE /   Surrogate-Key: a b   tags instead of the URL (Cache-Tag: a, b as well)
 *     Soft-Purge: 1                  makes stale instead of forgetting
 *     Idempotency-Key: x             in a network: with the same one it is the same purge, asked for again
 *
 * The answer is JSON, 200 when nothing of it is served any more. The method has no specification; these are the
 * habits of Varnish, Fastly and others.
 */
import { type Answer, answer, type Exchange } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import { TokenBucket } from '../../core/resilience/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import { FieldId, lowerName, MethodId, TargetForm } from '../../core/wire/index.ts';
import { PurgeAccess, type PurgeRight } from './purge-access.ts';
import type { PurgeSettings } from './purge-fields.ts';
import type { PurgeAsked } from './purge-plan.ts';
import { ASKED_MAX, type PurgeOutcome, type Purger, purgeProblemTable } from './purger.ts';
import { tagsOf } from './tags.ts';

export interface PurgeHandlerOptions {
  readonly purger: Pick<Purger, 'purge' | 'counts'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asked for each request, as settings are live. */
  settings(): PurgeSettings;
}

const SOFT = lowerName('soft-purge');
/** draft-ietf-httpapi-idempotency-key-header. */
const ID = lowerName('idempotency-key');
const CHALLENGE = 'Bearer realm="plinth"';
/** Lines of the log about refused requests: who floods us does not flood the log. */
const REFUSALS_LOGGED = { capacity: 10, perSecond: 1 };

/** @returns a function that says whether it has taken the request; what it has not taken goes its way. */
export function purgeHandler(options: PurgeHandlerOptions): (exchange: Exchange) => boolean {
  const { purger, clock, log } = options;
  const access = new PurgeAccess();
  const refusals = new TokenBucket({ ...REFUSALS_LOGGED, nowMs: clock.monotonicMs() });
  return (exchange) => {
    if (exchange.request.method !== MethodId.purge) return false;
    const settings = options.settings();
    if (!settings.method) return false;
    const who = exchange.client.remoteAddress;
    const right = access.rightOf(exchange, settings);
    if (right !== 'token' && right !== 'network') {
      purger.counts.refuse(right);
      if (refusals.take(1, clock.monotonicMs())) log.warn('a purge was refused', { who, right });
      answer(exchange, refusalOf(right));
      return true;
    }
    const asked = askedBy(exchange);
    if (typeof asked === 'string') {
      answer(exchange, jsonAnswer(400, { problem: 'bad-purge', detail: asked }));
      return true;
    }
    const { fields } = exchange.request;
    const idAt = fields.findName(ID);
    const id = idAt === -1 ? undefined : fields.value(idAt);
    answerLater(exchange, purger.purge(asked, { who, by: `PURGE, ${right}`, id }));
    return true;
  };
}

/** What a request asks to purge; a text says what is wrong. */
function askedBy({ request }: Exchange): readonly PurgeAsked[] | string {
  const { fields, form } = request;
  const softAt = fields.findName(SOFT);
  const soft = softAt !== -1 && /^(?:1|true)$/i.test(fields.value(softAt));
  const tags = tagsOf(fields, ASKED_MAX);
  if (tags === null) return `wanted at most ${ASKED_MAX} tags, none of them too long`;
  if (tags.length > 0) return tags.map((value) => ({ kind: 'tag', value, soft }));
  // A field without a tag must not come to mean the URL that happens to stand there.
  if (fields.has(FieldId.surrogateKey) || fields.has(FieldId.cacheTag)) return 'no tag is named';
  if (form !== TargetForm.origin && form !== TargetForm.absolute) return 'wanted a path';
  if (request.authorityLength === 0) return 'wanted a Host field';
  const query = request.hasQuery ? `?${request.query()}` : '';
  return [{ kind: 'url', value: `${request.authority()}${request.path()}${query}`, soft }];
}

function answerLater(exchange: Exchange, purging: Promise<PurgeOutcome>): void {
  let isGone = false;
  exchange.flow = {
    onDrain: () => {},
    onAbort: () => {
      isGone = true;
    },
  };
  void purging.then((outcome) => {
    // It has been carried out, but the exchange belongs to somebody else by now.
    if (isGone) return;
    exchange.flow = null;
    answer(exchange, outcomeAnswer(outcome));
  });
}

function outcomeAnswer(outcome: PurgeOutcome): Answer {
  if (outcome.ok) {
    const { ok: _, ...purged } = outcome;
    return jsonAnswer(200, { purged: true, ...purged });
  }
  const { problem, detail, waitMs } = outcome;
  const [status, title] = purgeProblemTable[problem];
  const page = jsonAnswer(status, { problem, title, detail });
  if (waitMs === 0 || waitMs === Number.POSITIVE_INFINITY) return page;
  const seconds = String(Math.ceil(waitMs / 1000));
  return { ...page, fields: [...(page.fields ?? []), [FieldId.retryAfter, seconds]] };
}

function refusalOf(right: Exclude<PurgeRight, 'token' | 'network'>): Answer {
  if (right === 'forbidden') {
    const detail = 'this address may not purge, and there is no token in the settings';
    return jsonAnswer(403, { problem: right, detail });
  }
  const page = jsonAnswer(401, { problem: right, detail: 'Authorization: Bearer <token>' });
  const challenge = right === 'no-token' ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`;
  return { ...page, fields: [...(page.fields ?? []), [FieldId.wwwAuthenticate, challenge]] };
}

function jsonAnswer(status: number, body: unknown): Answer {
  return {
    status,
    contentType: 'application/json',
    body: Buffer.from(`${JSON.stringify(body)}\n`),
    fields: [[FieldId.cacheControl, 'no-store']],
  };
}
