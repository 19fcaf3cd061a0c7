/** What operators can ask of a running cache beside its settings, one row each. */
import type {
  Operation,
  OperationAnswer,
  OperationCall,
  OperationRefused,
} from '../../core/base/index.ts';
import { type PurgeAsked, type PurgeKind, purgeProblemTable, tagOfText } from '../purge/index.ts';
import type { CacheDoor } from './cache-door.ts';

const refusals = {
  'bad-body': [400, 'The body is not as it should be.'],
  'bad-request': [400, 'The request to be explained is not as it should be.'],
  'no-such-route': [404, 'No such route has a cache.'],
} as const;

function refuse(problem: keyof typeof refusals, detail: string): OperationRefused {
  const [status, title] = refusals[problem];
  return { ok: false, status, problem, title, detail };
}

export function cacheOperations(cache: CacheDoor): readonly Operation[] {
  return [
    {
      method: 'GET',
      path: '/status',
      about: 'What the cache has handled and holds, and how far purges are.',
      needsToken: false,
      run: () => ({ ok: true, body: cache.status() }),
    },
    {
      method: 'POST',
      path: '/purge',
      about:
        'Forgets responses by URL, beginning of URLs, host or tag, or all; or makes them stale.',
      needsToken: true,
      run: (call) => purge(cache, call),
    },
    {
      method: 'POST',
      path: '/explain',
      about: 'Says what would become of a request: key, variant, freshness and what decides.',
      needsToken: true,
      run: (call) => explain(cache, call),
    },
  ];
}

const WANTED_PURGE =
  'wanted { "url" | "prefix" | "host" | "tag": a text or a list of texts, or "all": true; "soft": true or false; "id": a text }';

async function purge(cache: CacheDoor, { body }: OperationCall): Promise<OperationAnswer> {
  const asked = purgesOf(body);
  if (asked === undefined) return refuse('bad-body', WANTED_PURGE);
  const { id } = body as { readonly id?: string };
  const outcome = await cache.purge(asked, { who: 'admin', by: 'admin', ...(id && { id }) });
  if (outcome.ok) {
    const { ok: _, ...purged } = outcome;
    return { ok: true, body: { purged: true, ...purged } };
  }
  const { problem, detail } = outcome;
  const [status, title] = purgeProblemTable[problem];
  return { ok: false, status, problem, title, detail };
}

const NAMED: readonly PurgeKind[] = ['url', 'prefix', 'host', 'tag'];

/** Undefined: the body is none. */
function purgesOf(body: unknown): readonly PurgeAsked[] | undefined {
  if (!isObject(body)) return undefined;
  const { soft = false, all, id = '', ...named } = body;
  if (typeof soft !== 'boolean' || typeof id !== 'string') return undefined;
  if (all !== undefined && typeof all !== 'boolean') return undefined;
  const asked: PurgeAsked[] = all === true ? [{ kind: 'all', value: '', soft }] : [];
  for (const [name, given] of Object.entries(named)) {
    const kind = NAMED.find((each) => each === name);
    const texts = textsOf(given);
    if (kind === undefined || texts === undefined) return undefined;
    for (const text of texts) {
      asked.push({ kind, value: kind === 'tag' ? tagOfText(text) : text, soft });
    }
  }
  return asked.length === 0 ? undefined : asked;
}

const WANTED_EXPLAIN =
  'wanted { "url": a text, "method": a text, "headers": a list of "name: value", "route": a text }; all but url may be left out';

async function explain(cache: CacheDoor, { body }: OperationCall): Promise<OperationAnswer> {
  if (!isObject(body)) return refuse('bad-body', WANTED_EXPLAIN);
  const { url, method = 'GET', headers = [], route, ...others } = body;
  const lines = textsOf(headers);
  const isRight =
    typeof url === 'string' &&
    typeof method === 'string' &&
    (route === undefined || typeof route === 'string') &&
    Object.keys(others).length === 0;
  if (!isRight || lines === undefined) return refuse('bad-body', WANTED_EXPLAIN);
  const explanations = await cache.explain({ url, method, headers: lines, route });
  if (typeof explanations === 'string') return refuse('bad-request', explanations);
  if (explanations.length === 0) {
    return refuse(
      'no-such-route',
      route === undefined ? 'no route has a cache' : `no route ${route} has a cache`,
    );
  }
  return { ok: true, body: { explanations } };
}

/** A text or a list of texts as a list. */
function textsOf(given: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.every((text) => typeof text === 'string') ? list : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
