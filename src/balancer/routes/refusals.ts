/** Routes of requests that no route of the configuration may have: they answer 400 and say why. */
import { recordDefaults } from '../../core/config/index.ts';
import { routes } from '../config/routes.ts';
import { Route } from './route.ts';

/** The path has a broken percent-encoding, NUL, an encoding that is too long, or leads above the root. */
export const badPath: Route = refusal('bad-path');
/** Servers read the path in different ways, and by the routes they would be different requests. */
export const ambiguousPath: Route = refusal('ambiguous-path');

/** What they tell the client. */
export const refusalSays: ReadonlyMap<Route, string> = new Map([
  [badPath, 'The path has a broken or forbidden encoding, or leads above the root.'],
  [ambiguousPath, 'Servers may read this path in more than one way, and routes tell those apart.'],
]);

function refusal(name: string): Route {
  return new Route({ ...recordDefaults(routes, name), respond: 400 }, -1, () => {});
}
