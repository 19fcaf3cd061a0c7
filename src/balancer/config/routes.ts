/** Routes: which requests go where, and how they are changed on the way. */
import {
  choice,
  duration,
  integer,
  type RecordOf,
  records,
  required,
  text,
} from '../../core/config/index.ts';
import { reloadable, words } from './words.ts';

export const routes = records(
  'Which requests go where; the most specific one wins, of equals the first.',
  {
    listeners: words('Listeners it holds on; without any all of protocol http.'),
    hosts: words('Hosts, `*.example.com` for all below one; without any all.'),
    path: text({ default: undefined, about: 'Exact path.', reloadable }),
    prefix: text({
      default: undefined,
      about: 'Beginning of the path, whole segments.',
      reloadable,
    }),
    pattern: text({
      default: undefined,
      about: 'Regular expression that the whole path matches.',
      reloadable,
    }),
    methods: words('Methods; without any all.'),
    headers: words('Conditions on fields: `name`, `name: value`, `!name`; all must hold.'),
    query: words('Conditions on parameters: `name`, `name=value`, `!name`; all must hold.'),
    pool: text({ default: undefined, about: 'Where it goes.', reloadable }),
    fallback: text({
      default: undefined,
      about:
        'Pool that is used when no server of `pool` can be, also by requests that failed there.',
      reloadable,
    }),
    split: records(
      'Several pools with their shares, instead of one.',
      {
        pool: required(text({ default: undefined, about: 'The pool.', reloadable })),
        weight: integer({ default: 1, max: 1_000_000, about: 'Its share.', reloadable }),
      },
      { one: 'share', max: 64, reloadable },
    ),
    guard: text({
      default: undefined,
      about: 'Rule of edge.guard by which floods and unwanted clients are turned away.',
      reloadable,
    }),
    access: text({
      default: undefined,
      about: 'Rule of edge.access: signed URLs, hotlinks, countries, CORS.',
      reloadable,
    }),
    cache: text({
      default: undefined,
      about: 'Rule of the cache by which responses are stored: `default`, or one of cache.rules.',
      reloadable,
    }),
    redirect: text({
      default: undefined,
      about:
        'Answer with a redirect to this address; `{host}`, `{path}` and `{query}` are filled in.',
      reloadable,
    }),
    redirectStatus: choice(['301', '302', '303', '307', '308'], {
      default: '308',
      about: 'Its status.',
      reloadable,
    }),
    respond: integer({
      default: 0,
      max: 599,
      about: 'Answer with this status; 0 for no such answer.',
      reloadable,
    }),
    rewritePrefix: text({ default: undefined, about: 'Put in the place of `prefix`.', reloadable }),
    rewritePath: text({
      default: undefined,
      about: 'The new path; of a `pattern` with $1 and so on.',
      reloadable,
    }),
    rewriteHost: text({ default: undefined, about: 'Host field for the server.', reloadable }),
    requestHeaders: words(
      'Edits of the request: `name: value` sets, `+name: value` adds, `-name` removes.',
    ),
    responseHeaders: words('The same for the response.'),
    requestMs: duration({
      default: 0,
      about: 'For the whole request; 0: the listener’s.',
      reloadable,
    }),
  },
  { one: 'route', max: 10_000, reloadable },
);

export type RouteSettings = RecordOf<typeof routes.fields>;
