/** Makes the routes of a configuration ready for use, and says what is wrong with those that cannot be. */
import type { RouteSettings } from '../config/routes.ts';
import { Route } from './route.ts';
import { RouteError, type RouteProblem } from './route-problems.ts';
import { RouteTable } from './route-table.ts';

/**
 * Makes the table of a configuration, once for it.
 * @throws RouteError with all problems.
 */
export function compileRoutes(settings: readonly RouteSettings[]): RouteTable {
  const problems: RouteProblem[] = [];
  const routes = compile(settings, problems);
  if (problems.length > 0) throw new RouteError(problems);
  return new RouteTable(routes);
}

/** What `compileRoutes` would throw, for the check of the configuration. */
export function routeProblems(settings: readonly RouteSettings[]): RouteProblem[] {
  const problems: RouteProblem[] = [];
  compile(settings, problems);
  return problems;
}

function compile(settings: readonly RouteSettings[], problems: RouteProblem[]): Route[] {
  return settings.map(
    (route, index) =>
      new Route(route, index, (setting, says) => {
        problems.push({ key: `routes.${route.name}.${setting}`, says });
      }),
  );
}
