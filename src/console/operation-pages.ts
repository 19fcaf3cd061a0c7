/**
 * The operations of the systems on the admin door: `/systems/<name>/...`, as the tables of the systems say, and
 * `/systems` with the list of them.
 */
import type { Operation, OperationAnswer, System } from '../core/base/index.ts';
import { refusal } from './authorization.ts';
import { parseJson } from './json-body.ts';
import { BODY_BYTES_MAX } from './limits.ts';
import { type DoorRequest, jsonPage, type Page } from './page.ts';
import { problemOf, problemPage } from './problems.ts';

export const OPERATIONS_PATH = '/systems';
const JSON_TYPE = 'application/json';
/** JSON texts, one a line. */
const LINES_TYPE = 'application/x-ndjson';

interface Found {
  readonly operation: Operation;
  readonly names: Readonly<Record<string, string>>;
}

/** Every operation there is, for people. */
export function operationsPage(systems: readonly System[]): Page {
  const operations = systems.flatMap((system) =>
    (system.operations?.() ?? []).map(({ method, path, about, needsToken }) => ({
      method,
      path: `${OPERATIONS_PATH}/${system.name}${path}`,
      about,
      needsToken,
    })),
  );
  return jsonPage(200, { operations });
}

/** The answer to a request below `/systems/`. @param token as `refusal` takes it */
export async function operationPage(
  request: DoorRequest,
  systems: readonly System[],
  token: string | undefined,
): Promise<Page> {
  const { path } = request;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const found = matching(path, systems);
  if (found.length === 0) {
    return problemPage(
      'no-such-page',
      `there is no ${path}; ${OPERATIONS_PATH} lists what there is`,
    );
  }
  const meant = found.find(({ operation }) => operation.method === method);
  if (meant === undefined) {
    const methods = found.map(({ operation }) => operation.method);
    const allow = methods.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each])).join(', ');
    return problemPage('method-not-allowed', `${path} answers ${allow}`, { headers: { allow } });
  }
  const refused = meant.operation.needsToken ? refusal(request, token) : undefined;
  if (refused !== undefined) return refused;
  const body = method === 'GET' ? { ok: true as const, value: undefined } : await bodyOf(request);
  if (!body.ok) return body.page;
  return pageOf(await meant.operation.run({ names: meant.names, body: body.value }));
}

function pageOf(answer: OperationAnswer): Page {
  if ('stream' in answer) {
    return {
      status: 200,
      contentType: LINES_TYPE,
      body: '',
      stream: (write) => answer.stream({ write: (value) => write(`${JSON.stringify(value)}\n`) }),
    };
  }
  if (answer.ok) return jsonPage(answer.status ?? 200, answer.body);
  const { status, problem: name, title, detail } = answer;
  return problemOf({ status, title, name, detail });
}

type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly page: Page };

async function bodyOf(request: DoorRequest): Promise<Body> {
  const no = (page: Page): Body => ({ ok: false, page });
  const bytes = await request.body();
  if (bytes === undefined) {
    const detail = `the body is larger than ${BODY_BYTES_MAX} bytes`;
    return no(problemPage('too-large', detail, { headers: { connection: 'close' } }));
  }
  if (bytes.length === 0) return { ok: true, value: undefined };
  // Forms that a web page can send unasked have other types.
  const type = (request.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  const coding = request.header('content-encoding') ?? 'identity';
  if (type !== JSON_TYPE || coding !== 'identity') {
    return no(problemPage('wrong-media-type', `wanted ${JSON_TYPE} without a coding`));
  }
  const json = parseJson(bytes);
  return json.ok ? json : no(problemPage('not-json', json.why));
}

/** The rows of this path, one for each method it has. */
function matching(path: string, systems: readonly System[]): readonly Found[] {
  const parts = path.slice(OPERATIONS_PATH.length + 1).split('/');
  const system = systems.find(({ name }) => name === parts[0]);
  const given = parts.slice(1);
  return (system?.operations?.() ?? []).flatMap((operation) => {
    const names = namesOf(operation.path.split('/').slice(1), given);
    return names === undefined ? [] : [{ operation, names }];
  });
}

function namesOf(
  pattern: readonly string[],
  given: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== given.length) return undefined;
  const names: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const text = decoded(given[i] as string);
    if (text === undefined) return undefined;
    if (part.startsWith(':')) names[part.slice(1)] = text;
    else if (part !== text) return undefined;
  }
  return names;
}

/** RFC 3986 section 2.1; undefined for what is not UTF-8 or broken. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
