/**
 * The pipeline of a route: what happens to an exchange once its route is known.
 *
 *     accept ─▶ parse ─▶ route ─▶ guard ─▶ cache ─▶ function ─▶ balance ─▶ upstream
 *
 * A stage is a function from the next handler to its own; each is a folder of its own and one line of `stages`.
 */
import { answer, type Exchange, type Handler } from '../../core/http/index.ts';
import { forward } from '../../core/proxy/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import type { PoolRuntime } from '../pools/pool-runtime.ts';
import { refusalSays } from '../routes/refusals.ts';
import type { Route } from '../routes/route.ts';
import { EditedResponse } from './edited-response.ts';

export type Stage = (route: Route, next: Handler) => Handler;

/** Between route and balance, in their order. */
const stages: readonly Stage[] = [];

/** Finds a pool by its name when a request needs it: pools are swapped under routes. */
export type PoolNamed = (name: string) => PoolRuntime | undefined;

/** What is done with the exchanges of a route. */
export function handlerOf(route: Route, poolNamed: PoolNamed): Handler {
  return stages.reduceRight((next, stage) => stage(route, next), last(route, poolNamed));
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
