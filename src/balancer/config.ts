/**
 * The settings of the balancer: listeners accept, routes decide, pools have servers.
 *
 * Everything is live but what a socket is made of.
 */
import {
  address,
  choice,
  decimal,
  duration,
  flag,
  group,
  integer,
  list,
  path,
  port,
  type RecordOf,
  records,
  required,
  secret,
  section,
  size,
  text,
  type ValuesOf,
} from '../core/config/index.ts';
import { configConflicts } from './config-conflicts.ts';
import { type PolicyName, policyTable } from './policies/policy-table.ts';

const POLICIES = Object.keys(policyTable) as PolicyName[];
const reloadable = true;
const words = (about: string, change?: string) =>
  list(text({ default: '', about }), {
    default: [],
    about,
    reloadable,
    ...(change !== undefined && { change }),
  });

const listenerTls = group('TLS of a listener; on when it has a certificate.', {
  certificates: records(
    'Certificates, chosen by the name that a client asks for; the first is for all others.',
    {
      cert: required(path({ default: undefined, about: 'File of the chain, PEM.', reloadable })),
      key: required(
        path({ default: undefined, about: 'File of the private key, PEM.', reloadable }),
      ),
    },
    { one: 'certificate', max: 1000, reloadable },
  ),
  minVersion: choice(['TLSv1.2', 'TLSv1.3'], {
    default: 'TLSv1.2',
    about: 'Oldest version of TLS.',
    reloadable,
  }),
  ciphers: text({ default: undefined, about: 'Cipher list of OpenSSL.', max: 4096, reloadable }),
  http2: flag({ default: true, about: 'Offer HTTP/2 by ALPN.', reloadable }),
  clientCa: path({
    default: undefined,
    about: 'File of the authorities that client certificates chain to.',
    reloadable,
  }),
  clients: choice(['no', 'optional', 'required'], {
    default: 'no',
    about: 'Whether clients must show a certificate.',
    reloadable,
  }),
  hstsMaxAgeMs: duration({
    default: 0,
    about: 'Strict-Transport-Security for so long; 0 for none.',
    reloadable,
  }),
});

const limits = group('What one client may take.', {
  connections: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    about: 'Connections of the listener at once.',
    reloadable,
  }),
  connectionsPerAddress: integer({
    default: 0,
    about: 'Connections from one client address at once; 0 for no limit.',
    reloadable,
  }),
  headBytes: size({
    default: 32_768,
    min: 1024,
    max: 1_048_576,
    about: 'Head of a request.',
    reloadable,
  }),
  fields: integer({
    default: 128,
    min: 8,
    max: 1024,
    about: 'Header fields of a request.',
    reloadable,
  }),
  targetBytes: size({
    default: 8192,
    min: 64,
    max: 65_536,
    about: 'Target (URL) of a request.',
    reloadable,
  }),
  bodyBytes: size({ default: 0, about: 'Body of a request; 0 for no limit.', reloadable }),
  requestsPerConnection: integer({
    default: 0,
    about: 'Requests after which a connection is closed; 0 for no limit.',
    reloadable,
  }),
});

const timeouts = group('How long a client may take.', {
  headMs: duration({
    default: 10_000,
    min: 10,
    about: 'To send the head of a request.',
    reloadable,
  }),
  idleMs: duration({ default: 60_000, min: 10, about: 'Between two requests.', reloadable }),
  bodyMs: duration({
    default: 30_000,
    min: 10,
    about: 'Without a byte of a body that is wanted.',
    reloadable,
  }),
  sendMs: duration({
    default: 30_000,
    min: 10,
    about: 'Without taking a byte of its response.',
    reloadable,
  }),
  requestMs: duration({
    default: 0,
    about: 'For a request from its head to the end of its response; 0 for no limit.',
    reloadable,
  }),
  tcpIdleMs: duration({
    default: 600_000,
    min: 10,
    about: 'Without a byte either way, of TCP and tunnels; UDP sessions end after udp_idle.',
    reloadable,
  }),
  udpIdleMs: duration({ default: 30_000, min: 10, about: 'Of a UDP session.', reloadable }),
});

const listeners = records(
  'Where clients are accepted.',
  {
    protocol: choice(['http', 'tcp', 'tls-passthrough', 'udp'], {
      default: 'http',
      about:
        'What is spoken there: HTTP by the routes, TCP or UDP to a pool, or TLS that is not opened but passed on by its SNI.',
    }),
    bind: address({ default: '127.0.0.1', about: 'Address to listen on.' }),
    port: required(port({ default: undefined, about: 'Port; 0 takes a free one.' })),
    socket: path({
      default: undefined,
      about: 'Path of a Unix socket instead of address and port.',
    }),
    pool: text({
      default: undefined,
      about: 'Pool of a tcp or udp listener; of tls-passthrough the one for names without a row.',
      reloadable,
    }),
    names: records(
      'Of tls-passthrough: which SNI names go to which pool.',
      {
        hosts: words('Names, `*.example.com` for all below one.'),
        pool: required(text({ default: undefined, about: 'Their pool.', reloadable })),
      },
      { one: 'row of names', max: 1000, reloadable },
    ),
    tls: listenerTls,
    redirectToHttps: flag({
      default: false,
      about: 'Answer every request with a redirect to https.',
      reloadable,
    }),
    trusted: words(
      'Addresses and networks (10.0.0.0/8) whose X-Forwarded and Forwarded fields and PROXY headers are believed.',
    ),
    proxyProtocol: flag({
      default: false,
      about: 'Connections from trusted addresses begin with a PROXY protocol header, v1 or v2.',
      reloadable,
    }),
    http2Cleartext: flag({
      default: true,
      about: 'Accept HTTP/2 without TLS from clients that begin with its preface.',
      reloadable,
    }),
    allowConnect: flag({ default: false, about: 'Pass CONNECT on to the route.', reloadable }),
    limits,
    timeouts,
  },
  { one: 'listener', max: 256, reloadable },
);

const servers = records(
  'Servers of the pool.',
  {
    address: required(
      text({
        default: undefined,
        about: 'host:port, [IPv6]:port or unix:/path.',
        reloadable,
      }),
    ),
    weight: integer({
      default: 1,
      max: 1000,
      about: 'Share of the work; 0: bound sessions only.',
      reloadable,
    }),
    priority: integer({ default: 0, max: 100, about: '0 is used first.', reloadable }),
    requestsMax: integer({ default: 0, about: 'Requests at once; 0 for no limit.', reloadable }),
    state: choice(['up', 'draining', 'maintenance'], {
      default: 'up',
      about: 'What an operator wants of it.',
      reloadable,
    }),
  },
  { one: 'server', max: 4096, reloadable },
);

const discovery = group('Servers found elsewhere, beside those listed.', {
  dns: text({
    default: undefined,
    about: 'host:port whose A and AAAA records are servers.',
    reloadable,
  }),
  srv: text({
    default: undefined,
    about: 'Name of SRV records: _http._tcp.example.com.',
    reloadable,
  }),
  file: path({
    default: undefined,
    about: 'YAML or JSON file with a list of servers, watched.',
    reloadable,
  }),
  registration: flag({
    default: false,
    about: 'Servers may register themselves on the admin API, with a heartbeat.',
    reloadable,
  }),
  everyMs: duration({
    default: 5_000,
    min: 100,
    about: 'Longest time between two looks at DNS, and the one for SRV, which has no TTL here.',
    reloadable,
  }),
  nameServers: words('DNS servers to ask, host:port; without any those of the system.'),
});

const health = group('Active checks.', {
  check: choice(['none', 'tcp', 'http', 'tls'], {
    default: 'tcp',
    about: 'What is tried.',
    reloadable,
  }),
  path: text({ default: '/', about: 'Target of an HTTP check.', reloadable }),
  method: text({ default: 'GET', about: 'Method of an HTTP check.', reloadable }),
  host: text({
    default: undefined,
    about: 'Host field, or name in TLS; default the address.',
    reloadable,
  }),
  statuses: text({
    default: '200-399',
    about: 'Statuses that are well: 200,204,300-399.',
    reloadable,
  }),
  body: text({ default: undefined, about: 'Text that must stand in the body.', reloadable }),
  port: port({ default: undefined, about: 'Port to check instead of the server’s.', reloadable }),
  intervalMs: duration({ default: 5_000, min: 50, about: 'Between two checks.', reloadable }),
  timeoutMs: duration({ default: 2_000, min: 10, about: 'For one check.', reloadable }),
  rise: integer({ default: 2, min: 1, max: 100, about: 'Good checks until it is up.', reloadable }),
  fall: integer({
    default: 3,
    min: 1,
    max: 100,
    about: 'Bad checks until it is down.',
    reloadable,
  }),
  slowStartMs: duration({ default: 0, about: 'Growing share after it came up.', reloadable }),
});

const outliers = group('Ejection of servers whose answers are bad.', {
  enabled: flag({ default: true, about: 'Whether servers are ejected.', reloadable }),
  consecutive: integer({ default: 5, min: 1, about: 'Gateway errors in a row.', reloadable }),
  ejectMs: duration({
    default: 30_000,
    min: 100,
    about: 'The first time; longer each time.',
    reloadable,
  }),
  ejectMaxMs: duration({ default: 300_000, min: 100, about: 'At most.', reloadable }),
  shareMax: decimal({
    default: 0.34,
    max: 1,
    about: 'Share of the pool that may be ejected.',
    reloadable,
  }),
});

const breaker = group('Circuit breaker of each server.', {
  enabled: flag({ default: false, about: 'Whether there is one.', reloadable }),
  failures: integer({ default: 10, min: 1, about: 'Failures in a row that open it.', reloadable }),
  share: decimal({ default: 0.5, max: 1, about: 'Share of failures that opens it.', reloadable }),
  openMs: duration({ default: 10_000, min: 100, about: 'Open before it probes.', reloadable }),
});

const persistence = group('Which server a session stays on.', {
  by: choice(['none', 'cookie', 'app-cookie', 'source', 'header'], {
    default: 'none',
    about: 'What a session is known by.',
    reloadable,
  }),
  name: text({ default: 'PLINTHID', about: 'Name of the cookie or header.', reloadable }),
  signed: flag({ default: false, about: 'Sign the inserted cookie.', reloadable }),
  key: secret({ about: 'Key of the cookie; without it one is made at each start.', reloadable }),
  strict: flag({ default: false, about: '503 when the server is gone.', reloadable }),
  maxAgeMs: duration({
    default: 3_600_000,
    min: 1000,
    about: 'How long a session is remembered.',
    reloadable,
  }),
  entries: integer({ default: 100_000, min: 1, about: 'Sessions remembered.', reloadable }),
});

const retries = group('Trying again.', {
  attempts: integer({
    default: 3,
    min: 1,
    max: 10,
    about: 'Attempts of a request, the first included.',
    reloadable,
  }),
  statuses: list(integer({ default: 0, about: 'A status.' }), {
    default: [],
    about: 'Statuses that are tried again on another server, beside broken connections.',
    reloadable,
  }),
  budget: decimal({
    default: 0.2,
    max: 1,
    about: 'Retries at most, as a share of requests.',
    reloadable,
  }),
  bodyBytes: size({
    default: 65_536,
    max: 16_777_216,
    about: 'Bodies up to this size are kept to be sent again.',
    reloadable,
  }),
  hedgeMs: duration({
    default: 0,
    about: 'A second attempt when there is no answer by then; 0 for none.',
    reloadable,
  }),
});

const upstream = group('Connections to the servers.', {
  protocol: choice(['http1', 'http2'], {
    default: 'http1',
    about: 'What is spoken to them.',
    reloadable,
  }),
  tls: flag({ default: false, about: 'Speak TLS to them.', reloadable }),
  tlsVerify: flag({ default: true, about: 'Check their certificates.', reloadable }),
  tlsName: text({
    default: undefined,
    about: 'Name in SNI and certificate; default the host.',
    reloadable,
  }),
  tlsCa: path({
    default: undefined,
    about: 'File of authorities, PEM; default those of the system.',
    reloadable,
  }),
  tlsCert: path({ default: undefined, about: 'File of our certificate, PEM.', reloadable }),
  tlsKey: path({ default: undefined, about: 'File of our key, PEM.', reloadable }),
  proxyProtocol: choice(['no', 'v1', 'v2'], {
    default: 'no',
    about: 'Send the client’s address ahead; each connection then serves one client.',
    reloadable,
  }),
  connectionsMax: integer({
    default: 0,
    about: 'Connections to one server; 0 for no limit.',
    reloadable,
  }),
  idleMax: integer({ default: 256, about: 'Connections kept to one server.', reloadable }),
  idleMs: duration({
    default: 30_000,
    min: 10,
    about: 'How long an idle one is kept.',
    reloadable,
  }),
  queueMax: integer({ default: 1024, about: 'Requests that wait for one server.', reloadable }),
  queueMs: duration({ default: 10_000, min: 1, about: 'How long one waits.', reloadable }),
  connectMs: duration({ default: 5_000, min: 10, about: 'To connect.', reloadable }),
  headMs: duration({
    default: 60_000,
    about: 'To the head of the response; 0 for no limit.',
    reloadable,
  }),
  bodyMs: duration({
    default: 60_000,
    about: 'Without a byte of a body; 0 for no limit.',
    reloadable,
  }),
});

const pools = records(
  'Servers that do the same.',
  {
    policy: choice(POLICIES, { default: 'round-robin', about: 'How one is chosen.', reloadable }),
    hashOn: choice(['source', 'header', 'cookie', 'path', 'query'], {
      default: 'source',
      about: 'What the keyed policies look at.',
      reloadable,
    }),
    hashName: text({
      default: undefined,
      about: 'Name of the header, cookie or parameter.',
      reloadable,
    }),
    boundFactor: decimal({
      default: 1.25,
      max: 100,
      about: 'ring and maglev: load of a server at most so many times the average; 0 for no bound.',
      reloadable,
    }),
    panicShare: decimal({
      default: 0.2,
      max: 1,
      about: 'Share of healthy servers below which all are used.',
      reloadable,
    }),
    servers,
    discovery,
    health,
    outliers,
    breaker,
    persistence,
    retries,
    upstream,
  },
  { one: 'pool', max: 1024, reloadable, change: 'Add one for each kind of server.' },
);

const routes = records(
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
    split: records(
      'Several pools with their shares, instead of one.',
      {
        pool: required(text({ default: undefined, about: 'The pool.', reloadable })),
        weight: integer({ default: 1, max: 1_000_000, about: 'Its share.', reloadable }),
      },
      { one: 'share', max: 64, reloadable },
    ),
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

export const balancerConfig = section(
  'balancer',
  'The load balancer: TCP, UDP and HTTP.',
  {
    enabled: flag({ default: true, about: 'Whether the balancer runs in this process.' }),
    via: text({ default: 'plinth', about: 'Name in the Via field; empty for none.', reloadable }),
    forwarded: flag({
      default: false,
      about: 'Send Forwarded (RFC 7239) beside X-Forwarded-For, -Proto, -Host and -Port.',
      reloadable,
    }),
    requestId: flag({
      default: true,
      about: 'Send X-Request-ID, made when it is not trusted.',
      reloadable,
    }),
    traceparent: flag({ default: true, about: 'Send traceparent (W3C).', reloadable }),
    accessLog: path({
      default: undefined,
      about: 'File of the access log, JSON lines; `-` for standard output.',
      reloadable,
    }),
    listeners,
    pools,
    routes,
  },
  configConflicts,
);

export type BalancerSettings = ValuesOf<typeof balancerConfig.fields>;
export type ListenerSettings = RecordOf<typeof listeners.fields>;
export type PoolSettings = RecordOf<typeof pools.fields>;
export type ServerSettings = RecordOf<typeof servers.fields>;
export type RouteSettings = RecordOf<typeof routes.fields>;
