/** The pages of the admin door, one row each. */
import type { System } from '../core/base/index.ts';
import { METRICS_CONTENT_TYPE, type Metrics } from '../core/observe/index.ts';
import { readyReport, statusReport } from './health.ts';

/** What the pages show. `systems` is asked at each request: systems come and go. */
export interface Shown {
  readonly version: string;
  readonly metrics: Metrics;
  systems(): readonly System[];
}

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Route {
  readonly path: string;
  readonly about: string;
  page(shown: Shown): Page;
}

export const routes: readonly Route[] = [
  {
    path: '/metrics',
    about: 'Prometheus metrics.',
    page: ({ metrics }) => ({
      status: 200,
      contentType: METRICS_CONTENT_TYPE,
      body: metrics.text(),
    }),
  },
  {
    path: '/live',
    about: '200 as long as the process can answer; anything else means restart it.',
    page: () => json(200, { live: true }),
  },
  {
    path: '/ready',
    about: '200 when every system takes work, 503 with the systems that do not.',
    page: ({ systems }) => {
      const report = readyReport(systems());
      return json(report.ready ? 200 : 503, report);
    },
  },
  {
    path: '/status',
    about: 'Every system with its state, its addresses and its figures.',
    page: ({ version, systems }) => json(200, statusReport(version, systems())),
  },
];

/** The page for a request; an unknown path gets the list of the known ones. */
export function pageFor(method: string, target: string, shown: Shown): Page {
  const path = target.split('?', 1)[0];
  const route = routes.find((each) => each.path === path);
  if (route === undefined) {
    const known = routes.map((each) => ({ path: each.path, about: each.about }));
    return json(404, { error: 'there is no such page', pages: known });
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return json(405, { error: `${route.path} answers GET and HEAD` });
  }
  return route.page(shown);
}

/** The answer to a request that was meant for another host (RFC 9110 15.5.20). */
export function strangerPage(host: string): Page {
  const error = `this door listens on loopback and answers to localhost, 127.0.0.1 and [::1], not to ${JSON.stringify(host)}; to reach it by another name, set admin.host to an address of the network`;
  return json(421, { error });
}

function json(status: number, value: unknown): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}
