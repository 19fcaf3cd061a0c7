/**
 * The pipeline of a route: what happens to an exchange once its route is known.
 *
 *     accept ─▶ parse ─▶ route ─▶ guard ─▶ access ─▶ cache ─▶ balance ─▶ upstream
 *
 * A stage is a function from the next handler to its own; other systems make them, by the rules that a route names.
 */
import { answer, type Exchange, type Handler, type Stages } from '../../core/http/index.ts';
import { type ForwardPlan, forward } from '../../core/proxy/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import type { PoolRuntime } from '../pools/pool-runtime.ts';
import { refusalSays } from '../routes/refusals.ts';
import { type Route, type StageKind, stageKinds } from '../routes/route.ts';
import { EditedResponse } from './edited-response.ts';

/** Finds a pool by its name when a request needs it: pools are swapped under routes. */
export type PoolNamed = (name: string) => PoolRuntime | undefined;

/** What a route does that names a stage which no system of this process offers. */
const withoutMaker: Readonly<Record<StageKind, 'goes-on' | 'refuses'>> = {
  guard: 'refuses',
  access: 'refuses',
  cache: 'goes-on',
};

/** What is done with the exchanges of a route. */
export function handlerOf(route: Route, poolNamed: PoolNamed, stages: Stages): Handler {
  return stageKinds.reduceRight(
    (next, kind) => staged(kind, route, next, stages),
    last(route, poolNamed),
  );
}

function staged(kind: StageKind, route: Route, next: Handler, stages: Stages): Handler {
  const rule = route.rules[kind];
  if (rule === undefined) return next;
  const maker = stages.of(kind);
  if (maker !== undefined) return maker.make(rule, route.name, next) ?? isMissing(kind);
  return withoutMaker[kind] === 'goes-on' ? next : isMissing(kind);
}

function isMissing(kind: StageKind): Handler {
  const says = `The ${kind} of this route has no rule of the name that it says.`;
  return (exchange) => answer(exchange, { status: 503, says });
}

function last(route: Route, poolNamed: PoolNamed): Handler {
  if (route.kind === 'redirect') return (exchange) => redirect(route, exchange);
  if (route.kind === 'respond') return (exchange) => respond(route, exchange);
  return (exchange) => balance(route, poolNamed, exchange);
}

function balance(route: Route, poolNamed: PoolNamed, exchange: Exchange): void {
  const { request } = exchange;
  const pool = planOf(route, poolNamed);
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

function planOf(route: Route, poolNamed: PoolNamed): ForwardPlan | undefined {
  const pool = poolNamed(route.pools[route.next()] as string);
  if (route.fallback === undefined) return pool;
  const fallback = poolNamed(route.fallback);
  if (pool === undefined || fallback === undefined) return pool ?? fallback;
  return pool.before(fallback);
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
