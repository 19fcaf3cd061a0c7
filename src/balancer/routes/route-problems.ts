/** What is wrong with the settings of routes and shows only when they are made ready for use. */

export interface RouteProblem {
  /** The setting to blame, below the section: `routes.api.pattern`. */
  readonly key: string;
  /** What is wrong with it, following its name: `is no regular expression: ...`. */
  readonly says: string;
}

/** Notes a problem of one route: the setting's name as in the file, and what is wrong with it. */
export type Report = (setting: string, says: string) => void;

/** Thrown for routes that cannot be used. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly problems: readonly RouteProblem[];

  constructor(problems: readonly RouteProblem[]) {
    super(problems.map(({ key, says }) => `${key} ${says}`).join('; '));
    this.problems = problems;
  }
}
