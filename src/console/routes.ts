/** The pages of the admin door, one row each. */
import type { System } from '../core/base/index.ts';
import { METRICS_CONTENT_TYPE, type Metrics } from '../core/observe/index.ts';
import { refusal } from './authorization.ts';
import type { ConfigDoor } from './config-door.ts';
import { configPage, patchConfigPage, settingsPage } from './config-pages.ts';
import { readyReport, statusReport } from './health.ts';
import { OPERATIONS_PATH, operationPage, operationsPage } from './operation-pages.ts';
import { type DoorRequest, jsonPage, type Page } from './page.ts';
import { problemPage } from './problems.ts';

/** What the pages show. `systems` is asked at each request: systems come and go. */
export interface Shown {
  readonly version: string;
  readonly metrics: Metrics;
  readonly config: ConfigDoor;
  systems(): readonly System[];
  /** What a request must bear for pages that need it; undefined when none is taken. */
  token(): string | undefined;
}

export interface Route {
  readonly path: string;
  readonly about: string;
  /** True when the request must bear the token. */
  readonly needsToken: boolean;
  /** The answer to GET and HEAD. */
  page(shown: Shown): Page;
  /** The answer to PATCH, where there is one. */
  patch?(request: DoorRequest, shown: Shown): Promise<Page>;
}

export const routes: readonly Route[] = [
  {
    path: '/metrics',
    about: 'Prometheus metrics.',
    needsToken: false,
    page: ({ metrics }) => ({
      status: 200,
      contentType: METRICS_CONTENT_TYPE,
      body: metrics.text(),
    }),
  },
  {
    path: '/live',
    about: '200 as long as the process can answer; anything else means restart it.',
    needsToken: false,
    page: () => jsonPage(200, { live: true }),
  },
  {
    path: '/ready',
    about: '200 when every system takes work, 503 with the systems that do not.',
    needsToken: false,
    page: ({ systems }) => {
      const report = readyReport(systems());
      return jsonPage(report.ready ? 200 : 503, report);
    },
  },
  {
    path: '/status',
    about: 'Every system with its state, its addresses and its figures.',
    needsToken: false,
    page: ({ version, systems }) => jsonPage(200, statusReport(version, systems())),
  },
  {
    path: '/config',
    about: 'What is configured, secrets hidden; PATCH changes it by a JSON Merge Patch.',
    needsToken: true,
    page: ({ config }) => configPage(config),
    patch: (request, { config }) => patchConfigPage(request, config),
  },
  {
    path: '/config/settings',
    about: 'Each setting with where it comes from, and what waits for a restart.',
    needsToken: true,
    page: ({ config }) => settingsPage(config),
  },
  {
    path: OPERATIONS_PATH,
    about: 'What can be asked of each system, at the pages below this one.',
    needsToken: false,
    page: ({ systems }) => operationsPage(systems()),
  },
];

/** The page for a request; an unknown path gets the list of the known ones. */
export async function pageFor(request: DoorRequest, shown: Shown): Promise<Page> {
  const { method, path } = request;
  if (path.startsWith(`${OPERATIONS_PATH}/`)) {
    return await operationPage(request, shown.systems(), shown.token());
  }
  const route = routes.find((each) => each.path === path);
  if (route === undefined) {
    const pages = routes.map((each) => ({ path: each.path, about: each.about }));
    return problemPage('no-such-page', `there is no ${path}`, { members: { pages } });
  }
  const isRead = method === 'GET' || method === 'HEAD';
  if (!isRead && (method !== 'PATCH' || route.patch === undefined)) {
    const allow = route.patch === undefined ? 'GET, HEAD' : 'GET, HEAD, PATCH';
    return problemPage('method-not-allowed', `${path} answers ${allow}`, { headers: { allow } });
  }
  const refused = route.needsToken ? refusal(request, shown.token()) : undefined;
  if (refused !== undefined) return refused;
  if (isRead || route.patch === undefined) return route.page(shown);
  return await route.patch(request, shown);
}

/** The answer to a request that was meant for another host (RFC 9110 15.5.20). */
export function strangerPage(host: string): Page {
  const detail = `this door listens on loopback and answers to localhost, 127.0.0.1 and [::1], not to ${JSON.stringify(host)}; to reach it by another name, set admin.host to an address of the network`;
  return problemPage('wrong-host', detail);
}
