/**
 * The pipeline of a route: what happens to an exchange once its route is known.
 *
 *     accept ─▶ parse ─▶ route ─▶ guard ─▶ cache ─▶ function ─▶ balance ─▶ upstream
 *
 * A stage is a function from the next handler to its own; each is a folder of its own and one line of `stages`.
 */
import { answer, type Exchange, type Handler, type Stages } from '../../core/http/index.ts';
import { forward } from '../../core/proxy/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import type { PoolRuntime } from '../pools/pool-runtime.ts';
import { refusalSays } from '../routes/refusals.ts';
import type { Route } from '../routes/route.ts';
import { EditedResponse } from './edited-response.ts';

export type Stage = (route: Route, next: Handler, stages: Stages) => Handler;

/** Between route and balance, in their order. */
const pipeline: readonly Stage[] = [cached];

/** Finds a pool by its name when a request needs it: pools are swapped under routes. */
export type PoolNamed = (name: string) => PoolRuntime | undefined;

/** What is done with the exchanges of a route. */
export function handlerOf(route: Route, poolNamed: PoolNamed, stages: Stages): Handler {
  return pipeline.reduceRight((next, stage) => stage(route, next, stages), last(route, poolNamed));
}

/** Without a cache in this process requests go on. */
function cached(route: Route, next: Handler, stages: Stages): Handler {
  const maker = route.cache === undefined ? undefined : stages.of('cache');
  if (maker === undefined) return next;
  return maker.make(route.cache as string, route.name, next) ?? ruleIsGone;
}

function ruleIsGone(exchange: Exchange): void {
  answer(exchange, {
    status: 503,
    says: 'The cache has no rule of the name that this route says.',
  });
}

function last(route: Route, poolNamed: PoolNamed): Handler {
  if (route.kind === 'redirect') return (exchange) => redirect(route, exchange);
  if (route.kind === 'respond') return (exchange) => respond(route, exchange);
  return (exchange) => balance(route, poolNamed, exchange);
}

function balance(route: Route, poolNamed: PoolNamed, exchange: Exchange): void {
  const { request } = exchange;
  const pool = poolNamed(route.pools[route.next()] as string);
  if (pool === undefined) {
    answer(exchange, { status: 503, says: 'The pool of this route is gone.' });
    return;
  }
  if (!route.rewrite(request) || !route.editRequest(request)) {
    answer(exchange, { status: 400, says: 'The request can not be rewritten as its route asks.' });
    return;
  }
  if (route.editsResponses) exchange.sink = new EditedResponse(exchange.sink, route);
  forward(exchange, pool);
}

function redirect(route: Route, exchange: Exchange): void {
  const location = route.redirect(exchange.request);
  if (location === undefined) {
    answer(exchange, { status: 400, says: 'The request can not be redirected as its route asks.' });
    return;
  }
  answer(exchange, { status: route.status, fields: [[FieldId.location, location]] });
}

function respond(route: Route, exchange: Exchange): void {
  const says = refusalSays.get(route);
  answer(exchange, { status: route.status, ...(says !== undefined && { says }) });
}
