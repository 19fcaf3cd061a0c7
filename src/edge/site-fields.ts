/** Settings of sites: what the network serves, from which origin, by which rules. */

import { routeRecords } from '../balancer/config/index.ts';
import {
  choice,
  flag,
  group,
  integer,
  list,
  path,
  type RecordOf,
  records,
  required,
  text,
} from '../core/config/index.ts';

const reloadable = true;

const words = (about: string) =>
  list(text({ default: '', about }), { default: [], about, reloadable, max: 1000 });

const origin = group('Where the content comes from.', {
  servers: records(
    'Servers; those of the lowest priority that are well are used.',
    {
      address: required(text({ default: undefined, about: 'host:port.', reloadable })),
      weight: integer({ default: 1, max: 1000, about: 'Share of the work.', reloadable }),
      priority: integer({ default: 0, max: 100, about: '0 is used first.', reloadable }),
    },
    { one: 'server', max: 256, reloadable },
  ),
  host: text({
    default: undefined,
    about: 'Host field for them; default the one that the user asked for.',
    reloadable,
  }),
  tls: flag({ default: false, about: 'Speak TLS to them.', reloadable }),
  tlsVerify: flag({ default: true, about: 'Check their certificates.', reloadable }),
  tlsName: text({
    default: undefined,
    about: 'Name in SNI and certificate; default the host of the server.',
    reloadable,
  }),
  tlsCa: path({
    default: undefined,
    about: 'File of authorities, PEM; default those of the system.',
    reloadable,
  }),
  check: choice(['none', 'tcp', 'http'], {
    default: 'tcp',
    about: 'How their health is checked.',
    reloadable,
  }),
  checkPath: text({ default: '/', about: 'Target of an HTTP check.', reloadable }),
  connectionsMax: integer({
    default: 0,
    about: 'Connections to one server from one PoP; requests beyond them wait. 0 for no limit.',
    reloadable,
  }),
});

const {
  path: exactPath,
  prefix,
  pattern,
  methods,
  headers,
  query,
  guard,
  access,
  cache,
  redirect,
  redirectStatus,
  respond,
  rewritePrefix,
  rewritePath,
  requestHeaders,
  responseHeaders,
} = routeRecords.fields;

const rules = records(
  'What is different for some requests of the site; the most specific rule wins.',
  {
    path: exactPath,
    ...{ prefix, pattern, methods, headers, query },
    ...{ guard, access, cache },
    ...{ redirect, redirectStatus, respond },
    ...{ rewritePrefix, rewritePath, requestHeaders, responseHeaders },
  },
  { one: 'rule', max: 1000, reloadable },
);

export const sites = records(
  'What the network serves.',
  {
    hosts: words('Hosts, `*.example.com` for all below one.'),
    origin,
    cache: text({
      default: 'default',
      about: 'Rule of the cache by which responses are stored; empty for no cache.',
      reloadable,
    }),
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
    redirectToHttps: flag({
      default: false,
      about: 'Whether requests without TLS are redirected to it.',
      reloadable,
    }),
    certFile: path({
      default: undefined,
      about: 'Its certificate with the chain, PEM; without it and without ACME there is no TLS.',
      reloadable,
    }),
    keyFile: path({ default: undefined, about: 'Its private key, PEM.', reloadable }),
    ocspFile: path({
      default: undefined,
      about: 'What its authority says of it (OCSP, DER), sent in handshakes.',
      reloadable,
    }),
    requestHeaders,
    responseHeaders,
    rules,
  },
  { one: 'site', max: 1000, reloadable, change: 'Add one for each group of hosts.' },
);

export type SiteSettings = RecordOf<typeof sites.fields>;
export type SiteRuleSettings = SiteSettings['rules'][number];
