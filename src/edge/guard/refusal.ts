/** What those get who are held back. */
import { answer, type Exchange } from '../../core/http/index.ts';
import { BodyKind, FieldId, MethodId } from '../../core/wire/index.ts';
import { CHALLENGE_POLICY, challengePage } from './challenge-page.ts';
import { type Mitigation, mitigationTable } from './reasons.ts';

const NO_STORE: readonly [FieldId, string] = [FieldId.cacheControl, 'no-store'];
const RETRY_SECONDS_MAX = 3600;

const says: Readonly<Record<number, string>> = {
  403: 'You are not let in here.',
  416: 'These are too many ranges.',
  429: 'You ask too much. Try again later.',
};

/** What stands in the access log. */
const failures = Object.fromEntries(
  Object.keys(mitigationTable).map((reason) => [reason, `guard-${reason}`]),
) as Readonly<Record<Mitigation, string>>;

/**
 * Refuses a request.
 * @param waitMs until it is worth trying again; 0: nobody knows.
 * @param closes the connection, or in HTTP/2 the stream, behind the bare status.
 */
export function refuse(
  exchange: Exchange,
  reason: Mitigation,
  waitMs: number,
  closes: boolean,
): void {
  exchange.journey.failure = failures[reason];
  // On connections of a proxy others come too.
  if (closes && !exchange.client.isTrusted) {
    cutOff(exchange);
    return;
  }
  const [status] = mitigationTable[reason];
  const retry = String(Math.min(RETRY_SECONDS_MAX, Math.max(1, Math.ceil(waitMs / 1000))));
  answer(exchange, {
    status,
    says: says[status] ?? '',
    // RFC 6585 section 4.
    fields: status === 429 ? [NO_STORE, [FieldId.retryAfter, retry]] : [NO_STORE],
  });
}

/** The status, and an end before the end: a connection of HTTP/1 that breaks off like this is not used again. */
function cutOff(exchange: Exchange): void {
  const { response, sink } = exchange;
  response.reset();
  response.status = 429;
  response.fields.addKnown(FieldId.contentLength, '1');
  response.body = BodyKind.length;
  response.contentLength = 1;
  sink.head(response, false);
  sink.abort();
}

/** Answers with a task, as a page to browsers that ask for one. @returns whether it was set. */
export function setTask(exchange: Exchange, task: string, forSeconds: number): boolean {
  const { request } = exchange;
  exchange.journey.failure = failures.challenge;
  const wantsPage =
    (request.method === MethodId.get || request.method === MethodId.head) &&
    request.fields.getList(FieldId.accept)?.includes('text/html') === true;
  if (!wantsPage) {
    answer(exchange, { status: 403, says: says[403] as string, fields: [NO_STORE] });
    return false;
  }
  answer(exchange, {
    status: 403,
    contentType: 'text/html; charset=utf-8',
    body: challengePage(task, forSeconds),
    fields: [NO_STORE],
    otherFields: [['content-security-policy', CHALLENGE_POLICY]],
  });
  return true;
}
